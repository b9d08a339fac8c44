//! A router asks whether the cell would serve, before it sends a request that is dear.

use axum::body::Body;
use http::Request;

use crate::house::{Heard, House};

async fn ask(house: &House, verb: &str, path: &str, tenant: &str) -> Heard {
    let request = Request::builder().method(verb).uri(path).header("souk-ask", "owner");
    let request = request.header("souk-tenant", tenant).body(Body::empty()).unwrap();
    let heard = house.ask(request).await;
    assert!(heard.body.is_empty(), "{heard:?}");
    heard
}

#[tokio::test]
async fn a_question_is_answered_by_what_the_request_would_do() {
    let house = House::new().await;
    let read = ask(&house, "GET", "/v1/users/held/profile", "users/held").await;
    assert_eq!(read.status, 204, "{read:?}");
    assert_eq!((read.header("souk-generation"), read.header("souk-epoch")), ("3", "8"));
    let write = ask(&house, "POST", "/v1/users/held/things/t1:take", "users/held").await;
    assert_eq!((write.status, write.header("souk-refusal")), (503, "held; epoch=8"));
    let moved = ask(&house, "GET", "/v1/users/elsewhere/profile", "users/elsewhere").await;
    let refusal = "not-mine; cell=cell-2; generation=3; epoch=8";
    assert_eq!((moved.status, moved.header("souk-refusal")), (421, refusal));
    assert!(house.calls().is_empty(), "nothing was carried out");
}

#[tokio::test]
async fn a_question_that_names_nobody_is_refused_and_an_unknown_path_changes_nothing() {
    let house = House::new().await;
    assert_eq!(ask(&house, "GET", "/v1/users/u1/profile", "users/U1").await.status, 400);
    assert_eq!(ask(&house, "POST", "/nowhere", "users/held").await.status, 204);
}
