//! The line to S3: hyper with rustls on ring, as everywhere in the house, each call with an end.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
        HttpResponse, HttpResponseBody, HttpService,
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::mishaps::{Mishap, Mishaps, Step};

/// How long a connection may rest.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// The store answers, and does not let us in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It does not know the key, or what it may.
    #[error("the store refuses the access key")]
    Credentials,
    /// It has no such bucket.
    #[error("the store has no such bucket")]
    Bucket,
}

/// Calls S3.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pool: Pool<HttpsConnector<Tcp>, HttpRequestBody>,
    call_max: Duration,
    mishaps: Arc<Mishaps>,
}

impl Line {
    /// A line to whom these authorities vouch for, or the public ones do.
    ///
    /// Errors: what is wrong with the file.
    pub(crate) fn new(
        authorities: Option<&Path>,
        call_max: Duration,
        mishaps: Arc<Mishaps>,
    ) -> Result<Self, String> {
        let builder = HttpsConnectorBuilder::new();
        let builder = match authorities {
            Some(file) => builder.with_tls_config(vouched_for_by(file)?),
            None => builder
                .with_provider_and_webpki_roots(default_provider())
                .map_err(|error| error.to_string())?,
        };
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_timer(TokioTimer::new())
            .build(builder.https_or_http().enable_http1().build());
        Ok(Self { pool, call_max, mishaps })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let sent = tokio::time::timeout(self.call_max, self.pool.request(request)).await;
        let response = match sent {
            Err(late) => return Err(HttpError::new(HttpErrorKind::Timeout, late)),
            Ok(Err(error)) if error.is_connect() => {
                return Err(HttpError::new(HttpErrorKind::Connect, error));
            }
            Ok(Err(error)) => return Err(HttpError::new(HttpErrorKind::Interrupted, error)),
            Ok(Ok(response)) => response,
        };
        self.unless_refused(response).await
    }

    /// The answer, unless the store does not let us in at all: `object_store` would tell a bucket that is gone and a blob that never
    /// was in one word.
    async fn unless_refused(
        &self,
        response: Response<Incoming>,
    ) -> Result<HttpResponse, HttpError> {
        let response = self.bounded(response);
        let refused = match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Refused::Credentials,
            StatusCode::NOT_FOUND => Refused::Bucket,
            _ => return Ok(response),
        };
        let (head, body) = response.into_parts();
        let body = body.bytes().await?;
        let says = String::from_utf8_lossy(&body);
        if matches!(refused, Refused::Bucket) && !says.contains("<Code>NoSuchBucket</Code>") {
            return Ok(Response::from_parts(head, body.into()));
        }
        Err(HttpError::new(HttpErrorKind::Unknown, refused))
    }

    /// The answer, each piece of which has an end of its own: a large one may take its time, and a silent one may not.
    fn bounded(&self, response: Response<Incoming>) -> HttpResponse {
        let call_max = self.call_max;
        response.map(|body| {
            let pieces = tokio_stream::StreamExt::timeout(body.into_data_stream(), call_max);
            let pieces = pieces.map(|piece| match piece {
                Ok(Ok(piece)) => Ok(Frame::data(piece)),
                Ok(Err(error)) => Err(HttpError::new(HttpErrorKind::Interrupted, error)),
                Err(late) => Err(HttpError::new(HttpErrorKind::Timeout, late)),
            });
            HttpResponseBody::new(StreamBody::new(pieces))
        })
    }
}

#[async_trait]
impl HttpService for Line {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let mishap = self.mishaps.meet(if reads { Step::Read } else { Step::Write });
        let Some(error) = mishap.and_then(Mishap::error) else {
            return self.exchange(request).await;
        };
        if mishap == Some(Mishap::AnswerLost) {
            self.exchange(request).await?.into_body().bytes().await?;
        }
        Err(error)
    }
}

impl HttpConnector for Line {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

fn vouched_for_by(file: &Path) -> Result<ClientConfig, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"holds no certificate"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| wrong(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
