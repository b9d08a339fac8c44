//! The wire format: requests, answers, errors and lists as Stripe has them.

use http::Method;
use loadtest_stripe::{Config, StandIn};
use serde_json::{Value, json};

use crate::client::Client;

async fn start() -> (StandIn, Client) {
    let stand_in = StandIn::start(Config::default()).await.unwrap();
    let client = Client::new(&stand_in.url);
    (stand_in, client)
}

#[tokio::test]
async fn a_payment_is_authorised_partly_captured_and_partly_refunded() {
    let (stand_in, client) = start().await;
    let opened = client
        .post(
            "/v1/payment_intents",
            &[
                ("amount", "10000"),
                ("currency", "MAD"),
                ("capture_method", "manual"),
                ("payment_method_types[]", "card"),
                ("metadata[order]", "G/1 & كتاب"),
                ("transfer_group", "group-1"),
            ],
        )
        .await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let intent = opened.json();
    let id = opened.id();
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["currency"], "mad");
    assert_eq!(intent["metadata"], json!({ "order": "G/1 & كتاب" }));
    assert!(intent["client_secret"].as_str().unwrap().starts_with(&format!("{id}_secret_")));
    assert!(opened.header("request-id").unwrap().starts_with("req_"));

    let path = format!("/v1/payment_intents/{id}");
    let confirmed =
        client.post(&format!("{path}/confirm"), &[("payment_method", "pm_card_visa")]).await.json();
    assert_eq!(confirmed["status"], "requires_capture");
    assert_eq!(confirmed["amount_capturable"], 10_000);
    assert!(confirmed["payment_method"].as_str().unwrap().starts_with("pm_1"));

    let captured = client
        .post(
            &format!("{path}/capture"),
            &[("amount_to_capture", "7500"), ("expand[]", "latest_charge")],
        )
        .await
        .json();
    assert_eq!(captured["status"], "succeeded");
    assert_eq!(captured["amount_received"], 7_500);
    assert_eq!(captured["latest_charge"]["amount_captured"], 7_500);
    assert_eq!(captured["latest_charge"]["payment_intent"], id.as_str());

    let refund = client.post("/v1/refunds", &[("payment_intent", &id), ("amount", "2500")]).await;
    assert_eq!(refund.json()["status"], "succeeded");
    assert_eq!(client.get(&format!("/v1/refunds/{}", refund.id())).await.json(), refund.json());
    let over = client.post("/v1/refunds", &[("payment_intent", &id), ("amount", "5001")]).await;
    assert_eq!(over.error().0, 400);

    let balance = client.get("/v1/balance").await.json();
    assert_eq!(balance["pending"][0]["amount"], 5_000);
    let state = client.get("/_script/state").await.json();
    assert_eq!(
        state["money"]["mad"],
        json!({ "authorised": 10_000, "captured": 7_500, "held": 0, "released": 2_500, "refunded": 2_500 })
    );
    assert_eq!(state["intents"]["succeeded"], 1);
    assert_eq!(serde_json::to_value(stand_in.accounts()).unwrap(), state);
}

#[tokio::test]
async fn a_declined_card_is_told_with_its_intent() {
    let (_stand_in, client) = start().await;
    let declined = client.pay("pm_card_chargeDeclined", &[]).await;
    assert_eq!(declined.error(), (402, "card_error".into(), "card_declined".into()));
    let error = &declined.json()["error"];
    assert_eq!(error["decline_code"], "generic_decline");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    assert_eq!(error["payment_intent"]["last_payment_error"]["charge"], error["charge"]);
    let id = error["payment_intent"]["id"].as_str().unwrap();
    let kept = client.get(&format!("/v1/payment_intents/{id}")).await.json();
    assert_eq!(&kept, &error["payment_intent"]);
    let charge = client.get(&format!("/v1/charges/{}", error["charge"].as_str().unwrap())).await;
    assert_eq!(charge.json()["failure_code"], "card_declined");
    let expired = client.pay("pm_card_chargeDeclinedExpiredCard", &[]).await;
    assert_eq!(expired.error().2, "expired_card");
}

#[tokio::test]
async fn each_mistake_has_stripes_status_type_and_code() {
    let (_stand_in, client) = start().await;
    let open = |form: &'static [(&'static str, &'static str)]| {
        let client = client.clone();
        async move { client.post("/v1/payment_intents", form).await }
    };
    for (form, code, param) in [
        (&[("currency", "mad")] as &[_], "parameter_missing", "amount"),
        (&[("amount", "12.5"), ("currency", "mad")], "parameter_invalid_integer", "amount"),
        (&[("amount", "0"), ("currency", "mad")], "parameter_invalid_integer", "amount"),
        (&[("amount", "49"), ("currency", "usd")], "amount_too_small", "amount"),
        (&[("amount", "100000000"), ("currency", "mad")], "amount_too_large", "amount"),
        (
            &[("amount", "9223372036854775808"), ("currency", "mad")],
            "parameter_invalid_integer",
            "amount",
        ),
        (&[("amount", "100"), ("currency", "xyz")], "", "currency"),
        (
            &[("amount", "100"), ("currency", "mad"), ("colour", "red")],
            "parameter_unknown",
            "colour",
        ),
        (
            &[("amount", "100"), ("currency", "mad"), ("capture_method", "later")],
            "",
            "capture_method",
        ),
        (
            &[("amount", "100"), ("currency", "mad"), ("payment_method", "pm_nothing")],
            "resource_missing",
            "payment_method",
        ),
        (&[("amount", "100"), ("currency", "mad"), ("return_url", "http://x/")], "", "return_url"),
        (
            &[
                ("amount", "100"),
                ("currency", "mad"),
                ("metadata[webhook_url]", "http://10.0.0.1/"),
            ],
            "",
            "metadata[webhook_url]",
        ),
        (&[("amount", "100"), ("currency", "mad"), ("metadata", "flat")], "", "metadata"),
    ] {
        let answer = open(form).await;
        let expected = (400, "invalid_request_error".to_owned(), code.to_owned());
        assert_eq!(answer.error(), expected, "{form:?}: {}", answer.text);
        assert_eq!(answer.json()["error"]["param"], param, "{form:?}");
    }
    assert_eq!(client.get("/_script/state").await.json()["intents"]["requires_payment_method"], 0);

    let missing = client.get("/v1/payment_intents/pi_nothing").await;
    assert_eq!(missing.error(), (404, "invalid_request_error".into(), "resource_missing".into()));
    assert_eq!(client.get("/v1/unheard_of").await.status, 404);
    assert_eq!(client.post("/v1/payment_intents/pi_nothing/capture", &[]).await.status, 404);
    let paid = client.pay("pm_card_visa", &[]).await.id();
    let again = client.post(&format!("/v1/payment_intents/{paid}/capture"), &[]).await;
    assert_eq!(again.error().2, "payment_intent_unexpected_state");
    assert_eq!(again.json()["error"]["payment_intent"]["id"], paid.as_str());
}

