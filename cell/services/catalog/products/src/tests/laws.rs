//! The laws that products keep, whatever is asked in whatever order.

use std::collections::BTreeMap;

use cell_kernel::{
    Event as _,
    story::{old_events_still_lift, replay_equals_live},
};
use proptest::prelude::*;
use strum::VariantNames as _;

use super::{
    atlas, details, ean, house::House, id, manager_of, numbered, of_offer, of_record, operator,
    price, record, tenant, text,
};
use crate::{
    Command, Event, Facts, Products, State,
    command::{Condition, FieldChange, OfferAsk, ProductAsk, ProductId, Proposal},
    state::ChangeStage,
    wire,
};

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("events.jsonl");
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!("\"kind\":\"{kind}\"")), "no golden line of {kind}");
    }
    // Each stream is of one kind: the file holds one of each, in order.
    let part = |of: &[&str]| -> State {
        let of_kind = |line: &&str| of.contains(&Event::read(line.as_bytes()).unwrap().kind());
        let lines: Vec<&str> = golden.lines().filter(of_kind).collect();
        old_events_still_lift::<Products>(&lines.join("\n"))
    };
    let product = part(&[
        "ProductProposed",
        "ProductPublished",
        "ProductRejected",
        "ProductWithdrawn",
        "ChangeProposed",
        "ChangeApproved",
        "ChangeDeclined",
        "ChangeOvertaken",
    ]);
    let product = product.product().unwrap();
    assert_eq!((product.revision, product.details.pages), (2, 212));
    let offer = part(&[
        "OfferCreated",
        "OfferRepriced",
        "OfferRegraded",
        "OfferPaused",
        "OfferResumed",
        "OfferWithdrawn",
        "LineAnswered",
    ]);
    assert_eq!(offer.offer().unwrap().price, price(5_000));
    let import = part(&["ImportStarted", "LinesFaulty", "LinesTaken", "LineNoted"]);
    let import = import.import().unwrap();
    assert_eq!((import.failed, import.created, import.pending.len()), (1, 1, 0));
    assert_eq!(part(&["QuoteGiven", "QuoteRefused"]), State::Quoted);
}

fn any_offer_ask() -> impl Strategy<Value = OfferAsk> {
    prop_oneof![
        (1..5i64).prop_map(|minor| OfferAsk::Create(Box::new(super::draft(minor)))),
        (prop::option::of(1..5i64), prop::bool::ANY).prop_map(|(minor, fair)| OfferAsk::Update {
            price: minor.map(price),
            condition: fair.then_some(Condition::Fair),
        }),
        Just(OfferAsk::Pause),
        Just(OfferAsk::Resume),
        Just(OfferAsk::Withdraw),
    ]
}

