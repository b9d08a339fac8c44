//! A recorded purchase across three cells, told from different ends.

use std::collections::BTreeMap;

use base_ids::{StreamName, Tenant};
use souk_proto_fleet::v1::{Cause, StreamEvent, Told};

use crate::{
    explain::{
        Purchase, Story,
        journals::{Fate, Journals, Page},
        walk::walk,
    },
    out::View,
    trouble::Trouble,
};

/// 2025-07-20T09:30:00Z.
const START: i64 = 1_753_003_800_000;

const CHECKOUT: &str = "users/leila/checkout/s1";
const ORDER: &str = "users/leila/orders/o1";
const ATLAS_STOCK: &str = "vendors/atlas/inventory/stock";
const RIF_STOCK: &str = "vendors/rif/inventory/stock";
const ATLAS_ORDER: &str = "vendors/atlas/orders/o1-1";

/// Three cells, as they answered.
#[derive(Default)]
struct Recorded {
    streams: BTreeMap<String, Vec<StreamEvent>>,
    heard: BTreeMap<Vec<u8>, (String, u64)>,
    silent: Option<&'static str>,
    /// First byte of the trace that appends belong to, if it is another one.
    trace: u8,
    asked: Vec<(String, u64)>,
}

fn cell_of(tenant: &str) -> &'static str {
    match tenant {
        "users/leila" => "cell-1",
        "vendors/atlas" => "cell-2",
        _ => "cell-3",
    }
}

impl Recorded {
    /// Appends events; `heard` is the message that caused it: its id and where it came from.
    fn append(&mut self, stream: &str, kinds: &[&str], at: i64, why: Why<'_>) {
        let events = self.streams.entry(stream.into()).or_default();
        for kind in kinds {
            events.push(StreamEvent {
                version: events.len() as u64 + 1,
                kind: (*kind).into(),
                at_ms: START + at,
                body: "{}".into(),
                cause: None,
            });
        }
        let version = events.len() as u64;
        let mut trace = vec![0xab; 16];
        trace[0] ^= self.trace;
        let mut cause = Cause { trace: trace.into(), ..Cause::default() };
        match why {
            Why::Asked(actor, command) => {
                cause.actor = actor.into();
                cause.command = format!(r#"{{"{command}":{{}}}}"#);
            }
            Why::Heard(id, from, from_version, kind) => {
                cause.heard = vec![id; 16].into();
                cause.heard_from_stream = from.into();
                cause.heard_from_version = from_version;
                cause.heard_kind = kind.into();
                self.heard.insert(vec![id; 16], (stream.into(), version));
            }
        }
        events.last_mut().unwrap().cause = Some(cause);
    }

    /// The last append of the stream tells.
    fn tell(
        &mut self,
        stream: &str,
        id: u8,
        tenant: &str,
        service: &str,
        kind: &str,
        due: Option<i64>,
    ) {
        let event = self.streams.get_mut(stream).unwrap().last_mut().unwrap();
        event.cause.as_mut().unwrap().told.push(Told {
            id: vec![id; 16].into(),
            to_tenant: tenant.into(),
            to_service: service.into(),
            kind: kind.into(),
            due_ms: due.map_or(0, |due| START + due),
        });
    }

    fn reach(&self, tenant: &Tenant) -> Result<String, Trouble> {
        let cell = cell_of(tenant.as_str());
        if self.silent == Some(cell) {
            return Err(Trouble::Unreachable(format!("{cell}: connection refused")));
        }
        Ok(cell.to_owned())
    }
}

#[derive(Clone, Copy)]
enum Why<'a> {
    Asked(&'a str, &'a str),
    Heard(u8, &'a str, u64, &'a str),
}

impl Journals for Recorded {
    async fn show(&mut self, stream: &StreamName, after: u64, limit: u32) -> Result<Page, Trouble> {
        let cell = self.reach(&stream.tenant)?;
        self.asked.push((stream.to_string(), after));
        let all = self.streams.get(&stream.to_string()).cloned().unwrap_or_default();
        let head = all.len() as u64;
        let events =
            all.into_iter().filter(|event| event.version > after).take(limit as usize).collect();
        Ok(Page { cell, events, head })
    }

    async fn fate(&mut self, tenant: &Tenant, told: &Told) -> Result<Fate, Trouble> {
        self.reach(tenant)?;
        let heard = self.heard.get(&*told.id);
        Ok(match heard {
            Some((stream, version)) => Fate::Heard(stream.parse().unwrap(), *version),
            None if told.kind.ends_with("WaitOver") => Fate::CalledOff,
            None => Fate::Waits,
        })
    }
}