#[tokio::test]
async fn only_a_test_secret_key_opens_the_door() {
    let (_stand_in, client) = start().await;
    for value in [None, Some("Bearer nonsense"), Some("Bearer sk_live_1234"), Some("Bearer ")] {
        let answer = client.with_authorization(value).get("/v1/balance").await;
        assert_eq!(
            answer.error(),
            (401, "invalid_request_error".into(), String::new()),
            "{value:?}"
        );
    }
    let config = Config { secret_keys: vec!["sk_test_only".into()], ..Config::default() };
    let strict = StandIn::start(config).await.unwrap();
    let client = Client::new(&strict.url);
    assert_eq!(client.get("/v1/balance").await.status, 401);
    let known = client.with_authorization(Some("Bearer sk_test_only"));
    assert_eq!(known.get("/v1/balance").await.status, 200);
}

#[tokio::test]
async fn bodies_that_are_no_form_are_refused() {
    let (_stand_in, client) = start().await;
    let path = "/v1/payment_intents";
    let form = "application/x-www-form-urlencoded";
    for (kind, body) in [
        ("application/json", r#"{"amount":100}"#),
        (form, "amount=%ZZ"),
        (form, "amount=%FF"),
        (form, "a[b=1"),
    ] {
        let answer = client.send(Method::POST, path, None, kind, body).await.unwrap();
        assert_eq!(answer.error().0, 400, "{body}");
    }
    let huge = "a=".to_owned() + &"x".repeat(2 * 1024 * 1024);
    let answer = client.send(Method::POST, path, None, form, &huge).await;
    assert!(answer.is_err() || answer.unwrap().status == 413);
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let (_stand_in, client) = start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, client.pay("pm_card_visa", &[]).await.id());
    }
    let page = |query: String| {
        let client = client.clone();
        async move {
            let list = client.get(&format!("/v1/payment_intents?{query}")).await.json();
            let ids: Vec<_> = list["data"]
                .as_array()
                .unwrap_or(&Vec::new())
                .iter()
                .map(|it| it["id"].as_str().unwrap_or_default().to_owned())
                .collect();
            (ids, list["has_more"] == Value::Bool(true))
        }
    };
    assert_eq!(page("limit=2".into()).await, (ids[..2].to_vec(), true));
    let after = format!("limit=2&starting_after={}", ids[2]);
    assert_eq!(page(after).await, (ids[3..].to_vec(), false));
    let before = format!("limit=2&ending_before={}", ids[3]);
    assert_eq!(page(before).await, (ids[1..3].to_vec(), true));
    assert_eq!(page("created[gt]=99999999999".into()).await, (Vec::new(), false));
    assert_eq!(client.get("/v1/payment_intents?limit=0").await.status, 400);
    assert_eq!(client.get("/v1/payment_intents?starting_after=pi_x").await.status, 400);

    let expanded =
        client.get("/v1/payment_intents?limit=1&expand[]=data.latest_charge").await.json();
    assert_eq!(expanded["data"][0]["latest_charge"]["object"], "charge");
    assert_eq!(client.get("/v1/payment_intents?expand[]=data.amount").await.status, 400);
    let charges = client.get(&format!("/v1/charges?payment_intent={}", ids[0])).await.json();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn events_tell_what_happened_and_who_asked() {
    let (_stand_in, client) = start().await;
    let paid = client
        .post_keyed(
            "/v1/payment_intents",
            "key-1",
            &[
                ("amount", "10000"),
                ("currency", "mad"),
                ("confirm", "true"),
                ("payment_method", "pm_card_visa"),
            ],
        )
        .await;
    let events = client.get("/v1/events").await.json();
    let kinds: Vec<_> =
        events["data"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]);
    let last = &events["data"][0];
    assert_eq!(last["data"]["object"], paid.json());
    assert_eq!(last["request"]["id"], paid.header("request-id").unwrap());
    assert_eq!(last["request"]["idempotency_key"], "key-1");
    let id = last["id"].as_str().unwrap();
    assert_eq!(&client.get(&format!("/v1/events/{id}")).await.json(), last);
    let charges = client.get("/v1/events?type=charge.*").await.json();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let (stand_in, client) = start().await;
    let paid = client.pay("pm_card_visa", &[]).await.id();
    assert_eq!(client.script(Method::POST, "reset", &Value::Null).await.status, 200);
    assert_eq!(client.get(&format!("/v1/payment_intents/{paid}")).await.status, 404);
    assert!(stand_in.accounts().money.is_empty());
}
