//! How holds and the record of operators look, and which places can be named.

use base_ids::Slot;
use souk_proto_fleet::v1::{
    Deed, Hold, ListDeedsResponse, ListHoldsResponse, Ownership, place::Is,
};

use super::{MORNING, json, text};
use crate::holds::{Held, Place, Record};

fn held(is: Is, why: &str) -> Ownership {
    Ownership {
        place: Some(souk_proto_fleet::v1::Place { is: Some(is) }),
        cell: "cell-2".into(),
        generation: 4,
        hold: Some(Hold { by: "leila".into(), why: why.into(), since_ms: MORNING }),
    }
}

#[test]
fn holds_say_since_when_by_whom_and_why() {
    let answer = ListHoldsResponse {
        held: vec![
            held(Is::Slot(0x3e3d), "a look at the disk"),
            held(Is::Tenant("vendors/atlas".into()), "an audit"),
        ],
        epoch: 9,
    };
    insta::assert_snapshot!("slots_held", text(&Held::from(answer.clone())));
    insta::assert_snapshot!("slots_held_json", json(&Held::from(answer)));
}

#[test]
fn the_record_tells_who_did_what_when_and_why() {
    let deed = |kind: &str, place: &str, generation| Deed {
        at_ms: MORNING + i64::try_from(generation).unwrap(),
        by: "leila".into(),
        from: "10.0.0.9:41022".into(),
        kind: kind.into(),
        place: place.into(),
        generation,
        why: "an audit".into(),
    };
    let deeds =
        vec![deed("release", "tenant vendors/atlas", 3), deed("hold", "tenant vendors/atlas", 2)];
    insta::assert_snapshot!("slots_record", text(&Record::from(ListDeedsResponse { deeds })));
    let nothing = Record::from(ListDeedsResponse::default());
    assert_eq!(text(&nothing), "operators did nothing yet\n");
}

#[test]
fn a_place_is_a_slot_as_it_is_shown_or_a_tenant() {
    assert_eq!("3e3d".parse(), Ok(Place::Slot(Slot(0x3e3d))));
    assert_eq!("vendors/atlas".parse(), Ok(Place::Tenant("vendors/atlas".parse().unwrap())));
    for text in ["", "3e3", "15933", "+3e3", "vendors/Atlas", "cell-1"] {
        assert!(text.parse::<Place>().is_err(), "{text}");
    }
}