/// Leila buys from Atlas and Rif: both reserve, the order is placed, Atlas has its part; a reminder is still to come.
fn purchase() -> Recorded {
    let mut fleet = Recorded::default();
    for sale in 0..40 {
        fleet.append(
            ATLAS_STOCK,
            &["Received", "Counted"],
            -5_000 + sale,
            Why::Asked("vendors/atlas", "Receive"),
        );
    }
    fleet.append(CHECKOUT, &["Started", "Quoted"], 0, Why::Asked("users/leila", "Start"));
    fleet.tell(CHECKOUT, 1, "vendors/atlas", "inventory", "souk.inventory.v1.Reserve", None);
    fleet.tell(CHECKOUT, 2, "vendors/rif", "inventory", "souk.inventory.v1.Reserve", None);
    fleet.tell(CHECKOUT, 3, "users/leila", "checkout", "souk.checkout.v1.GiveUp", Some(900_000));
    fleet.tell(CHECKOUT, 10, "users/leila", "checkout", "souk.checkout.v1.WaitOver", Some(20_000));
    fleet.append(
        ATLAS_STOCK,
        &["Reserved"],
        4,
        Why::Heard(1, CHECKOUT, 2, "souk.inventory.v1.Reserve"),
    );
    fleet.tell(ATLAS_STOCK, 4, "users/leila", "checkout", "souk.inventory.v1.Held", None);
    fleet.tell(ATLAS_STOCK, 5, "", "", "souk.inventory.v1.Availability", None);
    // Another purchase, of which nothing may be told.
    fleet.append(
        ATLAS_STOCK,
        &["Reserved"],
        5,
        Why::Heard(90, "users/omar/checkout/s9", 1, "souk.inventory.v1.Reserve"),
    );
    fleet.append(
        RIF_STOCK,
        &["Reserved"],
        6,
        Why::Heard(2, CHECKOUT, 2, "souk.inventory.v1.Reserve"),
    );
    fleet.tell(RIF_STOCK, 6, "users/leila", "checkout", "souk.inventory.v1.Held", None);
    fleet.append(
        CHECKOUT,
        &["LineHeld"],
        9,
        Why::Heard(4, ATLAS_STOCK, 81, "souk.inventory.v1.Held"),
    );
    // The clock of cell-1 says the same for what it told itself.
    fleet.append(
        CHECKOUT,
        &["LineHeld", "Placed"],
        10,
        Why::Heard(6, RIF_STOCK, 1, "souk.inventory.v1.Held"),
    );
    fleet.tell(CHECKOUT, 7, "users/leila", "orders", "souk.orders.v1.PlaceGroup", None);
    fleet.append(
        ORDER,
        &["GroupPlaced"],
        10,
        Why::Heard(7, CHECKOUT, 5, "souk.orders.v1.PlaceGroup"),
    );
    fleet.tell(ORDER, 8, "vendors/atlas", "orders", "souk.orders.v1.PlaceChild", None);
    fleet.tell(ORDER, 9, "vendors/rif", "orders", "souk.orders.v1.PlaceChild", None);
    fleet.append(
        ATLAS_ORDER,
        &["ChildPlaced"],
        15,
        Why::Heard(8, ORDER, 1, "souk.orders.v1.PlaceChild"),
    );
    fleet
}

async fn story(mut fleet: Recorded, start: &str) -> (Story, Recorded) {
    let found = walk(&mut fleet, vec![start.parse().unwrap()]).await.unwrap();
    (Story::of(start.to_owned(), found), fleet)
}

fn text(story: &Story) -> String {
    story.text(&base_time::HOME_ZONE.parse().unwrap())
}

#[tokio::test]
async fn the_whole_purchase_is_told_in_order_and_nothing_of_another_one() {
    let (story, _) = story(purchase(), ORDER).await;
    insta::assert_snapshot!("explain", text(&story));
    insta::assert_snapshot!("explain_json", serde_json::to_string_pretty(&story).unwrap());
    assert_eq!(story.exit_code(), 0);
}