fn any_product_ask() -> impl Strategy<Value = ProductAsk> {
    let change = (0..6u8).prop_map(|number| id(&format!("c{number}")));
    prop_oneof![
        prop::bool::ANY.prop_map(|publish| ProductAsk::Propose {
            details: details("Livre"),
            by: None,
            publish
        }),
        Just(ProductAsk::Publish),
        Just(ProductAsk::Reject { reason: text("no") }),
        Just(ProductAsk::Withdraw { reason: text("gone") }),
        (change.clone(), 1..5u64, 0..9u32).prop_map(|(change, base_revision, pages)| {
            let fields = vec![FieldChange::Pages(pages)];
            let (by, note) = (Some(atlas()), text(""));
            ProductAsk::ProposeChange(Box::new(Proposal {
                change,
                by,
                base_revision,
                fields,
                note,
            }))
        }),
        change.clone().prop_map(|change| ProductAsk::ApproveChange { change }),
        change.prop_map(|change| ProductAsk::DeclineChange { change, reason: text("no") }),
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
    fn an_offer_keeps_its_promises_whatever_is_asked(asks in prop::collection::vec(any_offer_ask(), 1..60)) {
        let mut told = cell_kernel::story::story::<Products>("vendors/atlas");
        let facts = Facts { product_known: true, quote: None };
        for ask in asks {
            let before = told.state().offer().map(|offer| (offer.price, offer.price_version));
            told = told.when_knowing(&of_offer(ask), &facts).decided().0;
            if let (Some((price, version)), Some(now)) = (before, told.state().offer()) {
                let raised = i64::from(now.price != price);
                prop_assert_eq!(now.price_version, version + raised, "offer-1");
            }
        }
        replay_equals_live(&told);
    }

    #[test]
    fn a_record_keeps_its_promises_whatever_is_asked(asks in prop::collection::vec(any_product_ask(), 1..80)) {
        let mut told = record();
        for (now, ask) in (0..).zip(asks) {
            told = told.at(now).when_knowing(&of_record(ask), &Facts::default()).decided().0;
            if let Some(product) = told.state().product() {
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
    // Each case is a whole cell with several imports: fewer of them say as much.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn duplicate_numbers_give_one_record_each_and_replicas_rebuild_to_the_same_rows(
        files in prop::collection::vec((0..4u8, prop::collection::vec((0..12u32, 0..9i64), 1..25)), 1..6),
        order in any::<u64>(),
    ) {
        let mut house = House::new();
        let mut products = std::collections::BTreeSet::new();
        for (vendor, lines) in &files {
            let vendor = tenant(&format!("vendors/v{vendor}"));
            let body: Vec<String> = lines.iter().enumerate().map(|(at, (number, minor))| {
                if *minor > 0 { products.insert(numbered(*number)); }
                import_line(&format!("s{at}"), &numbered(*number), *minor)
            }).collect();
            let file = wire::Callback { body: body.join("\n").into_bytes(), ..Default::default() };
            house.call::<_, wire::Import>(&vendor, &manager_of(&vendor), "ImportOffers", &file).unwrap();
        }
        // Messages come in any order.
        let mut dice = order;
        while !house.mail.is_empty() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(dice >> 33).unwrap() % house.mail.len();
            let mail = house.mail.remove(at).unwrap();
            house.hear(&mail);
        }
        for (stream, history) in house.histories("product-") {
            let proposed = history.iter().filter(|event| matches!(event, Event::ProductProposed { .. }));
            prop_assert_eq!(proposed.count(), 1, "product-1: {}", stream);
        }
        // A SKU that was taken for another product fails, so there may be fewer records than numbers, never more.
        let records: std::collections::BTreeSet<ProductId> =
            house.histories("product-").iter().map(|(name, _)| text(&name.key["product-".len()..])).collect();
        prop_assert!(records.is_subset(&products), "product-1");
        for (name, history) in house.histories("import-") {
            every_line_has_ended_once(&name.key, history)?;
        }
        let rebuilt = rebuild(&house);
        prop_assert_eq!(rebuilt.replicas(), house.replicas());
    }
}

fn import_line(sku: &str, product: &ProductId, minor: i64) -> String {
    format!(
        r#"{{"sku": "{sku}", "isbn": "{product}", "price": {{"currency": "MAD", "minor": {minor}}}, "titles": {{"fr": "Livre"}}, "authors": ["Aya"], "language": "fr", "subject": "history", "format": "pocket"}}"#
    )
}

/// Law import-1.
fn every_line_has_ended_once(name: &str, history: &[Event]) -> Result<(), TestCaseError> {
    let mut ended: BTreeMap<u32, u32> = BTreeMap::new();
    let mut lines = 0;
    for event in history {
        match event {
            Event::ImportStarted { lines: all, .. } => lines = *all,
            Event::LinesFaulty { lines } => {
                for line in lines {
                    *ended.entry(line.line).or_default() += 1;
                }
            }
            Event::LineNoted { line, .. } => *ended.entry(*line).or_default() += 1,
            _ => {}
        }
    }
    prop_assert_eq!(ended.len(), lines as usize, "import-1: {}", name);
    prop_assert!(ended.values().all(|times| *times == 1), "import-1: {name}");
    Ok(())
}

/// A cell that has just been added: it hears everything that was ever published, stream by stream.
fn rebuild(house: &House) -> House {
    let mut fresh = House::new();
    for (stream, (_, history)) in &house.streams {
        let mut state = State::default();
        for (version, event) in (1..).map(base_ids::Version).zip(history) {
            state.evolve(event);
            let seen = cell_kernel::Seen {
                tenant: &stream.tenant,
                key: &stream.key,
                event,
                state: &state,
                version,
                at: base_time::Timestamp::default(),
            };
            let mut outbox = cell_kernel::Outbox::default();
            crate::announce::announce(&seen, &mut outbox);
            for posted in outbox.into_posted() {
                if let cell_kernel::Posted::Public { kind, body, .. } = posted {
                    fresh.publish(&kind, &body, stream, version);
                }
            }
        }
    }
    fresh
}

#[test]
fn many_imports_of_the_same_books_give_one_record_per_book() {
    let mut house = House::new();
    let books = 100;
    for vendor in 0..8 {
        let vendor = tenant(&format!("vendors/v{vendor}"));
        let body: Vec<String> =
            (0..books).map(|n| import_line(&format!("s{n}"), &numbered(n), 100)).collect();
        let file = wire::Callback { body: body.join("\n").into_bytes(), ..Default::default() };
        let caller = manager_of(&vendor);
        house.call::<_, wire::Import>(&vendor, &caller, "ImportOffers", &file).unwrap();
    }
    house.settle();
    assert_eq!(house.histories("offer-").len(), 8 * books as usize);
    let records = house.histories("product-");
    assert_eq!(records.len(), books as usize, "product-1");
    assert!(records.iter().all(|(_, history)| history.len() == 1), "product-1");
}

#[test]
fn a_hundred_thousand_proposals_of_the_same_numbers_give_one_record_each() {
    let mut records: BTreeMap<ProductId, State> = BTreeMap::new();
    let numbers: Vec<ProductId> = (0..1_000).map(numbered).collect();
    let proposal = details("Livre");
    for at in 0..100_000_usize {
        let product = numbers[at * 7_919 % numbers.len()].clone();
        let asked = cell_kernel::Asked {
            tenant: product.shard(),
            caller: operator(),
            at: base_time::Timestamp::default(),
        };
        let ask = ProductAsk::Propose { details: proposal.clone(), by: None, publish: false };
        let command = Command::Product { product: product.clone(), ask };
        let state = records.entry(product).or_default();
        let decided = crate::decide::decide(state, &command, &Facts::default(), &asked).unwrap();
        assert_eq!(decided.len(), usize::from(*state == State::Nothing), "product-1");
        for event in &decided {
            state.evolve(event);
        }
    }
    assert_eq!(records.len(), 1_000);
    assert!(records.contains_key(&ean()));
}
