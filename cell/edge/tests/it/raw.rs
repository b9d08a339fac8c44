//! Bytes as they are: streamed in and out, bounded by what the contract says, given as a file and nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use cell_edge::EdgeConfig;
use futures_util::{StreamExt as _, stream};
use http::{Request, Version};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::house::{House, get, operator, shopper, soon, staff_of};

pub(crate) const NAME: &str =
    "users/u1/pictures/5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

fn put(path: &str, kind: &str, length: Option<usize>, body: Body) -> Request<Body> {
    let mut request = Request::put(format!("/v1/{path}"))
        .header("authorization", shopper())
        .header("content-type", kind);
    if let Some(length) = length {
        request = request.header("content-length", length);
    }
    request.body(body).unwrap()
}

pub(crate) fn picture() -> Vec<Result<Bytes, std::io::Error>> {
    (0..40_u8).map(|byte| Ok(vec![byte; 70_000].into())).collect()
}

#[tokio::test]
async fn bytes_come_back_as_they_were_sent_and_as_a_file() {
    let house = House::new().await;
    let body = Body::from_stream(stream::iter(picture()));
    let heard = house.ask(put(NAME, "image/png", Some(2_800_000), body)).await;
    assert_eq!(heard.status, 200, "{}", String::from_utf8_lossy(&heard.body));
    let sha256 = "5e".repeat(32);
    let kept =
        json!({"blob": NAME, "sha256": sha256, "mediaType": "image/png", "sizeBytes": "2800000"});
    assert_eq!(heard.json(), kept);
    assert_eq!(house.calls().len(), 0, "no service is asked");
    for who in [shopper(), operator()] {
        let found = house.ask(get(&format!("/v1/{NAME}"), &who)).await;
        assert_eq!(found.status, 200);
        let sent: Vec<u8> = picture().into_iter().flat_map(Result::unwrap).collect();
        assert!(found.body == sent);
        for (header, expected) in [
            ("content-type", "image/png"),
            ("content-length", "2800000"),
            ("content-disposition", "attachment; filename=\"5e5e5e5e5e5e5e5e.png\""),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("cache-control", "no-store"),
            ("accept-ranges", "none"),
            ("etag", &format!("\"{sha256}\"")),
        ] {
            assert_eq!(found.header(header), expected, "{header}");
        }
    }
}