#[tokio::test]
async fn several_requests_are_several_traces_that_join_at_the_stream_they_share() {
    let mut fleet = Recorded::default();
    fleet.append(CHECKOUT, &["Started"], 0, Why::Asked("users/leila", "Start"));
    fleet.trace = 1;
    fleet.append(CHECKOUT, &["Placed"], 700, Why::Asked("users/leila", "Place"));
    fleet.tell(CHECKOUT, 1, "vendors/rif", "inventory", "souk.inventory.v1.Reserve", None);
    fleet.append(RIF_STOCK, &["Reserved"], 702, Why::Heard(1, CHECKOUT, 2, "Reserve"));
    fleet.tell(RIF_STOCK, 2, "users/leila", "checkout", "souk.inventory.v1.Held", None);
    fleet.append(CHECKOUT, &["LineHeld"], 704, Why::Heard(2, RIF_STOCK, 1, "Held"));
    fleet.trace = 2;
    fleet.append(CHECKOUT, &["Cancelled"], 900, Why::Asked("users/leila", "Cancel"));
    let (story, _) = story(fleet, CHECKOUT).await;
    insta::assert_snapshot!("explain_traces", text(&story));
    let json = serde_json::to_value(&story).unwrap();
    let joins = json["traces"].as_array().unwrap().iter().map(|trace| &trace["joins"]["at"]);
    let expected = [None, Some("users/leila/checkout/s1@1"), Some("users/leila/checkout/s1@3")];
    assert_eq!(joins.map(|at| at.as_str()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn it_is_the_same_story_from_whichever_end() {
    let (from_order, _) = story(purchase(), ORDER).await;
    for start in [CHECKOUT, ATLAS_ORDER] {
        let (other, _) = story(purchase(), start).await;
        assert_eq!(text(&other).replace(start, ORDER), text(&from_order).replace(start, ORDER));
    }
}

#[tokio::test]
async fn a_long_stream_of_a_vendor_is_not_read_from_its_beginning() {
    let (_, fleet) = story(purchase(), ORDER).await;
    let reads: Vec<_> = fleet.asked.iter().filter(|(stream, _)| stream == ATLAS_STOCK).collect();
    assert!(reads.iter().all(|(_, after)| *after > 0), "{reads:?}");
}

#[tokio::test]
async fn what_lies_in_a_silent_cell_is_said_to_be_unknown() {
    let mut fleet = purchase();
    fleet.silent = Some("cell-3");
    let (story, _) = story(fleet, ORDER).await;
    insta::assert_snapshot!("explain_silent_cell", text(&story));
    assert_eq!(story.exit_code(), 3);
}

#[tokio::test]
async fn a_start_that_cannot_be_read_is_an_error() {
    let mut fleet = purchase();
    fleet.silent = Some("cell-1");
    let trouble = walk(&mut fleet, vec![ORDER.parse().unwrap()]).await.unwrap_err();
    assert_eq!(trouble.exit_code(), 3);
}

#[tokio::test]
async fn an_append_longer_than_the_first_look_back_is_read_whole() {
    let mut fleet = Recorded::default();
    let kinds = ["Moved"; 60];
    fleet.append(RIF_STOCK, &["Received"], 0, Why::Asked("vendors/rif", "Receive"));
    fleet.append(CHECKOUT, &["Started"], 0, Why::Asked("users/leila", "Start"));
    fleet.tell(CHECKOUT, 1, "vendors/rif", "inventory", "souk.inventory.v1.Reserve", None);
    fleet.append(RIF_STOCK, &kinds, 1, Why::Heard(1, CHECKOUT, 1, "souk.inventory.v1.Reserve"));
    let found = walk(&mut fleet, vec![CHECKOUT.parse().unwrap()]).await.unwrap();
    let stock = found.appends.iter().find(|append| append.stream.to_string() == RIF_STOCK).unwrap();
    assert_eq!((stock.first(), stock.last()), (2, 61));
}

#[test]
fn a_purchase_is_read_from_its_resource_name() {
    let purchase: Purchase = "users/0190-ab/checkouts/c-1".parse().unwrap();
    let streams: Vec<_> = purchase.streams().iter().map(ToString::to_string).collect();
    assert_eq!(streams, ["users/0190-ab/checkouts/c-1", "users/0190-ab/checkout/c-1"]);
    for wrong in [
        "",
        "orders/1",
        "users/a/orders",
        "users/a/orders/1/2",
        "users/a/or ders/1",
        "users/A/orders/1",
    ] {
        let refusal = wrong.parse::<Purchase>().unwrap_err();
        assert!(refusal.contains("such as users/0190-ab/orders/o1"), "{refusal}");
    }
}
