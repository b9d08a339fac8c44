//! Scripted misbehaviour of webhooks, and chaos that must not cost a centime.

use std::time::Duration;

use http::Method;
use loadtest_stripe::{After, Chaos, Config, Misdeed, Plan, Retry, Rule, StandIn, When};
use serde_json::{Value, json};

use crate::client::Client;
use crate::receiver::Receiver;

const PATIENCE: Duration = Duration::from_secs(20);

async fn start() -> (StandIn, Client, Receiver) {
    let receiver = Receiver::start().await;
    let config = Config {
        webhook_url: Some(receiver.url.clone()),
        retry: Retry {
            first: Duration::from_millis(1),
            most: Duration::from_millis(4),
            attempts: 10,
        },
        ..Config::default()
    };
    let stand_in = StandIn::start(config).await.unwrap();
    let client = Client::new(&stand_in.url);
    (stand_in, client, receiver)
}

fn webhook(event: &str, misdeed: &Value) -> Value {
    json!({ "on": "webhook", "event": event, "do": misdeed })
}

#[tokio::test]
async fn an_event_can_come_several_times() {
    let (stand_in, client, mut receiver) = start().await;
    client.rule(webhook("payment_intent.succeeded", &json!({ "duplicate": 2 }))).await;
    client.pay("pm_card_visa", &[]).await;
    receiver.kinds(2).await;
    let first = receiver.next().await;
    for _ in 0..2 {
        let copy = receiver.next().await;
        assert_eq!((copy.id(), &copy.body), (first.id(), &first.body));
    }
    assert!(stand_in.quiet(PATIENCE).await);
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn held_events_come_in_reverse() {
    let (_stand_in, client, mut receiver) = start().await;
    client.rule(webhook("*", &json!({ "hold": 4 }))).await;
    let id = client.pay("pm_card_visa", &[("capture_method", "manual")]).await.id();
    client.post(&format!("/v1/payment_intents/{id}/capture"), &[]).await;
    // The fifth belongs to no group and may come in between.
    let mut kinds = receiver.kinds(5).await;
    kinds.retain(|kind| kind != "payment_intent.succeeded");
    assert_eq!(
        kinds,
        [
            "charge.captured",
            "payment_intent.amount_capturable_updated",
            "charge.succeeded",
            "payment_intent.created",
        ]
    );
}

#[tokio::test]
async fn held_events_come_in_the_end_even_if_the_last_never_does() {
    let (stand_in, client, mut receiver) = start().await;
    client.rule(webhook("*", &json!({ "hold": 100, "hold_ms": 20 }))).await;
    client.pay("pm_card_visa", &[]).await;
    assert_eq!(receiver.kinds(3).await.len(), 3);
    assert!(stand_in.quiet(PATIENCE).await);
}

#[tokio::test]
async fn first_attempts_can_be_lost_wrongly_signed_or_stale() {
    let (stand_in, client, mut receiver) = start().await;
    let plan = json!({ "drop_first": 1, "wrong_signature": 1, "stale": 1, "stale_seconds": 900 });
    client.rule(webhook("payment_intent.created", &plan)).await;
    client.post("/v1/payment_intents", &[("amount", "100"), ("currency", "mad")]).await;
    let forged = receiver.next().await;
    assert!(!forged.is_signed_well());
    let stale = receiver.next().await;
    assert!(stale.is_signed_well());
    assert!(stale.signed_at() <= forged.signed_at() - 890);
    let good = receiver.next().await;
    assert!(good.is_signed_well() && good.signed_at() >= forged.signed_at());
    assert!(stand_in.quiet(PATIENCE).await);
    let delivery = client.get("/_script/deliveries").await.json()["deliveries"][0].clone();
    let sent: Vec<_> = (0..4).map(|n| delivery["tries"][n]["sent"].clone()).collect();
    assert_eq!(sent, ["lost", "wrongly_signed", "stale", "well"]);
}

#[tokio::test]
async fn an_event_can_come_before_the_answer() {
    let (stand_in, client, mut receiver) = start().await;
    stand_in.add_rule(Rule::Webhook {
        event: Some("payment_intent.succeeded".into()),
        when: When::default(),
        plan: Plan { before_response: true, ..Plan::default() },
    });
    // The answer is lost: the webhook is all there is.
    stand_in.add_rule(Rule::Request {
        method: Some("POST".into()),
        path: Some("/v1/payment_intents".into()),
        when: When { metadata: [("order".into(), "A".into())].into(), ..When::default() },
        misdeed: Misdeed { after: Some(After::Drop), ..Misdeed::default() },
    });
    let form = [
        ("amount", "10000"),
        ("currency", "mad"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
        ("metadata[order]", "A"),
    ];
    assert!(client.try_post("/v1/payment_intents", None, &form).await.is_err());
    // It was there before the connection ended, and so first of the three.
    assert_eq!(receiver.next().await.kind(), "payment_intent.succeeded");
    receiver.kinds(2).await;
}

#[tokio::test]
async fn rules_are_listed_removed_and_refused() {
    let (_stand_in, client, _receiver) = start().await;
    client
        .rule(json!({ "on": "request", "path": "/v1/refunds", "do": { "before": "fail" } }))
        .await;
    let rules = client.get("/_script/rules").await.json();
    assert_eq!(rules["rules"][0]["id"], "rule_1");
    assert_eq!(rules["rules"][0]["fired"], 0);
    assert_eq!(client.script(Method::DELETE, "rules/rule_1", &Value::Null).await.status, 200);
    assert_eq!(client.script(Method::DELETE, "rules/rule_1", &Value::Null).await.status, 404);
    let wrong = client.script(Method::POST, "rules", &json!({ "on": "fire" })).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(client.script(Method::PUT, "rules", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_client_that_repeats_under_its_keys_loses_nothing_in_chaos() {
    let (stand_in, client, mut receiver) = start().await;
    let chaos = serde_json::to_value(Chaos::even(42, 150, 3)).unwrap();
    assert_eq!(client.script(Method::POST, "chaos", &chaos).await.status, 200);
    let orders = 20;
    for order in 0..orders {
        let pay = insist(
            &client,
            "/v1/payment_intents",
            &format!("pay-{order}"),
            &[
                ("amount", "10000"),
                ("currency", "mad"),
                ("capture_method", "manual"),
                ("confirm", "true"),
                ("payment_method", "pm_card_visa"),
            ],
        )
        .await;
        let id = pay["id"].as_str().unwrap();
        let capture = format!("/v1/payment_intents/{id}/capture");
        let form = [("amount_to_capture", "6000")];
        let captured = insist(&client, &capture, &format!("capture-{order}"), &form).await;
        assert_eq!(captured["status"], "succeeded");
        let form = [("payment_intent", id), ("amount", "1000")];
        insist(&client, "/v1/refunds", &format!("refund-{order}"), &form).await;
    }
    client.script(Method::DELETE, "chaos", &Value::Null).await;
    let money = stand_in.accounts().money["mad"];
    assert_eq!(money.authorised, orders * 10_000);
    assert_eq!((money.captured, money.released), (orders * 6_000, orders * 4_000));
    assert_eq!((money.refunded, money.held), (orders * 1_000, 0));
    // Every event arrives at least once, whatever was lost on the way.
    assert!(stand_in.quiet(PATIENCE).await);
    let accounts = stand_in.accounts();
    assert_eq!(accounts.deliveries.get("given_up"), None);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < accounts.events {
        let webhook = receiver.next().await;
        if webhook.is_to_be_trusted() {
            seen.insert(webhook.id());
        }
    }
}

/// Asks again under the same key until the outcome is known.
async fn insist(client: &Client, path: &str, key: &str, form: &[(&str, &str)]) -> Value {
    for _ in 0..100 {
        if let Ok(answer) = client.try_post(path, Some(key), form).await
            && answer.status == 200
        {
            return answer.json();
        }
    }
    panic!("{path} never ended");
}
