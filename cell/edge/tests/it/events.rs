//! Streams over REST: what a client sees while it waits for something to change.

use base_fault::{Code, Fault};
use cell_edge::EdgeConfig;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;

use crate::house::{House, get, shopper, soon, staff_of};

const WATCH: &str = "/v1/users/me/orders/o1:watch";
/// sample.v1.Profile { points: 1 } and { points: 2 }
const POINTS: [[u8; 2]; 2] = [[0x20, 1], [0x20, 2]];

async fn text(house: &House) -> (u16, String) {
    let heard = soon(house.ask(get(WATCH, &shopper()))).await;
    (heard.status, String::from_utf8(heard.body).unwrap())
}

#[tokio::test]
async fn each_change_is_an_event_and_the_end_is_one_too() {
    let house = House::new().await;
    house.show(|_| Ok(stream::iter(POINTS.map(|bytes| Ok(bytes.to_vec()))).boxed()));
    let (status, text) = text(&house).await;
    let data = |points: u8| format!(r#"{{"name":"","displayName":"","points":"{points}"}}"#);
    let expected = format!(
        "event: change\nid: 1\ndata: {}\n\nevent: change\nid: 2\ndata: {}\n\nevent: end\ndata: {{}}\n\n",
        data(1),
        data(2)
    );
    assert_eq!((status, text), (200, expected));
    let call = house.call();
    assert_eq!((call.tenant.as_str(), call.idempotency_key), ("users/u1", None));
}

#[tokio::test]
async fn a_stream_that_breaks_says_why() {
    let house = House::new().await;
    house.show(|_| {
        let broken = Fault::caller(Code::NotFound, "the order is gone").into();
        Ok(stream::iter([Ok(POINTS[0].to_vec()), Err(broken)]).boxed())
    });
    let (_, text) = text(&house).await;
    let (_, error) = text.split_once("event: error\ndata: ").unwrap();
    assert!(error.contains(r#""code":"not_found""#) && !text.contains("event: end"), "{text}");
}

#[tokio::test]
async fn a_stream_that_cannot_begin_is_an_ordinary_problem() {
    let house = House::new().await;
    house.show(|_| Err(Fault::caller(Code::NotFound, "no such order").into()));
    let heard = house.ask(get(WATCH, &shopper())).await;
    assert_eq!((heard.status, heard.json()["code"].as_str()), (404, Some("not_found")));
    let heard = house.ask(get("/v1/users/u1/orders/o1:watch", &staff_of("vendors/atlas"))).await;
    assert_eq!(heard.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_that_it_lives_and_ends_when_it_is_old() {
    let house = House::with(EdgeConfig { stream_max_ms: 40_000, ..EdgeConfig::default() }).await;
    house.show(|_| Ok(stream::pending().boxed()));
    let heard = house.ask(get(WATCH, &shopper())).await;
    let text = String::from_utf8(heard.body).unwrap();
    assert_eq!((heard.status, text.as_str()), (200, ": still here\n\n: still here\n\n"));
}

#[tokio::test]
async fn streams_are_bounded_and_a_closed_one_makes_room() {
    let house = House::with(EdgeConfig { streams_max: 1, ..EdgeConfig::default() }).await;
    house.show(|_| {
        Ok(stream::once(async { Ok(POINTS[0].to_vec()) }).chain(stream::pending()).boxed())
    });
    let mut first = house.open(get(WATCH, &shopper())).await;
    soon(first.body_mut().frame()).await.unwrap().unwrap();
    assert!(house.metrics.text().contains("cell_edge_streams 1"));
    assert_eq!(house.ask(get(WATCH, &shopper())).await.status, 429);
    drop(first);
    assert!(house.metrics.text().contains("cell_edge_streams 0"));
    assert_eq!(house.open(get(WATCH, &shopper())).await.status(), 200);
}
