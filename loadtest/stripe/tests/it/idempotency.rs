//! The same key twice: one effect, one answer.

use std::time::Duration;

use http::Method;
use loadtest_stripe::{Config, StandIn};
use serde_json::json;

use crate::client::{Client, Form};

const PAY: Form<'static> = &[
    ("amount", "10000"),
    ("currency", "mad"),
    ("confirm", "true"),
    ("payment_method", "pm_card_visa"),
];
const INTENTS: &str = "/v1/payment_intents";

async fn start() -> (StandIn, Client) {
    let stand_in = StandIn::start(Config::default()).await.unwrap();
    let client = Client::new(&stand_in.url);
    (stand_in, client)
}

#[tokio::test]
async fn a_repeated_request_gets_the_identical_answer() {
    let (stand_in, client) = start().await;
    let first = client.post_keyed(INTENTS, "k", PAY).await;
    let again = client.post_keyed(INTENTS, "k", PAY).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(stand_in.accounts().intents["succeeded"], 1);
    // A later change does not show in the stored answer.
    client.post("/v1/refunds", &[("payment_intent", &first.id())]).await;
    assert_eq!(client.post_keyed(INTENTS, "k", PAY).await.text, first.text);
}

#[tokio::test]
async fn another_request_under_a_used_key_is_refused_and_does_nothing() {
    let (stand_in, client) = start().await;
    client.post_keyed(INTENTS, "k", PAY).await;
    let other = [("amount", "10001"), ("currency", "mad")];
    let refused = client.post_keyed(INTENTS, "k", &other).await;
    assert_eq!(refused.error(), (400, "idempotency_error".into(), String::new()));
    let elsewhere = client.post_keyed("/v1/refunds", "k", &[("payment_intent", "pi_1")]).await;
    assert_eq!(elsewhere.error().1, "idempotency_error");
    assert_eq!(stand_in.accounts().money["mad"].authorised, 10_000);
}

#[tokio::test]
async fn keys_belong_to_one_secret_key() {
    let (stand_in, client) = start().await;
    let other = client.with_authorization(Some("Bearer sk_test_2"));
    let first = client.post_keyed(INTENTS, "k", PAY).await.id();
    let second = other.post_keyed(INTENTS, "k", PAY).await.id();
    assert_ne!(first, second);
    assert_eq!(stand_in.accounts().intents["succeeded"], 2);
}

#[tokio::test]
async fn a_decline_is_kept_and_a_request_that_cannot_be_read_is_not() {
    let (stand_in, client) = start().await;
    let mut form = PAY.to_vec();
    form[3].1 = "pm_card_chargeDeclined";
    let declined = client.post_keyed(INTENTS, "declined", &form).await;
    let again = client.post_keyed(INTENTS, "declined", &form).await;
    assert_eq!((again.status.as_u16(), again.text), (402, declined.text));
    assert_eq!(stand_in.accounts().intents["requires_payment_method"], 1);
    assert_eq!(client.post_keyed(INTENTS, "bad", &[("amount", "x")]).await.status, 400);
    assert_eq!(client.post_keyed(INTENTS, "bad", PAY).await.status, 200);
    let long = "k".repeat(256);
    assert_eq!(client.post_keyed(INTENTS, &long, PAY).await.status, 400);
}

#[tokio::test]
async fn of_two_at_once_under_one_key_one_has_to_wait() {
    let (stand_in, client) = start().await;
    client
        .rule(json!({ "on": "request", "path": INTENTS, "do": { "delay_before_ms": 300 } }))
        .await;
    let (one, two) =
        tokio::join!(client.post_keyed(INTENTS, "k", PAY), client.post_keyed(INTENTS, "k", PAY));
    let (done, busy) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(done.status, 200);
    assert_eq!(busy.error(), (409, "idempotency_error".into(), "idempotency_key_in_use".into()));
    assert_eq!(client.post_keyed(INTENTS, "k", PAY).await.text, done.text);
    assert_eq!(stand_in.accounts().intents["succeeded"], 1);
}

#[tokio::test]
async fn a_failure_before_the_effect_is_not_kept() {
    let (stand_in, client) = start().await;
    for before in ["fail", "drop", "rate_limit"] {
        client.rule(json!({ "on": "request", "path": INTENTS, "do": { "before": before } })).await;
    }
    let failed = client.post_keyed(INTENTS, "k", PAY).await;
    assert_eq!(failed.error(), (500, "api_error".into(), String::new()));
    assert!(client.try_post(INTENTS, Some("k"), PAY).await.is_err());
    let limited = client.post_keyed(INTENTS, "k", PAY).await;
    assert_eq!(limited.error(), (429, "invalid_request_error".into(), "rate_limit".into()));
    assert_eq!(stand_in.accounts().intents["succeeded"], 0);
    let done = client.post_keyed(INTENTS, "k", PAY).await;
    assert_eq!(done.status, 200);
    assert_eq!(done.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn an_unknown_outcome_is_cleared_up_by_the_key() {
    let (stand_in, client) = start().await;
    for (key, after) in [("dropped", "drop"), ("failed", "fail")] {
        client.rule(json!({ "on": "request", "path": INTENTS, "do": { "after": after } })).await;
        let lost = client.try_post(INTENTS, Some(key), PAY).await;
        assert!(lost.is_err() || lost.unwrap().status == 500);
        let found = client.post_keyed(INTENTS, key, PAY).await;
        assert_eq!(found.json()["status"], "succeeded");
        assert_eq!(found.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!(stand_in.accounts().intents["succeeded"], 2);

    client.rule(json!({ "on": "request", "path": INTENTS, "do": { "after": "fail_kept" } })).await;
    for _ in 0..2 {
        assert_eq!(client.post_keyed(INTENTS, "kept", PAY).await.status, 500);
    }
    assert_eq!(stand_in.accounts().intents["succeeded"], 3);
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_undo_what_it_asked_for() {
    let (stand_in, client) = start().await;
    client
        .rule(json!({ "on": "request", "path": INTENTS, "do": { "delay_before_ms": 200 } }))
        .await;
    // A connection of its own, closed as soon as the request is out.
    let form = "amount=10000&currency=mad&confirm=true&payment_method=pm_card_visa";
    let kind = "application/x-www-form-urlencoded";
    let request = format!(
        "POST {INTENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\n\
         Idempotency-Key: k\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let address = stand_in.url.strip_prefix("http://").unwrap().to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    drop(stream);
    // Nobody else pays here: what succeeds is what was abandoned.
    let done = async {
        while stand_in.accounts().intents["succeeded"] == 0 {
            client.get("/v1/balance").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
    let found = client.send(Method::POST, INTENTS, Some("k"), kind, form).await.unwrap();
    assert_eq!(found.header("idempotent-replayed"), Some("true"), "{}", found.text);
    assert_eq!(stand_in.accounts().intents["succeeded"], 1);
}
