//! What buyers and vendors see, and where lists keep it.

use base_ids::{Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};

use strum::VariantArray as _;

use super::{child_confirmed, child_placed, confirmed, noted, placed, vendor};
use crate::{
    Event, Orders, State,
    command::Status,
    state::GroupStatus,
    view::{Children, Groups},
    wire,
};

fn folded<V: View<Orders>>(
    tenant: &str,
    key: &str,
    event: &Event,
    state: &State,
) -> Vec<(String, bool)> {
    let tenant: Tenant = tenant.parse().unwrap();
    let at = Timestamp::default();
    let seen = Seen { tenant: &tenant, key, event, state, version: Version(1), at };
    let mut rows = Rows::new();
    V::fold(&seen, &mut rows);
    rows.into_changes().into_iter().map(|change| (change.key, change.row.is_some())).collect()
}

#[test]
fn a_child_order_moves_from_list_to_list() {
    let event = Event::ChildAccepted;
    let after = vendor().given([child_placed(), child_confirmed(), event.clone()]);
    let rows = folded::<Children>("vendors/atlas", "child-o-atlas", &event, after.state());
    let time = "0000000000000000/o-atlas";
    assert_eq!(
        rows,
        [
            (format!("confirmed/{time}"), false),
            (format!("accepted/{time}"), true),
            (format!("all/{time}"), true),
            ("id/o-atlas".to_owned(), true),
        ]
    );
}

#[test]
fn a_group_keeps_its_place_in_the_buyers_list() {
    let event = noted("rif", 3, Status::Accepted);
    let after = super::buyer().given([placed(), confirmed(), event.clone()]);
    let rows = folded::<Groups>("users/leila", "group-g1", &event, after.state());
    let kept = |key: &str| (key.to_owned(), true);
    assert_eq!(rows, [kept("id/g1"), kept("all/0000000000000000/g1")]);
}

#[test]
fn every_status_has_its_word_in_the_contract() {
    for status in Status::VARIANTS {
        let word = wire::child_status(*status);
        assert_ne!(word, wire::ChildStatus::Unspecified, "{status:?}");
        assert_eq!(wire::read_status(word.into()), Some(*status));
    }
    assert_eq!(wire::read_status(0), None);
    assert_eq!(wire::read_status(99), None);
    for status in GroupStatus::VARIANTS {
        assert_ne!(wire::group_status(*status), wire::order::Status::Unspecified, "{status:?}");
    }
}

#[test]
fn buyers_never_see_a_vendors_terms_and_vendors_never_see_who_the_buyer_is() {
    let pool = souk_fields();
    for message in ["Order", "Part"] {
        assert!(pool[message].iter().all(|field| !field.contains("commission")), "{message}");
    }
    let secret = ["buyer", "payment", "group", "user"];
    assert!(pool["VendorOrder"].iter().all(|field| !secret.contains(&field.as_str())));
}

/// The fields of the messages of the API, by message, as the contract writes them.
fn souk_fields() -> std::collections::BTreeMap<String, Vec<String>> {
    let contract = include_str!("../../../../../../proto/souk/orders/v1/orders.proto");
    let mut fields = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut message = String::new();
    for line in contract.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("message ") {
            message = name.split(' ').next().unwrap().to_owned();
            fields.entry(message.clone()).or_default();
        } else if let Some((left, _)) = line.split_once(" = ") {
            let name = left.split(' ').next_back().unwrap().to_owned();
            fields.entry(message.clone()).or_default().push(name);
        }
    }
    fields
}
