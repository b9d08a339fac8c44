//! The laws that products keep, whatever is asked in whatever order.

use std::collections::BTreeMap;

use base_ids::StreamName;
use base_time::Timestamp;
use cell_kernel::{
    Asked, Outbox, Posted, Seen,
    story::{old_events_still_lift, replay_equals_live},
};
use cell_words::{ProductId, details::FieldChange};
use proptest::prelude::*;
use prost::Message as _;
use strum::VariantNames as _;

use super::{
    atlas, details, ean, id, market::Market, numbered, of_record, operator, record, tenant, text,
    wire_details,
};
use crate::{
    Command, Event, Products, State,
    command::{Ask, Proposal},
    state::ChangeStage,
    wire,
};

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("events.jsonl");
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!("\"kind\":\"{kind}\"")), "no golden line of {kind}");
    }
    let product = old_events_still_lift::<Products>(golden).product.unwrap();
    assert_eq!((product.revision, product.details.pages), (2, 212));
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let change = (0..6u8).prop_map(|number| id(&format!("c{number}")));
    prop_oneof![
        prop::bool::ANY.prop_map(|publish| Ask::Propose {
            details: details("Livre"),
            by: None,
            publish
        }),
        Just(Ask::Publish),
        Just(Ask::Reject { reason: text("no") }),
        Just(Ask::Withdraw { reason: text("gone") }),
        (change.clone(), 1..5u64, 0..9u32).prop_map(|(change, base_revision, pages)| {
            let fields = vec![FieldChange::Pages(pages)];
            let (by, note) = (Some(atlas()), text(""));
            Ask::ProposeChange(Box::new(Proposal { change, by, base_revision, fields, note }))
        }),
        change.clone().prop_map(|change| Ask::ApproveChange { change }),
        change.prop_map(|change| Ask::DeclineChange { change, reason: text("no") }),
    ]
}

/// Law product-2: approved changes are of different revisions, one after the other.
fn at_most_one_is_approved_per_revision(history: &[Event]) -> Result<(), TestCaseError> {
    let mut bases = BTreeMap::new();
    let mut approved = Vec::new();
    for event in history {
        match event {
            Event::ChangeProposed { proposal, .. } => {
                bases.insert(proposal.change.clone(), proposal.base_revision);
            }
            Event::ChangeApproved { change } => approved.push(bases[change]),
            _ => {}
        }
    }
    let expected: Vec<u64> = (1..).take(approved.len()).collect();
    prop_assert_eq!(approved, expected, "product-2");
    Ok(())
}

proptest! {
    #[test]
    fn a_record_keeps_its_promises_whatever_is_asked(asks in prop::collection::vec(any_ask(), 1..80)) {
        let mut told = record();
        for (now, ask) in (0..).zip(asks) {
            told = told.at(now).when(&of_record(ask)).decided().0;
            if let Some(product) = &told.state().product {
                let stale = product.changes.values().find(|change| {
                    change.stage == ChangeStage::Proposed
                        && change.proposal.base_revision != product.revision
                });
                prop_assert!(stale.is_none(), "product-2: {stale:?} waits for a revision that has gone");
            }
        }
        at_most_one_is_approved_per_revision(told.history())?;
        replay_equals_live(&told);
    }
}

proptest! {
    // Each case is a whole cell: fewer of them say as much.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn duplicate_numbers_give_one_record_each_and_replicas_rebuild_to_the_same_rows(
        proposals in prop::collection::vec((0..6u8, 0..12u32, prop::bool::ANY), 1..60),
    ) {
        let mut market = Market::new();
        let mut products = std::collections::BTreeSet::new();
        for (vendor, number, publish) in proposals {
            let (vendor, product) = (tenant(&format!("vendors/v{vendor}")), numbered(number));
            let offer = StreamName::new(vendor, "offers", "offer-b-1").unwrap();
            let details = Some(wire_details("Livre"));
            let propose = wire::ProposeProduct { product: product.to_string(), details };
            market.house.tell(&product.shard(), &offer, &propose).unwrap();
            if publish {
                let command = Command { product: product.clone(), ask: Ask::Publish };
                market.house.ask(&product.shard(), operator(), &command).unwrap();
            }
            products.insert(product);
        }
        let histories = market.house.histories("product-");
        prop_assert_eq!(histories.len(), products.len(), "product-1");
        for (stream, history) in histories {
            let is_proposal = |event: &&Event| matches!(event, Event::ProductProposed { .. });
            prop_assert_eq!(history.iter().filter(is_proposal).count(), 1, "product-1: {}", stream);
        }
        prop_assert_eq!(rebuilt(&market).replicas(), market.replicas());
    }
}

/// A cell that has just been added: it hears everything that was ever published, stream by stream.
fn rebuilt(market: &Market) -> Market {
    let mut fresh = Market::new();
    for (stream, history) in market.house.histories("") {
        let mut state = State::default();
        for (version, event) in (1..).map(base_ids::Version).zip(history) {
            state.evolve(event);
            let (tenant, key, at) = (&stream.tenant, &*stream.key, Timestamp::default());
            let mut outbox = Outbox::default();
            let seen = Seen { tenant, key, event, state: &state, version, at };
            crate::announce::announce(&seen, &mut outbox);
            for posted in outbox.into_posted() {
                let Posted::Public { body, .. } = posted else { unreachable!("all is public") };
                let told = wire::ProductPublished::decode(&*body).unwrap();
                fresh.house.publish(stream, version, &told);
            }
        }
    }
    fresh
}

#[test]
fn a_hundred_thousand_proposals_of_the_same_numbers_give_one_record_each() {
    let mut records: BTreeMap<ProductId, State> = BTreeMap::new();
    let numbers: Vec<ProductId> = (0..1_000).map(numbered).collect();
    let proposal = details("Livre");
    for at in 0..100_000_usize {
        let product = numbers[at * 7_919 % numbers.len()].clone();
        let asked = Asked { tenant: product.shard(), caller: operator(), at: Timestamp::default() };
        let ask = Ask::Propose { details: proposal.clone(), by: None, publish: false };
        let command = Command { product: product.clone(), ask };
        let state = records.entry(product).or_default();
        let decided = crate::decide::decide(state, &command, &asked).unwrap();
        assert_eq!(decided.len(), usize::from(state.product.is_none()), "product-1");
        for event in &decided {
            state.evolve(event);
        }
    }
    assert_eq!(records.len(), 1_000);
    assert!(records.contains_key(&ean()));
}
