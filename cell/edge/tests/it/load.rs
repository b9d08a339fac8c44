//! What one call costs the edge, so that a change that makes it ten times dearer is seen.

use std::time::{Duration, Instant};

use prost::Message as _;
use souk_proto::souk::inventory::v1::StockLevel;

use crate::house::{House, answered, request, staff_of};

#[tokio::test]
async fn a_call_costs_the_edge_well_under_a_millisecond() {
    const CALLS: u32 = 300;
    let house = House::new().await;
    let level =
        StockLevel { name: "vendors/atlas/stock/o1".into(), on_hand: 5, ..StockLevel::default() };
    let told = level.encode_to_vec();
    house.answer(move |_| Ok(answered(told.clone(), 7)));
    let staff = staff_of("vendors/atlas");
    let ask = || {
        let body = r#"{"offer":"o1","quantity":"5"}"#;
        house.ask(request("POST", "/v1/vendors/atlas/stock:receive", &staff, body))
    };
    assert_eq!(ask().await.status, 200);
    let started = Instant::now();
    for _ in 0..CALLS {
        ask().await;
    }
    let each = started.elapsed() / CALLS;
    eprintln!("{each:?} per call, with test client and in this build");
    // Unoptimised and on a busy machine; optimised it is some tens of microseconds.
    assert!(each < Duration::from_millis(5), "{each:?} per call");
}
