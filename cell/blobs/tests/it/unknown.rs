//! Calls to S3 that end badly, and stores that refuse: what one sees, and that trying again is harmless.

use std::time::Duration;

use async_trait::async_trait;
use base_fault::{Code, Retry, chain};
use base_testkit::free_port;
use cell_blobs::{Blobs, Config, Kept, Mishap, OpenRefusal, S3, Step};
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpResponseBody, HttpService,
    },
};

use crate::{
    given::{LARGE, keep, listed, name_of, pdf, pieces, promised, read},
    subject::{Subject, s3, server},
};

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_sent_again_without_harm() {
    let Some(address) = server("a_put_whose_answer_is_lost_is_sent_again_without_harm") else {
        return;
    };
    let subject = Subject::s3(&address).await;
    let (blobs, bytes) = (&subject.blobs, pdf(1_000, 1));
    let name = name_of("vendors/atlas/documents", &bytes);
    blobs.mishaps().queue(Step::Write, Mishap::AnswerLost, 1);
    let fault = blobs.keep(&name, promised(&bytes), pieces(&bytes)).await.unwrap_err();
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(matches!(fault.retry(), Retry::After(_)));
    let said = chain(&fault);
    for word in ["to keep a blob", &address, "bucket souk", "check that the store runs"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(blobs.mishaps().are_over());
    assert_eq!(keep(blobs, &bytes).await.1, Kept::Already);
    assert!(read(blobs, &name).await.unwrap() == bytes);
}

/// The calls that make a large blob: begun, two parts, whole; into its place in three; the parts' own place emptied.
const CALLS: usize = 8;

#[tokio::test]
async fn whichever_answer_of_a_large_blob_is_lost_it_is_there_once_and_whole() {
    let test = "whichever_answer_of_a_large_blob_is_lost_it_is_there_once_and_whole";
    let Some(address) = server(test) else { return };
    let subject = Subject::s3(&address).await;
    let (blobs, mishaps) = (&subject.blobs, subject.blobs.mishaps());
    for (before, seed) in (0..CALLS).zip(1..) {
        let bytes = pdf(LARGE, seed);
        let name = name_of("vendors/atlas/documents", &bytes);
        mishaps.queue(Step::Write, Mishap::Nothing, before);
        mishaps.queue(Step::Write, Mishap::AnswerLost, 1);
        let first = blobs.keep(&name, promised(&bytes), pieces(&bytes)).await;
        assert!(mishaps.are_over(), "there is no call {before}");
        if let Err(fault) = &first {
            assert_eq!(fault.code(), Code::Unavailable, "{}", chain(fault));
        }
        let again = keep(blobs, &bytes).await.1;
        assert_ne!(again, Kept::Mended, "call {before}");
        assert!(first.is_err() || again == Kept::Already, "call {before}");
        assert!(read(blobs, &name).await.unwrap() == bytes);
    }
    assert_eq!(listed(blobs, "vendors").await.len(), CALLS);
}

#[tokio::test]
async fn a_connection_that_is_reset_is_made_again() {
    let Some(address) = server("a_connection_that_is_reset_is_made_again") else { return };
    let subject = Subject::s3(&address).await;
    let (blobs, bytes) = (&subject.blobs, pdf(1_000, 1));
    blobs.mishaps().queue(Step::Write, Mishap::Reset, 2);
    let (name, kept) = keep(blobs, &bytes).await;
    assert_eq!(kept, Kept::New);
    blobs.mishaps().queue(Step::Read, Mishap::Reset, 1);
    blobs.mishaps().queue(Step::Read, Mishap::AnswerLost, 1);
    assert!(read(blobs, &name).await.unwrap() == bytes);
    assert!(blobs.mishaps().are_over());
}

async fn refusal(s3: S3) -> OpenRefusal {
    Blobs::open(&Config { s3: Some(s3), ..Config::default() }).await.unwrap_err()
}

#[tokio::test]
async fn a_store_that_refuses_is_named_with_what_to_check() {
    let Some(address) = server("a_store_that_refuses_is_named_with_what_to_check") else { return };
    let forged = S3 { secret_key: "not-the-secret".to_owned().into(), ..s3(&address) };
    let said = chain(&refusal(forged).await);
    for word in [&*address, "as souk", "access_key"] {
        assert!(said.contains(word), "{said}");
    }
    let elsewhere = S3 { bucket: "nobodys-bucket".to_owned(), ..s3(&address) };
    let said = chain(&refusal(elsewhere).await);
    for word in ["nobodys-bucket", "that the bucket"] {
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn settings_are_refused_all_at_once_before_anybody_is_asked() {
    let said = chain(&refusal(S3 { region: String::new(), ..S3::default() }).await);
    for word in ["bucket", "region", "access_key", "secret_key"] {
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_store_that_comes_after_the_cell_is_used_when_it_is_there() {
    let nobody = format!("127.0.0.1:{}", free_port().unwrap());
    let s3 = S3 { call_ms_max: 500, ..s3(&nobody) };
    let blobs = Blobs::open(&Config { s3: Some(s3), ..Config::default() }).await.unwrap();
    let bytes = pdf(1_000, 1);
    let name = name_of("vendors/atlas/documents", &bytes);
    let kept = blobs.keep(&name, promised(&bytes), pieces(&bytes));
    let fault = tokio::time::timeout(Duration::from_secs(20), kept).await.unwrap().unwrap_err();
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(chain(&fault).contains(&nobody), "{}", chain(&fault));
    assert!(!fault.context().contains(&nobody), "clients do not hear where it is");
}

/// A line of the tests' own to what is beneath the blobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

#[async_trait]
impl HttpService for Plain {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let failed = |error| HttpError::new(HttpErrorKind::Request, error);
        let response = client.request(request).await.map_err(failed)?;
        Ok(response.map(|body| {
            HttpResponseBody::new(
                body.map_err(|error| HttpError::new(HttpErrorKind::Decode, error)),
            )
        }))
    }
}

impl HttpConnector for Plain {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(*self))
    }
}