#[tokio::test]
async fn what_the_contract_does_not_take_is_refused_before_it_is_read() {
    let house = House::new().await;
    let never = || {
        Body::from_stream(stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
                panic!("the body was read")
            },
        ))
    };
    let elsewhere = NAME.replace("u1", "u2");
    let unread = |request: Request<Body>| {
        let (mut head, body) = request.into_parts();
        // Over HTTP/1.1 what still comes is let go.
        head.version = Version::HTTP_2;
        Request::from_parts(head, body)
    };
    for (request, status, code) in [
        (put(NAME, "image/gif", Some(9), never()), 400, "invalid_field"),
        (put(NAME, "image/png; q=1", Some(9), never()), 400, "invalid_field"),
        (put(NAME, "image/png", None, never()), 400, "invalid_field"),
        (put(NAME, "image/png", Some(0), never()), 400, "invalid_field"),
        (put(NAME, "image/png", Some(3_000_001), never()), 413, "body_too_large"),
        (put(&elsewhere, "image/png", Some(9), never()), 403, "forbidden"),
    ] {
        let what = format!("{request:?}");
        let heard = house.ask(unread(request)).await;
        assert_eq!(
            (heard.status, heard.json()["code"].as_str().unwrap()),
            (status, code),
            "{what}"
        );
    }
    assert_eq!(house.shelf.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_is_not_there_not_here_or_not_theirs_is_said_so() {
    let house = House::new().await;
    let path = |user: &str| format!("/v1/{}", NAME.replace("u1", user));
    let codes = [
        (get(&path("u1"), &shopper()), 404, "not_found"),
        (get(&path("u1"), &staff_of("vendors/atlas")), 403, "forbidden"),
        (get(&path("elsewhere"), &operator()), 421, "not_mine"),
    ];
    for (request, status, code) in codes {
        let heard = house.ask(request).await;
        assert_eq!((heard.status, heard.json()["code"].as_str().unwrap()), (status, code));
    }
    let mut call = get("/sample.v1.Sample/GetPicture", &shopper());
    call.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    assert_eq!(house.ask(call).await.header("grpc-status"), "12", "bytes go over HTTP");
}

#[tokio::test]
async fn what_breaks_off_is_not_taken_for_whole() {
    let house = House::new().await;
    let cut =
        picture().into_iter().take(3).chain([Err(std::io::ErrorKind::ConnectionReset.into())]);
    let heard = house
        .ask(put(NAME, "image/png", Some(2_800_000), Body::from_stream(stream::iter(cut))))
        .await;
    assert_eq!((heard.status, heard.json()["code"].as_str().unwrap()), (400, "malformed_request"));
    assert_eq!(house.ask(get(&format!("/v1/{NAME}"), &shopper())).await.status, 404);
    let damaged = "users/u1/pictures/damaged";
    let body = Body::from_stream(stream::iter(picture()));
    assert_eq!(house.ask(put(damaged, "image/png", Some(2_800_000), body)).await.status, 200);
    let answer = house.open(get(&format!("/v1/{damaged}"), &shopper())).await;
    assert!(answer.into_body().collect().await.is_err(), "the answer ends without its end");
}

#[tokio::test]
async fn who_has_it_hears_that_it_still_is_there() {
    let house = House::new().await;
    let ask = |tag: &str| {
        let mut request = get(&format!("/v1/{NAME}"), &shopper());
        request.headers_mut().insert("if-none-match", tag.parse().unwrap());
        request
    };
    let etag = format!("\"{}\"", "5e".repeat(32));
    assert_eq!(house.ask(ask(&etag)).await.status, 404, "it has to be there");
    let body = Body::from_stream(stream::iter(picture()));
    house.ask(put(NAME, "image/png", Some(2_800_000), body)).await;
    for tag in [&*etag, &format!("W/{etag}"), &format!("\"7\", {etag}"), "*"] {
        let heard = house.ask(ask(tag)).await;
        assert_eq!((heard.status, heard.header("etag"), heard.body.len()), (304, &*etag, 0));
    }
    assert_eq!(house.ask(ask("\"7\"")).await.status, 200);
}

/// A picture of which nothing comes after the third piece.
fn stuck() -> Body {
    Body::from_stream(stream::iter(picture()).take(3).chain(stream::pending()))
}

#[tokio::test]
async fn who_sends_too_slowly_hears_so_and_leaves_nothing() {
    let config =
        EdgeConfig { deadline_max_ms: 30, upload_pace_min: 1_000_000_000, ..EdgeConfig::default() };
    let mut patient = put(NAME, "image/png", Some(2_800_000), stuck());
    patient.headers_mut().insert("x-request-timeout-ms", "30".parse().unwrap());
    for (config, request) in [
        (config, put(NAME, "image/png", Some(2_800_000), stuck())),
        (EdgeConfig::default(), patient),
    ] {
        let house = House::with(config).await;
        let heard = soon(house.ask(request)).await;
        assert_eq!(
            (heard.status, heard.json()["code"].as_str().unwrap()),
            (408, "request_too_slow")
        );
        assert_eq!(house.shelf.unkept.load(Ordering::Relaxed), 1);
        assert_eq!(house.ask(get(&format!("/v1/{NAME}"), &shopper())).await.status, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn over_a_slow_line_a_large_file_has_the_time_that_it_takes() {
    let house = House::new().await;
    // Forty pieces, one in two seconds: 35 kB a second, and longer than anybody may wait for an answer.
    let slowly = stream::iter(picture()).then(async |piece| {
        tokio::time::sleep(Duration::from_secs(2)).await;
        piece
    });
    let heard = house.ask(put(NAME, "image/png", Some(2_800_000), Body::from_stream(slowly))).await;
    assert_eq!(heard.status, 200, "{}", String::from_utf8_lossy(&heard.body));
}

#[tokio::test]
async fn files_that_are_being_sent_are_bounded_and_stand_in_no_other_calls_way() {
    let house =
        House::with(EdgeConfig { uploads_max: 1, large_bodies_max: 1, ..EdgeConfig::default() })
            .await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&pulled);
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let first = stream::iter(picture()).take(3).inspect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let rest = stream::once(wait).flat_map(|_| stream::iter(picture()).skip(3));
    let body = Body::from_stream(first.chain(rest));
    let sending = house.ask(put(NAME, "image/png", Some(2_800_000), body));
    let meanwhile = async {
        while pulled.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
        }
        let body = Body::from_stream(stream::iter(picture()));
        let heard = house.ask(put(NAME, "image/png", Some(2_800_000), body)).await;
        assert_eq!((heard.status, heard.json()["code"].as_str().unwrap()), (503, "unavailable"));
        assert_eq!(heard.header("retry-after"), "5");
        assert!(!heard.headers.contains_key("souk-busy"), "the cell is not");
        assert_eq!(house.ask(get("/v1/users/me/profile", &shopper())).await.status, 200);
        go_on.send(()).unwrap();
    };
    let (heard, ()) = soon(async { tokio::join!(sending, meanwhile) }).await;
    assert_eq!(heard.status, 200);
}

#[tokio::test]
async fn no_more_is_read_than_the_shelf_takes() {
    let house = House::new().await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&pulled);
    let pieces = stream::iter(picture()).inspect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let mut request =
        put("users/u1/pictures/refused", "image/png", Some(2_800_000), Body::from_stream(pieces));
    *request.version_mut() = Version::HTTP_2;
    let heard = house.ask(request).await;
    assert_eq!((heard.status, heard.json()["code"].as_str().unwrap()), (400, "invalid_field"));
    assert_eq!(pulled.load(Ordering::Relaxed), 1);
}
