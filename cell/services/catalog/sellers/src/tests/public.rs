//! What others get to see of a seller, and what they never do.

use std::collections::BTreeMap;

use base_claims::{Claim, Moved, Step};
use base_ids::{MessageId, StreamName, Version};
use base_time::Timestamp;
use cell_kernel::{Heard, Outbox, Posted, Replica as _, Rows, Seen, story::Story};
use prost::Message as _;

use super::{HANDLE_NAME, holiday, leila, moved, open_shop, tenant, text};
use crate::{
    Event, Sellers, State, announce,
    replica::{SellerRow, SellersEverywhere},
    state::Status,
    wire::sellers as wire,
};

/// Everything that was published while the story happened, with the version of its event.
fn published(told: &Story<Sellers>) -> Vec<(u64, wire::SellerPublished)> {
    let vendor = tenant("vendors/atlas");
    let mut state = State::default();
    let mut found = Vec::new();
    for (version, event) in (1..).zip(told.history()) {
        state.evolve(event);
        let seen = Seen {
            tenant: &vendor,
            key: "seller",
            event,
            state: &state,
            version: Version(version),
            at: Timestamp::default(),
        };
        let mut outbox = Outbox::default();
        announce::announce(&seen, &mut outbox);
        for posted in outbox.into_posted() {
            if let Posted::Public { body, .. } = posted {
                found.push((version, wire::SellerPublished::decode(&*body).unwrap()));
            }
        }
    }
    found
}

fn fold(rows: &mut BTreeMap<String, SellerRow>, version: u64, told: &wire::SellerPublished) {
    let body = told.encode_to_vec();
    let from: StreamName = "vendors/atlas/sellers/seller".parse().unwrap();
    let heard = Heard {
        id: MessageId::derived(&from, Version(version), 0),
        kind: "souk.sellers.v1.SellerPublished",
        body: &body,
        from: &from,
        version: Version(version),
        at: Timestamp::default(),
    };
    let before = rows.get(&SellersEverywhere::key(&heard).unwrap()).cloned();
    let mut changes = Rows::new();
    SellersEverywhere::fold(before, &heard, &mut changes).unwrap();
    for change in changes.into_changes() {
        match change.row {
            Some(row) => rows.insert(change.key, serde_json::from_slice(&row).unwrap()),
            None => rows.remove(&change.key),
        };
    }
}

fn a_life() -> Story<Sellers> {
    let days = super::days(1, 2);
    let claim = Claim { wanted: text("atlas"), claim: text("c1"), decides: tenant(HANDLE_NAME) };
    open_shop().given([
        Event::HandleMoved(Moved { claim: claim.clone(), to: Step::Asked }),
        Event::HandleMoved(Moved { claim, to: Step::Held }),
        holiday(days, false),
        holiday(days, true),
        Event::HolidayChanged { holiday: None },
        moved(Status::Suspended, Some(text("counterfeit"))),
        moved(Status::Open, Some(text("proven wrong"))),
    ])
}

#[test]
fn everyone_is_told_of_each_change_that_shows() {
    let told = published(&a_life());
    let said: Vec<(&str, &str)> =
        told.iter().map(|(_, told)| (told.status.as_str(), told.closed_because.as_str())).collect();
    let expected = [
        ("applied", "onboarding"),
        ("submitted", "onboarding"),
        ("open", ""),
        ("open", ""),
        ("open", "holiday"),
        ("open", ""),
        ("suspended", "suspended"),
        ("open", ""),
    ];
    assert_eq!(said, expected);
    assert_eq!(told[4].1.closed_until_ms, 2);
    assert_eq!((told[2].1.handle.as_str(), told[3].1.handle.as_str()), ("", "atlas"));
}

#[test]
fn the_replica_lists_a_seller_under_what_it_is_now_and_nothing_else() {
    let told = published(&a_life());
    let mut rows = BTreeMap::new();
    let keys = |rows: &BTreeMap<String, SellerRow>| rows.keys().cloned().collect::<Vec<_>>();
    let mut seen = Vec::new();
    for (version, told) in &told {
        fold(&mut rows, *version, told);
        seen.push(keys(&rows));
    }
    assert_eq!(seen[0], ["of/atlas", "status/applied/atlas"]);
    assert_eq!(seen[4], ["of/atlas", "status/open/atlas", "trading/atlas"], "on holiday");
    assert_eq!(seen[6], ["of/atlas", "status/suspended/atlas"]);
    let newest = rows.clone();
    // A seller that has moved: the cell it came from is heard late.
    for (version, told) in &told {
        fold(&mut rows, *version, told);
    }
    assert_eq!(rows, newest, "old news changes nothing");
    let mut only_the_last = BTreeMap::new();
    let (version, last) = told.last().unwrap();
    fold(&mut only_the_last, *version, last);
    assert_eq!(only_the_last, newest, "each message says all that is to be known");
}

/// The fields of a message of the contract.
fn fields_of(message: &str) -> Vec<String> {
    let files = prost_types::FileDescriptorSet::decode(souk_proto::DESCRIPTORS).unwrap().file;
    let messages = files.into_iter().filter(|file| file.package() == "souk.sellers.v1");
    let found = messages.flat_map(|file| file.message_type).find(|of| of.name() == message);
    found.unwrap().field.into_iter().map(|field| field.name().to_owned()).collect()
}

#[test]
fn a_shopper_sees_exactly_these_fields_of_a_seller() {
    let public = ["name", "vendor", "display_name", "city", "handle", "open", "holiday_until_ms"];
    assert_eq!(fields_of("CatalogSeller"), public);
    let told = [
        "vendor",
        "open",
        "closed_because",
        "display_name",
        "city",
        "handle",
        "closed_until_ms",
        "display_name_tifinagh",
        "status",
    ];
    assert_eq!(fields_of("SellerPublished"), told, "no papers, no terms, no team leave the cell");
}

#[test]
fn a_sellers_papers_are_in_nothing_that_is_published() {
    let told = a_life().given([super::joined("users/samir", cell_kernel::VendorRole::Staff)]);
    for (_, message) in published(&told) {
        let shown = format!("{message:?}");
        for private in [super::ICE, super::RIB, leila().as_str(), "users/samir", "counterfeit"] {
            assert!(!shown.contains(private), "{private} in {shown}");
        }
    }
}

#[test]
fn every_status_requirement_and_check_has_its_word_in_the_contract() {
    use base_papers::{Check, PaperKind};
    use strum::IntoEnumIterator as _;
    for status in Status::iter() {
        let word = status.as_str().to_uppercase();
        assert!(wire::SellerStatus::from_str_name(&word).is_some(), "{word}");
    }
    for kind in PaperKind::iter() {
        let word = kind.as_str().to_uppercase();
        assert!(wire::Requirement::from_str_name(&word).is_some(), "{word}");
    }
    let wrong = Check::FoundWrong(text("not readable"));
    for check in [Check::Received, Check::Computed, Check::Attested, Check::Verified, wrong] {
        let word = check.as_str().to_uppercase();
        assert!(wire::submission::Check::from_str_name(&word).is_some(), "{word}");
    }
}
