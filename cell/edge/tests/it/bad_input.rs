//! Whatever comes in, the answer is a clear one: status, code and field, and never a 500.

use axum::body::Body;
use http::Request;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use crate::house::{House, get, request, shopper, staff_of};

const STOCK: &str = "/v1/vendors/atlas/stock:receive";
const THING: &str = "/v1/users/u1/things/t1:take";

fn staff() -> String {
    staff_of("vendors/atlas")
}

fn receive(body: &'static str) -> Request<Body> {
    request("POST", STOCK, &staff(), body)
}

fn take(body: impl Into<Body>) -> Request<Body> {
    request("POST", THING, &shopper(), body)
}

fn without(mut request: Request<Body>, header: &str) -> Request<Body> {
    request.headers_mut().remove(header);
    request
}

fn with(mut request: Request<Body>, header: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

fn nested(depth: usize) -> String {
    format!("{}{{}}{}", "{\"inner\":".repeat(depth), "}".repeat(depth))
}

/// Request, status, code, first wrong field.
type Row = (Request<Body>, u16, &'static str, &'static str);

fn not_json() -> Vec<Row> {
    let bytes = |bytes: &'static [u8]| take(Body::from(bytes));
    vec![
        (receive("{"), 400, "malformed_request", ""),
        (receive("{}}"), 400, "malformed_request", ""),
        (receive("nonsense"), 400, "malformed_request", ""),
        (bytes(b"{\"left\":\"\xff\xfe\"}"), 400, "malformed_request", ""),
        (bytes(b"{\"left\":\"\xc3\x28\"}"), 400, "malformed_request", ""),
        (bytes(b"{\"left\":\"\\ud800\"}"), 400, "malformed_request", ""),
        (bytes(b"\x00\x01\x02"), 400, "malformed_request", ""),
        (take("{\"big\":1e999}"), 400, "malformed_request", ""),
        (take(nested(40)), 400, "malformed_request", ""),
        (take("[".repeat(100_000)), 400, "malformed_request", ""),
        (with(receive("{}"), "content-type", "text/plain"), 400, "malformed_request", ""),
        (
            with(receive("{}"), "content-type", "application/x-www-form-urlencoded"),
            400,
            "malformed_request",
            "",
        ),
        (request("PATCH", "/v1/users/u1/profile", &shopper(), ""), 400, "malformed_request", ""),
    ]
}

fn not_what_the_method_takes() -> Vec<Row> {
    vec![
        (receive("[]"), 400, "invalid_field", "body"),
        (receive("null"), 400, "invalid_field", "body"),
        (receive("7"), 400, "invalid_field", "body"),
        (receive(r#"{"quantty":1}"#), 400, "unknown_field", "quantty"),
        (receive(r#"{"offer":"o1","OFFER":"o2"}"#), 400, "unknown_field", "OFFER"),
        (
            take(r#"{"inner":{"list":[{},{"prize":1}]}}"#),
            400,
            "unknown_field",
            "inner.list[1].prize",
        ),
        (receive(r#"{"offer":"o1","offer":"o2"}"#), 400, "invalid_field", "offer"),
        (take(r#"{"smallPositive":1,"small_positive":1}"#), 400, "invalid_field", "small_positive"),
        (receive(r#"{"offer":7}"#), 400, "invalid_field", "offer"),
        (receive(r#"{"quantity":"many"}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":1.5}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":true}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":[1]}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":9223372036854775808}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":"-9223372036854775809"}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"quantity":99999999999999999999999999}"#), 400, "invalid_field", "quantity"),
        (receive(r#"{"parent":"vendors/rif"}"#), 400, "invalid_field", "parent"),
        (take(r#"{"small":2147483648}"#), 400, "invalid_field", "small"),
        (take(r#"{"smallPositive":-1}"#), 400, "invalid_field", "small_positive"),
        (take(r#"{"bigPositive":-1}"#), 400, "invalid_field", "big_positive"),
        (take(r#"{"yes":"true"}"#), 400, "invalid_field", "yes"),
        (take(r#"{"real":"x"}"#), 400, "invalid_field", "real"),
        (take(r#"{"blob":"not base64!"}"#), 400, "invalid_field", "blob"),
        (take(r#"{"kind":"TOY"}"#), 400, "invalid_field", "kind"),
        (take(r#"{"kind":7}"#), 400, "invalid_field", "kind"),
        (take(r#"{"inner":"x"}"#), 400, "invalid_field", "inner"),
        (take(r#"{"list":{}}"#), 400, "invalid_field", "list"),
        (take(r#"{"list":[null]}"#), 400, "invalid_field", "list[0]"),
        (take(r#"{"counts":[]}"#), 400, "invalid_field", "counts"),
        (take(r#"{"counts":{"a":"b"}}"#), 400, "invalid_field", r#"counts["a"]"#),
        (take(r#"{"counts":{"a":1,"a":2}}"#), 400, "invalid_field", r#"counts["a"]"#),
        (take(r#"{"at":"yesterday"}"#), 400, "invalid_field", "at"),
        (take(r#"{"left":"a","right":"b"}"#), 400, "invalid_field", "right"),
    ]
}

fn not_what_the_query_takes() -> Vec<Row> {
    vec![
        (get("/v1/offers?page_size=many", &shopper()), 400, "invalid_field", "page_size"),
        (get("/v1/offers?pageSize=99999999999", &shopper()), 400, "invalid_field", "pageSize"),
        (get("/v1/offers?page_size=1&pageSize=2", &shopper()), 400, "invalid_field", "pageSize"),
        (get("/v1/offers?filter=x", &shopper()), 400, "invalid_field", "filter"),
        (get("/v1/offers?filter.kind=TOY", &shopper()), 400, "invalid_field", "filter.kind"),
        (get("/v1/offers?filter.newOnly=1", &shopper()), 400, "invalid_field", "filter.newOnly"),
        (get("/v1/offers?since=soon", &shopper()), 400, "invalid_field", "since"),
        (get("/v1/offers?parent=vendors/atlas", &shopper()), 400, "invalid_field", "parent"),
        (get("/v1/offers?txt=x", &shopper()), 400, "unknown_field", "txt"),
        (get("/v1/offers?filter.colour=x", &shopper()), 400, "unknown_field", "filter.colour"),
        (get("/v1/offers?tags.x=1", &shopper()), 400, "unknown_field", "tags.x"),
        (get("/v1/offers?text=%ff", &shopper()), 400, "malformed_request", ""),
        (get("/v1/offers?text=%4", &shopper()), 400, "malformed_request", ""),
        (
            get("/v1/vendors/atlas/stock?parent=vendors/rif", &staff()),
            400,
            "invalid_field",
            "parent",
        ),
        (
            request("POST", &format!("{STOCK}?offer=o1"), &staff(), "{}"),
            400,
            "invalid_field",
            "offer",
        ),
        (
            request("PATCH", "/v1/users/u1/profile?updateMask=colour", &shopper(), "{}"),
            400,
            "invalid_field",
            "update_mask",
        ),
        (
            request("PATCH", "/v1/users/u1/profile?update_mask=address.street", &shopper(), "{}"),
            400,
            "invalid_field",
            "update_mask",
        ),
        (
            request("PATCH", "/v1/users/u1/profile", &shopper(), r#"{"points":"x"}"#),
            400,
            "invalid_field",
            "profile.points",
        ),
    ]
}

fn wrong_names_and_callers() -> Vec<Row> {
    vec![
        // Names.
        (get("/v1/vendors/Atlas/stock", &staff()), 400, "invalid_field", "parent"),
        (get("/v1/vendors/a%2Fb/stock", &staff()), 400, "malformed_request", ""),
        (get("/v1/vendors/%ff/stock", &staff()), 400, "malformed_request", ""),
        (get("/v1/vendors/../stock", &staff()), 400, "invalid_field", "parent"),
        (
            with(get("/v1/vendors/atlas/stock", &staff()), "souk-tenant", "vendors/rif"),
            400,
            "invalid_field",
            "parent",
        ),
        (
            with(get("/v1/offers", &shopper()), "souk-tenant", "users/u2"),
            400,
            "invalid_field",
            "souk-tenant",
        ),
        (get("/v1/vendors/rif/stock", &staff()), 403, "forbidden", ""),
        (get("/v1/users/u2/profile", &shopper()), 403, "forbidden", ""),
        (get("/v1/vendors/atlas/stock", &shopper()), 403, "forbidden", ""),
        (get("/v1/users/u1/profile", &staff()), 403, "forbidden", ""),
        (get("/v1/vendors", &shopper()), 403, "forbidden", ""),
        // Who asks.
        (without(receive("{}"), "authorization"), 401, "unauthenticated", ""),
        (with(receive("{}"), "authorization", "Bearer x.y.z"), 401, "unauthenticated", ""),
        (with(receive("{}"), "authorization", "Basic YTpi"), 401, "unauthenticated", ""),
    ]
}

fn wrong_heads_routes_and_sizes() -> Vec<Row> {
    vec![
        // Keys and preconditions.
        (without(receive("{}"), "idempotency-key"), 400, "idempotency_key_missing", ""),
        (with(receive("{}"), "idempotency-key", ""), 400, "invalid_field", "Idempotency-Key"),
        (with(receive("{}"), "idempotency-key", "a b"), 400, "invalid_field", "Idempotency-Key"),
        (
            with(receive("{}"), "idempotency-key", &"k".repeat(256)),
            400,
            "invalid_field",
            "Idempotency-Key",
        ),
        (with(receive("{}"), "if-match", "seven"), 400, "invalid_field", "If-Match"),
        (with(receive("{}"), "x-request-timeout-ms", "soon"), 400, "malformed_request", ""),
        // Routes.
        (get("/", &shopper()), 404, "route_unknown", ""),
        (get("/v1/vendors/atlas/stok", &staff()), 404, "route_unknown", ""),
        (get("/v1/vendors/atlas/stock/", &staff()), 404, "route_unknown", ""),
        (get("/v1/vendors//stock", &staff()), 404, "route_unknown", ""),
        (get("/sample.v1.Sample/Tell", &staff()), 404, "route_unknown", ""),
        (
            request("POST", "/v1/vendors/atlas/stock:steal", &staff(), "{}"),
            404,
            "route_unknown",
            "",
        ),
        (request("DELETE", "/v1/vendors/atlas/stock", &staff(), ""), 405, "method_not_allowed", ""),
        (request("PUT", STOCK, &staff(), "{}"), 405, "method_not_allowed", ""),
        (request("TRACE", STOCK, &staff(), ""), 405, "method_not_allowed", ""),
        (request("BREW", STOCK, &staff(), ""), 405, "method_not_allowed", ""),
        // Sizes.
        (take(format!("{{\"left\":\"{}\"}}", "x".repeat(1 << 20))), 413, "body_too_large", ""),
        (with(take("{}"), "content-length", "99999999999"), 413, "body_too_large", ""),
        (request("DELETE", "/v1/users/u1/profile", &shopper(), "{}"), 400, "malformed_request", ""),
        (get(&format!("/v1/{}", "a/".repeat(5000)), &staff()), 404, "route_unknown", ""),
    ]
}

#[tokio::test]
async fn every_bad_input_has_a_clear_answer_and_never_reaches_the_desk() {
    let house = House::new().await;
    let table = [
        not_json(),
        not_what_the_method_takes(),
        not_what_the_query_takes(),
        wrong_names_and_callers(),
        wrong_heads_routes_and_sizes(),
    ];
    for (request, status, code, field) in table.into_iter().flatten() {
        let told = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let heard = house.ask(request).await;
        let json = heard.json();
        assert_eq!((heard.status, json["code"].as_str()), (status, Some(code)), "{told}: {json}");
        assert_eq!(
            json["fields"][0]["field"].as_str().unwrap_or_default(),
            field,
            "{told}: {json}"
        );
        assert_eq!(json["type"], format!("/errors/{code}"));
        assert_eq!(json["instance"], heard.header("x-request-id"));
        assert_eq!(heard.header("content-type"), "application/problem+json");
        assert!(json["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{told}: {json}");
    }
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn all_wrong_fields_are_told_at_once() {
    let house = House::new().await;
    let heard = house.ask(receive(r#"{"quantity":1.5,"offer":7,"colour":"red"}"#)).await;
    let fields: Vec<_> = heard.json()["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].to_string())
        .collect();
    assert_eq!(fields, ["\"quantity\"", "\"offer\"", "\"colour\""]);
}

#[tokio::test]
async fn a_value_of_a_wrong_type_is_not_repeated_for_it_may_be_a_secret() {
    let house = House::new().await;
    let body = r#"{"email":{"hunter":2},"password":["hunter2"]}"#;
    let heard = house.ask(request("POST", "/v1/users:signIn", &shopper(), body)).await;
    assert_eq!(heard.status, 400);
    assert!(!String::from_utf8(heard.body).unwrap().contains("hunter"), "the password is told");
}

#[tokio::test]
async fn a_path_of_another_method_says_which_methods_there_are() {
    let house = House::new().await;
    let heard = house.ask(request("POST", "/v1/users/u1/profile", &shopper(), "{}")).await;
    assert_eq!(heard.header("allow"), "GET, PATCH, DELETE, HEAD, OPTIONS");
    let heard = house.ask(request("OPTIONS", "/v1/users/u1/profile", &shopper(), "")).await;
    assert_eq!((heard.status, heard.header("allow")), (204, "GET, PATCH, DELETE, HEAD, OPTIONS"));
}

#[tokio::test]
async fn no_bytes_in_body_path_or_headers_make_the_edge_fail() {
    let house = House::new().await;
    let mut runner = TestRunner::deterministic();
    let pieces = r#"([{}\[\]":,]|name|small|inner|list|left|kind|at|true|null|-?[0-9]{1,30}|1e9|é|\\u00|%2F|/v1|users/u1|vendors|:|\?|=|&|\.){0,14}"#;
    let pieces = proptest::string::string_regex(pieces).unwrap();
    for _ in 0..400 {
        let mut draw = || pieces.new_tree(&mut runner).unwrap().current();
        let (body, path, header) = (draw(), draw(), draw());
        let path: String =
            path.chars().filter(|char| char.is_ascii() && !"\"\\{}[]".contains(*char)).collect();
        let mut asked = vec![take(body.clone())];
        for base in ["/v1/offers?", "/v1/users/u1/", "/"] {
            if let Ok(uri) = format!("{base}{path}").parse::<http::Uri>() {
                let mut request = take(body.clone());
                *request.uri_mut() = uri;
                *request.method_mut() = http::Method::GET;
                asked.push(request);
            }
        }
        for name in [
            "if-match",
            "idempotency-key",
            "souk-tenant",
            "traceparent",
            "x-request-timeout-ms",
            "cookie",
        ] {
            if let Ok(value) = http::HeaderValue::from_bytes(header.as_bytes()) {
                let mut request = take("{}");
                request.headers_mut().insert(name, value);
                asked.push(request);
            }
        }
        for request in asked {
            let told = format!("{request:?}");
            let heard = house.ask(request).await;
            assert!(heard.status < 500, "{told} {body}: {}", heard.status);
        }
    }
}
