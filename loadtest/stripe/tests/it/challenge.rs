//! 3-D Secure: the page where a tester plays the buyer.

use http::Method;
use loadtest_stripe::{Config, StandIn};
use serde_json::json;

use crate::client::Client;

const RETURN: (&str, &str) = ("return_url", "http://127.0.0.1:1/orders/7?lang=fr");

async fn challenged(more: &[(&str, &str)]) -> (StandIn, Client, String, serde_json::Value) {
    let stand_in = StandIn::start(Config::default()).await.unwrap();
    let client = Client::new(&stand_in.url);
    let mut form = vec![("capture_method", "manual")];
    form.extend_from_slice(more);
    let opened = client.pay("pm_card_threeDSecure2Required", &form).await;
    assert_eq!(opened.json()["status"], "requires_action", "{}", opened.text);
    let id = opened.id();
    (stand_in, client, id, opened.json()["next_action"].clone())
}

#[tokio::test]
async fn a_buyer_who_passes_comes_back_with_an_authorised_payment() {
    let (_stand_in, client, id, action) = challenged(&[RETURN]).await;
    assert_eq!(action["type"], "redirect_to_url");
    assert_eq!(action["redirect_to_url"]["return_url"], RETURN.1);
    let url = action["redirect_to_url"]["url"].as_str().unwrap();
    let page = client.get(url).await;
    assert!(page.text.contains("100.00 mad") && page.text.contains("/authorize"), "{}", page.text);
    let back = client.post(&format!("{url}/authorize"), &[]).await;
    assert_eq!(back.status, 303);
    let location = back.header("location").unwrap();
    assert!(location.starts_with(&format!("{}&payment_intent={id}&", RETURN.1)), "{location}");
    assert!(location.ends_with("&redirect_status=succeeded"), "{location}");
    let intent = client.get(&format!("/v1/payment_intents/{id}")).await.json();
    assert_eq!(intent["status"], "requires_capture");
    assert_eq!(intent["next_action"], json!(null));
    // Once more brings the buyer back, and nothing else.
    assert_eq!(client.get(&format!("{url}/authorize")).await.status, 303);
    assert_eq!(client.get(&format!("{url}/fail")).await.status, 303);
    let again = client.get(&format!("/v1/payment_intents/{id}")).await.json();
    assert_eq!(again, intent);
}

#[tokio::test]
async fn a_buyer_who_fails_may_try_another_card() {
    let (_stand_in, client, id, action) = challenged(&[]).await;
    assert_eq!(action["type"], "use_stripe_sdk");
    let url = action["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    assert_eq!(client.get(&format!("{url}/fail")).await.status, 200);
    let path = format!("/v1/payment_intents/{id}");
    let failed = client.get(&path).await.json();
    assert_eq!(failed["status"], "requires_payment_method");
    assert_eq!(failed["last_payment_error"]["code"], "payment_intent_authentication_failure");
    assert_eq!(client.get(&format!("{url}/authorize")).await.status, 410);
    let other =
        client.post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(other.json()["status"], "requires_capture");
}

#[tokio::test]
async fn the_control_api_plays_buyer_and_bank() {
    let (stand_in, client, id, _) = challenged(&[]).await;
    let step = |path: String, body: serde_json::Value| {
        let client = client.clone();
        async move { client.script(Method::POST, &path, &body).await }
    };
    let authorised = step(format!("intents/{id}/authorize"), json!(null)).await.json();
    assert_eq!(authorised["status"], "requires_capture");
    let expired = step(format!("intents/{id}/expire"), json!(null)).await.json();
    assert_eq!(expired["status"], "canceled");
    assert_eq!(step(format!("intents/{id}/expire"), json!(null)).await.status, 400);
    assert_eq!(step("intents/pi_x/expire".into(), json!(null)).await.status, 404);

    let refundable = client.pay("pm_card_pendingRefund", &[]).await.id();
    let refund = client.post("/v1/refunds", &[("payment_intent", &refundable)]).await;
    assert_eq!(refund.json()["status"], "pending");
    let path = format!("refunds/{}/settle", refund.id());
    assert_eq!(step(path.clone(), json!({ "outcome": "failed" })).await.status, 200);
    assert_eq!(step(path, json!({ "outcome": "succeeded" })).await.status, 400);
    assert_eq!(stand_in.accounts().money["mad"].refunded, 0);

    let debit = client
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "10000"),
                ("currency", "usd"),
                ("confirm", "true"),
                ("payment_method_types[]", "us_bank_account"),
                ("payment_method", "pm_usBankAccount_processing"),
            ],
        )
        .await;
    assert_eq!(debit.json()["status"], "processing");
    let settled =
        step(format!("intents/{}/settle", debit.id()), json!({ "outcome": "succeeded" })).await;
    assert_eq!(settled.json()["status"], "succeeded");
    assert!(!stand_in.play_buyer(&debit.id(), true).await);
}
