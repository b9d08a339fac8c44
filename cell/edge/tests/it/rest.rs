//! REST as clients use it: paths, queries, bodies, masks, versions, keys, refusals.

use std::time::Duration;

use axum::body::Body;
use base_fault::{Code, Fault, Status};
use base_ids::{Epoch, Generation, Version};
use cell_edge::{Answered, EdgeConfig, Unanswered};
use cell_kernel::{No, Problem};
use http::Request;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use souk_proto::souk::{
    inventory::v1::{ListStockRequest, ReceiveStockRequest, StockLevel},
    v1::Callback,
};

use crate::house::{
    GUEST, House, answered, descriptors, get, operator, request, shopper, soon, staff_of,
};

const STOCK: &str = "/v1/vendors/atlas/stock:receive";

fn staff() -> String {
    staff_of("vendors/atlas")
}

fn decoded(message: &str, bytes: &[u8]) -> Value {
    let pool = DescriptorPool::decode(descriptors().as_slice()).unwrap();
    let of = pool.get_message_by_name(message).unwrap();
    serde_json::to_value(DynamicMessage::decode(of, bytes).unwrap()).unwrap()
}

fn with(mut request: Request<Body>, header: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_command_comes_as_json_and_its_answer_goes_as_json_with_a_version() {
    let house = House::new().await;
    house.answer(|_| {
        let level = StockLevel {
            name: "vendors/atlas/stock/o1".into(),
            on_hand: i64::MAX,
            ..StockLevel::default()
        };
        Ok(answered(level.encode_to_vec(), 7))
    });
    let asked =
        request("POST", STOCK, &staff(), r#"{"offer":"o1","quantity":"5","location":null}"#);
    let asked = with(asked, "souk-tenant", "vendors/atlas");
    let asked = with(asked, "souk-generation", "3");
    let asked = with(asked, "if-match", "\"6\"");
    let asked = with(asked, "souk-request-id", "r-1");
    let asked = with(asked, "x-request-timeout-ms", "2000");
    let heard = house
        .ask(with(asked, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        .await;
    assert_eq!(heard.status, 200);
    assert_eq!(
        heard.json(),
        json!({
            "name": "vendors/atlas/stock/o1", "offer": "", "onHand": "9223372036854775807", "allocated": "0",
            "reserved": "0", "available": "0", "locations": [],
        })
    );
    assert_eq!((heard.header("etag"), heard.header("x-request-id")), ("\"7\"", "r-1"));
    assert_eq!(heard.header("cache-control"), "no-store");
    let call = house.call();
    assert_eq!(&*call.method, "souk.inventory.v1.Inventory/ReceiveStock");
    let parent = "vendors/atlas".to_owned();
    let expected =
        ReceiveStockRequest { parent, offer: "o1".into(), location: String::new(), quantity: 5 };
    assert_eq!(ReceiveStockRequest::decode(&*call.request).unwrap(), expected);
    assert_eq!((call.idempotency_key.as_deref(), call.if_match), (Some("k-1"), Some(Version(6))));
    assert_eq!(call.trace.unwrap()[0], 0x0a);
    assert!(call.deadline > Duration::from_secs(1) && call.deadline <= Duration::from_secs(2));
}

#[tokio::test]
async fn a_read_that_the_caller_already_has_is_not_sent_again() {
    let house = House::new().await;
    house.answer(|_| Ok(answered(Vec::new(), 7)));
    let read = || get("/v1/vendors/atlas/stock/o1", &staff());
    let heard = house.ask(read()).await;
    assert_eq!(
        (heard.status, heard.header("etag"), heard.header("cache-control")),
        (200, "\"7\"", "private, no-cache")
    );
    let heard = house.ask(with(read(), "if-none-match", "\"6\", W/\"7\"")).await;
    assert_eq!((heard.status, heard.body.len(), heard.header("etag")), (304, 0, "\"7\""));
    assert_eq!(house.ask(with(read(), "if-none-match", "\"8\"")).await.status, 200);
    let mut head = read();
    *head.method_mut() = http::Method::HEAD;
    let heard = house.ask(head).await;
    assert_eq!((heard.status, heard.body.len(), heard.header("etag")), (200, 0, "\"7\""));
}

#[tokio::test]
async fn a_kept_answer_says_so() {
    let house = House::new().await;
    house.answer(|_| Ok(Answered { replayed: true, ..answered(Vec::new(), 7) }));
    let heard = house.ask(request("POST", STOCK, &staff(), "{}")).await;
    assert_eq!(heard.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_query_reaches_nested_repeated_and_well_known_fields_under_both_names() {
    let house = House::new().await;
    let query = "text=%D9%83%D8%AA%D8%A7%D8%A8+x&filter.kind=BOOK&filter.newOnly=true&filter.at_most.minor=9223372036854775807\
                 &filter.atMost.currency=MAD&tags=a&tags=b&pageSize=7&since=2026-11-21T12:00:00Z";
    assert_eq!(house.ask(get(&format!("/v1/offers?{query}"), &shopper())).await.status, 200);
    assert_eq!(
        decoded("sample.v1.SearchRequest", &house.call().request),
        json!({
            "text": "كتاب x", "tags": ["a", "b"], "pageSize": 7, "since": "2026-11-21T12:00:00Z",
            "filter": { "kind": "BOOK", "newOnly": true, "atMost": { "currency": "MAD", "minor": "9223372036854775807" } },
        })
    );
}

#[tokio::test]
async fn every_kind_of_field_survives_the_way_in_and_out() {
    let house = House::new().await;
    house.answer(|call| Ok(answered(call.request.clone(), 0)));
    let body = json!({
        "small": -2_147_483_648, "smallPositive": 4_294_967_295_u32, "big": "-9223372036854775808", "bigPositive": "18446744073709551615",
        "yes": true, "real": 1.5, "blob": "+/8=", "kind": "MUSIC", "inner": { "left": "" }, "list": [{ "small": 1 }, {}],
        "counts": { "": 1, "b": 2 }, "at": "2026-11-21T12:00:00Z", "right": "r", "name": "users/u1/things/t1",
    });
    let heard = house
        .ask(request("POST", "/v1/users/u1/things/t1:take", &shopper(), body.to_string()))
        .await;
    let json = heard.json();
    for (name, value) in body.as_object().unwrap() {
        if !["inner", "list"].contains(&name.as_str()) {
            assert_eq!(&json[name], value, "{name}");
        }
    }
    assert_eq!((&json["inner"]["left"], &json["inner"]["small"]), (&json!(""), &json!(0)));
    assert_eq!(json["list"][0]["small"], 1);
    assert!(json.get("left").is_none(), "a choice not taken is not shown");
}

#[tokio::test]
async fn a_second_binding_and_a_part_of_the_response_work() {
    let house = House::new().await;
    // sample.v1.SearchResponse { names: ["a"] }
    house.answer(|_| Ok(answered(vec![0x0a, 1, b'a'], 0)));
    assert_eq!(house.ask(get("/v1/offers", &shopper())).await.json(), json!({ "names": ["a"] }));
    assert_eq!(house.ask(get("/v1/vendors/atlas/offers", &shopper())).await.json(), json!(["a"]));
    let calls = house.calls();
    assert_eq!((calls[0].tenant.as_str(), calls[1].tenant.as_str()), ("users/u1", "vendors/atlas"));
}

#[tokio::test]
async fn an_update_changes_the_fields_that_are_present_or_those_that_the_mask_names() {
    let house = House::new().await;
    let mask = async |query: &str, body: &str| {
        let path = format!("/v1/users/me/profile{query}");
        let heard = house.ask(request("PATCH", &path, &shopper(), body.to_owned())).await;
        assert_eq!(heard.status, 200, "{}", String::from_utf8_lossy(&heard.body));
        let asked = decoded("sample.v1.UpdateProfileRequest", &house.call().request);
        assert_eq!(asked["profile"]["name"], "users/u1/profile");
        asked["updateMask"].as_str().unwrap_or_default().to_owned()
    };
    let body = r#"{"displayName":"Amina","address":{"city":"Fès"},"points":null}"#;
    assert_eq!(mask("", body).await, "displayName,address,points");
    assert_eq!(mask("", "{}").await, "");
    assert_eq!(
        mask("?updateMask=display_name,address.city", body).await,
        "displayName,address.city"
    );
    assert_eq!(mask("?update_mask=displayName,displayName", body).await, "displayName");
    assert_eq!(mask("?update_mask=*", body).await, "*");
    assert_eq!(mask("", r#"{"name":"users/u1/profile","nick":"a"}"#).await, "nick");
}

#[tokio::test]
async fn a_webhook_arrives_byte_for_byte_with_the_headers_that_prove_it() {
    let house = House::new().await;
    let bytes = b"\xff\x00 not json {";
    let mut asked =
        Request::post("/v1/users/u9/payments/p1:webhook").body(Body::from(&bytes[..])).unwrap();
    for (name, value) in [
        ("stripe-signature", "t=1,v1=ab"),
        ("content-type", "application/x-foreign"),
        ("cookie", "secret=1"),
    ] {
        asked.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(house.ask(asked).await.status, 200);
    let call = house.call();
    let heard = Callback::decode(&*call.request).unwrap();
    assert_eq!((call.tenant.as_str(), heard.name.as_str()), ("users/u9", "users/u9/payments/p1"));
    assert_eq!(heard.body, bytes);
    let mut names: Vec<_> = heard.headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "stripe-signature"]);
    let large = Body::from(vec![b'x'; 3 << 20]);
    let heard =
        house.ask(Request::post("/v1/users/u9/payments/p1:webhook").body(large).unwrap()).await;
    assert_eq!(heard.status, 200, "a callback may be larger");
    let larger = Body::from(vec![b'x'; (8 << 20) + 1]);
    let heard =
        house.ask(Request::post("/v1/users/u9/payments/p1:webhook").body(larger).unwrap()).await;
    assert_eq!(heard.status, 413);
}

#[tokio::test]
async fn an_empty_body_is_an_empty_object() {
    let house = House::new().await;
    let asked = Request::post("/v1/users:signIn").body(Body::empty()).unwrap();
    assert_eq!(house.ask(asked).await.status, 200);
    assert_eq!((house.call().request.len(), house.calls().len()), (0, 0));
    let mut asked = request("DELETE", "/v1/users/u1/profile", &shopper(), "");
    asked.headers_mut().remove("content-type");
    assert_eq!(house.ask(asked).await.json(), json!({}));
}

#[tokio::test]
async fn what_the_desk_refuses_is_told_in_full() {
    let house = House::new().await;
    house.answer(|_| {
        let problem = |subject: &str| Problem {
            code: "out_of_stock".into(),
            subject: subject.into(),
            text: "none left".into(),
        };
        Err(Unanswered::No(No::Refused {
            code: "not_ready".into(),
            status: Status::FailedPrecondition,
            text: "two lines wait".into(),
            problems: vec![problem("o1"), problem("o2")],
        }))
    });
    let heard = house.ask(request("POST", STOCK, &staff(), "{}")).await;
    let json = heard.json();
    assert_eq!(
        (heard.status, &json["code"], &json["title"]),
        (409, &json!("not_ready"), &json!("Not ready"))
    );
    assert_eq!(json["problems"][1]["subject"], "o2");
    for (fault, status) in [
        (Fault::caller(Code::NotFound, "nothing here"), 404),
        (Fault::caller(Code::VersionMismatch, "it has version 8"), 412),
        (Fault::caller(Code::IdempotencyKeyReused, "k-1"), 422),
        (
            Fault::downstream(
                Code::Unavailable,
                Duration::from_millis(1500),
                "cell-2 does not answer",
            ),
            503,
        ),
    ] {
        let told = fault.clone();
        house.answer(move |_| Err(told.clone().into()));
        let heard = house.ask(request("POST", STOCK, &staff(), "{}")).await;
        assert_eq!(
            (heard.status, heard.json()["code"].as_str()),
            (status, Some(fault.code().as_str()))
        );
        assert_eq!(heard.header("retry-after"), if status == 503 { "2" } else { "" });
    }
}

#[tokio::test]
async fn a_cell_that_does_not_own_the_tenant_says_so_to_the_router() {
    let house = House::new().await;
    house.answer(|_| {
        let owner = Some("cell-2".parse().unwrap());
        Err(Unanswered::NotMine { owner, generation: Generation(7), epoch: Epoch(9) })
    });
    let heard = house.ask(request("POST", STOCK, &staff(), "{}")).await;
    assert_eq!(
        (heard.status, heard.header("souk-refusal")),
        (421, "not-mine; cell=cell-2; generation=7; epoch=9")
    );
    house.answer(|_| Err(Unanswered::Held { epoch: Epoch(9) }));
    let heard = house.ask(request("POST", STOCK, &staff(), "{}")).await;
    assert_eq!((heard.status, heard.header("souk-refusal")), (503, "held; epoch=9"));
    assert_eq!(heard.json()["code"], "held");
}

#[tokio::test]
async fn a_panic_behind_the_desk_is_a_bug_of_ours_and_the_next_request_is_served() {
    let house = House::new().await;
    for path in [STOCK, "/v1/users:signIn"] {
        house.answer_later(|_| Box::pin(async { panic!("a bug") }));
        let heard = house.ask(request("POST", path, &staff(), "{}")).await;
        assert_eq!((heard.status, heard.json()["code"].as_str()), (500, Some("internal")));
        house.answer(|_| Ok(answered(Vec::new(), 0)));
        assert_eq!(house.ask(request("POST", path, &staff(), "{}")).await.status, 200);
    }
    let text = house.metrics.text();
    assert!(text.contains("cell_edge_panics_total 2"), "{text}");
    let counted = r#"cell_edge_requests_total{method="souk.inventory.v1.Inventory/ReceiveStock",protocol="rest",status="500"} 1"#;
    assert!(text.contains(counted), "{text}");
}

#[tokio::test]
async fn an_answer_that_is_not_what_the_contract_says_is_a_bug_of_ours() {
    let house = House::new().await;
    house.answer(|_| Ok(answered(vec![0xff], 0)));
    let heard = house.ask(get("/v1/vendors/atlas/stock/o1", &staff())).await;
    assert_eq!((heard.status, heard.json()["code"].as_str()), (500, Some("internal")));
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_as_long_as_it_said_and_a_mutation_goes_on_without_it() {
    let house = House::new().await;
    let (done, ended) = tokio::sync::oneshot::channel();
    let done = std::sync::Arc::new(parking_lot::Mutex::new(Some(done)));
    house.answer_later(move |_| {
        let done = done.clone();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            done.lock().take().unwrap().send(()).unwrap();
            Ok(answered(Vec::new(), 0))
        })
    });
    let asked = with(request("POST", STOCK, &staff(), "{}"), "x-request-timeout-ms", "100");
    let heard = house.ask(asked).await;
    assert_eq!((heard.status, heard.json()["code"].as_str()), (504, Some("deadline_exceeded")));
    soon(ended).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_not_waited_for_longer_than_the_caller_would() {
    let house = House::new().await;
    let never =
        Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let heard = house.ask(request("POST", STOCK, &staff(), never)).await;
    assert_eq!((heard.status, heard.json()["code"].as_str()), (504, Some("deadline_exceeded")));
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn no_more_is_taken_than_can_be_served() {
    let house = House::with(EdgeConfig { calls_max: 1, ..EdgeConfig::default() }).await;
    let (started, begun) = tokio::sync::oneshot::channel();
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let hooks = std::sync::Arc::new(parking_lot::Mutex::new(Some((started, finished))));
    house.answer_later(move |_| {
        let (started, finished) = hooks.lock().take().unwrap();
        Box::pin(async move {
            started.send(()).unwrap();
            finished.await.unwrap();
            Ok(answered(Vec::new(), 0))
        })
    });
    let first = house.ask(request("POST", STOCK, &staff(), "{}"));
    let second = async {
        begun.await.unwrap();
        let heard = house.ask(get("/v1/vendors/atlas/stock", &staff())).await;
        finish.send(()).unwrap();
        heard
    };
    let (first, second) = soon(async { tokio::join!(first, second) }).await;
    assert_eq!((first.status, second.status, second.header("retry-after")), (200, 429, "1"));
    assert_eq!(second.json()["code"], "busy");
}

#[tokio::test]
async fn names_and_pages_of_a_list_pass_as_they_are() {
    let house = House::new().await;
    let heard =
        house.ask(get("/v1/vendors/atlas/stock?pageSize=3&pageToken=6f31", &operator())).await;
    assert_eq!(heard.status, 200);
    let expected = ListStockRequest {
        parent: "vendors/atlas".into(),
        page_size: 3,
        page_token: "6f31".into(),
    };
    assert_eq!(ListStockRequest::decode(&*house.call().request).unwrap(), expected);
    let heard = house.ask(get("/v1/vendors/atlas/stock", &format!("Guest {GUEST}"))).await;
    assert_eq!(heard.status, 401, "a guest is told to sign in");
}

#[tokio::test]
async fn every_code_has_its_page() {
    let house = House::new().await;
    let heard = house.ask(get("/errors/unknown_field", "")).await;
    assert!(heard.body.starts_with(b"# unknown_field\n"));
    assert_eq!(house.ask(get("/errors/nonsense", "")).await.status, 404);
    let list = house.ask(get("/errors", "")).await;
    assert!(String::from_utf8(list.body).unwrap().contains("(/errors/token_expired)"));
}
