//! The laws that offers keep, whatever is asked in whatever order.

use cell_kernel::{
    Event as _,
    story::{old_events_still_lift, replay_equals_live, story},
};
use cell_words::{Condition, import::Line};
use proptest::prelude::*;
use strum::VariantNames as _;

use super::{draft, id, of_offer, price};
use crate::{Event, Facts, Offers, State, command::Ask};

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("events.jsonl");
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!("\"kind\":\"{kind}\"")), "no golden line of {kind}");
    }
    // A stream is an offer or a quote: the file holds one of each.
    let (quotes, offer): (Vec<&str>, Vec<&str>) = golden
        .lines()
        .partition(|line| Event::read(line.as_bytes()).unwrap().kind().starts_with("Quote"));
    let offer = old_events_still_lift::<Offers>(&offer.join("\n"));
    assert_eq!(offer.offer().unwrap().price, price(5_000));
    assert_eq!(old_events_still_lift::<Offers>(&quotes.join("\n")), State::Quoted);
}

fn any_ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        (1..5i64).prop_map(|minor| Ask::Create(Box::new(draft(minor)))),
        (prop::option::of(1..5i64), prop::bool::ANY).prop_map(|(minor, fair)| Ask::Update {
            price: minor.map(price),
            condition: fair.then_some(Condition::Fair),
        }),
        Just(Ask::Pause),
        Just(Ask::Resume),
        Just(Ask::Withdraw),
        (1..5i64).prop_map(|minor| Ask::CarryOut(Box::new(Line {
            import: id("i1"),
            line: 1,
            offer: id("b-1"),
            draft: draft(minor),
            stock: None,
        }))),
    ]
}

proptest! {
    #[test]
    fn an_offer_keeps_its_promises_whatever_is_asked(asks in prop::collection::vec(any_ask(), 1..60)) {
        let mut told = story::<Offers>("vendors/atlas");
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
}
