//! Sessions that are over, callers who ask too often, answers that are at hand.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use cell_edge::EdgeConfig;
use cell_runtime::ephemeral::Ephemeral as _;
use http::Request;
use serde_json::json;

use crate::house::{GUEST, House, answered, get, operator, request, shopper};

const PROFILE: &str = "/v1/users/u1/profile";
const OFFERS: &str = "/v1/vendors/atlas/offers";

fn nobody(path: &str) -> Request<axum::body::Body> {
    let mut request = get(path, "");
    request.headers_mut().remove("authorization");
    request
}

#[tokio::test]
async fn a_session_that_is_over_opens_nothing() {
    let house = House::new().await;
    assert_eq!(house.ask(get(PROFILE, &shopper())).await.status, 200);
    house.ephemeral.end_session("users/u1", "s1", Duration::from_mins(10)).await;
    house.calls();
    let refused = house.ask(get(PROFILE, &shopper())).await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("unauthenticated")));
    let grpc = request("POST", "/sample.v1.Sample/GetProfile", &shopper(), "");
    let grpc = house.open(with_type(grpc, "application/grpc")).await;
    assert_eq!(grpc.headers()["grpc-status"], "16");
    assert!(house.calls().is_empty(), "nothing reached the desk");
    assert_eq!(house.ask(get("/v1/users/me/profile", &format!("Guest {GUEST}"))).await.status, 200);
}

fn with_type(
    mut request: Request<axum::body::Body>,
    name: &'static str,
) -> Request<axum::body::Body> {
    request.headers_mut().insert("content-type", name.parse().unwrap());
    request
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let config =
        EdgeConfig { calls_per_minute_max: 6, calls_burst_max: 3, ..EdgeConfig::default() };
    let house = House::with(config).await;
    for _ in 0..3 {
        assert_eq!(house.ask(get(PROFILE, &shopper())).await.status, 200);
    }
    let refused = house.ask(get(PROFILE, &shopper())).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate_limited")));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    for _ in 0..9 {
        assert_eq!(house.ask(nobody(OFFERS)).await.status, 200, "nobody in particular");
        assert_eq!(house.ask(get(OFFERS, &operator())).await.status, 200, "an operator");
    }
    assert_eq!(house.calls().len(), 21);
}

#[tokio::test]
async fn an_answer_for_everybody_is_at_hand_for_its_time_where_it_is_set() {
    for (at_hand_ms, made) in [(0, 3), (60_000, 1)] {
        let house = House::with(EdgeConfig { at_hand_ms, ..EdgeConfig::default() }).await;
        let versions = AtomicU64::new(6);
        house.answer(move |_| {
            let version = versions.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(answered(Vec::new(), version))
        });
        for _ in 0..3 {
            let heard = house.ask(nobody(OFFERS)).await;
            assert_eq!(heard.status, 200);
            if at_hand_ms > 0 {
                assert_eq!(heard.header("etag"), "\"7\"");
            }
        }
        assert_eq!(house.calls().len(), made, "{at_hand_ms}");
        // Another question, and one of somebody: what they see is made for them.
        house.ask(nobody("/v1/vendors/atlas/offers?text=maps")).await;
        house.ask(get(OFFERS, &shopper())).await;
        house.ask(get(OFFERS, &shopper())).await;
        assert_eq!(house.calls().len(), 3, "{at_hand_ms}");
    }
}

#[tokio::test]
async fn a_refusal_is_never_at_hand() {
    let house = House::with(EdgeConfig { at_hand_ms: 60_000, ..EdgeConfig::default() }).await;
    house.answer(|_| {
        Err(base_fault::Fault::caller(base_fault::Code::NotFound, "there is no such product")
            .into())
    });
    for _ in 0..2 {
        assert_eq!(house.ask(nobody(OFFERS)).await.status, 404);
    }
    assert_eq!(house.calls().len(), 2);
}
