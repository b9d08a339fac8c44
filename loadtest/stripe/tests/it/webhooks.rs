//! Webhooks: where they go, how they are signed, how they are repeated.

use std::time::Duration;

use http::Method;
use loadtest_stripe::{Config, Retry, StandIn};
use serde_json::json;

use crate::client::Client;
use crate::receiver::Receiver;

const PATIENCE: Duration = Duration::from_secs(20);

async fn start(attempts: u32) -> (StandIn, Client, Receiver) {
    let receiver = Receiver::start().await;
    let config = Config {
        webhook_url: Some(format!("{}/default", receiver.url)),
        retry: Retry { first: Duration::from_millis(1), most: Duration::from_millis(4), attempts },
        ..Config::default()
    };
    let stand_in = StandIn::start(config).await.unwrap();
    let client = Client::new(&stand_in.url);
    (stand_in, client, receiver)
}

#[tokio::test]
async fn every_step_is_told_in_order_and_signed() {
    let (stand_in, client, mut receiver) = start(3).await;
    let id = client.pay("pm_card_visa", &[("capture_method", "manual")]).await.id();
    let path = format!("/v1/payment_intents/{id}");
    client.post(&format!("{path}/capture"), &[]).await;
    client.post("/v1/refunds", &[("payment_intent", &id), ("amount", "100")]).await;
    let mut kinds = Vec::new();
    for _ in 0..7 {
        let webhook = receiver.next().await;
        assert_eq!(webhook.path, "/default");
        assert!(webhook.is_signed_well(), "{}", webhook.signature);
        let event = client.get(&format!("/v1/events/{}", webhook.id())).await.json();
        assert_eq!(event["data"], webhook.json()["data"]);
        kinds.push(webhook.kind());
    }
    assert_eq!(
        kinds,
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
            "refund.created",
            "charge.refunded",
        ]
    );
    let other = client.pay("pm_card_visa", &[("capture_method", "manual")]).await.id();
    client.post(&format!("/v1/payment_intents/{other}/cancel"), &[]).await;
    assert_eq!(receiver.kinds(4).await[3], "payment_intent.canceled");
    client.pay("pm_card_chargeDeclined", &[]).await;
    assert_eq!(receiver.kinds(3).await[2], "payment_intent.payment_failed");
    client.pay("pm_card_threeDSecure2Required", &[]).await;
    assert_eq!(receiver.kinds(2).await[1], "payment_intent.requires_action");
    assert!(stand_in.quiet(PATIENCE).await);
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn an_intent_names_its_own_endpoint() {
    let (_stand_in, client, mut receiver) = start(3).await;
    let own = format!("{}/v1/users/u1/payments:callback", receiver.url);
    client.pay("pm_card_visa", &[("metadata[webhook_url]", &own)]).await;
    for _ in 0..3 {
        assert_eq!(receiver.next().await.path, "/v1/users/u1/payments:callback");
    }
    client.pay("pm_card_visa", &[]).await;
    assert_eq!(receiver.next().await.path, "/default");
}

#[tokio::test]
async fn a_webhook_is_repeated_until_it_is_taken_or_given_up() {
    let (stand_in, client, mut receiver) = start(4).await;
    receiver.answer_with(&[500, 302, 404]);
    let opened =
        client.post("/v1/payment_intents", &[("amount", "100"), ("currency", "mad")]).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(receiver.next().await.id());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same event each time");
    assert!(stand_in.quiet(PATIENCE).await);
    let of_intent = format!("/_script/deliveries?intent={}", opened.id());
    let delivery = client.get(&of_intent).await.json()["deliveries"][0].clone();
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("delivered"), &json!(4)));
    let statuses: Vec<_> = (0..4).map(|n| delivery["tries"][n]["status"].clone()).collect();
    assert_eq!(statuses, [500, 302, 404, 200]);

    receiver.answer_with(&[500; 4]);
    client.post("/v1/payment_intents", &[("amount", "100"), ("currency", "mad")]).await;
    let event = receiver.next().await.id();
    receiver.kinds(3).await;
    assert!(stand_in.quiet(PATIENCE).await);
    assert_eq!(stand_in.accounts().deliveries["given_up"], 1);
    let path = format!("events/{event}/resend");
    let resent = client.script(Method::POST, &path, &json!(null)).await;
    assert_eq!(resent.json()["deliveries"], 1);
    assert_eq!(receiver.next().await.id(), event);
    assert_eq!(client.get("/_script/quiet").await.json()["quiet"], true);
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_told_as_such() {
    let (stand_in, client, receiver) = start(2).await;
    let closed = {
        let other = Receiver::start().await;
        format!("{}/x", other.url)
    };
    client
        .post(
            "/v1/payment_intents",
            &[("amount", "100"), ("currency", "mad"), ("metadata[webhook_url]", &closed)],
        )
        .await;
    assert!(stand_in.quiet(PATIENCE).await);
    assert_eq!(stand_in.accounts().deliveries["given_up"], 1);
    drop(receiver);
}

#[tokio::test]
async fn webhooks_that_would_leave_the_machine_are_refused_at_the_start() {
    let config = Config { webhook_url: Some("http://example.com/".into()), ..Config::default() };
    assert!(StandIn::start(config).await.unwrap_err().to_string().contains("leaves this machine"));
    let open = Config { listen: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
    assert!(StandIn::start(open).await.is_err());
}
