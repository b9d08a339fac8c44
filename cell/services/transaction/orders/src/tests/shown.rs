//! What buyers and vendors see, and where lists keep it.

use base_ids::{Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};

use super::{child_confirmed, child_placed, confirmed, noted, placed, vendor};
use crate::{
    Event, Orders, State,
    command::Status,
    view::{ChildrenByStatus, GroupsByTime},
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
    let after = vendor().given([child_placed(), child_confirmed(), Event::ChildAccepted]);
    let rows = folded::<ChildrenByStatus>(
        "vendors/atlas",
        "child-o-atlas",
        &Event::ChildAccepted,
        after.state(),
    );
    let time = "0000000000000000/o-atlas";
    assert_eq!(
        rows,
        [
            (format!("confirmed/{time}"), false),
            (format!("accepted/{time}"), true),
            (format!("all/{time}"), true),
        ]
    );
}

#[test]
fn a_group_keeps_its_place_in_the_buyers_list() {
    let event = noted("rif", 3, Status::Accepted);
    let after = super::buyer().given([placed(), confirmed(), event.clone()]);
    let rows = folded::<GroupsByTime>("users/leila", "group-g1", &event, after.state());
    assert_eq!(rows, [("0000000000000000/g1".to_owned(), true)]);
}

#[test]
fn buyers_never_see_a_vendors_terms_and_vendors_never_see_who_the_buyer_is() {
    let pool = souk_fields();
    for message in ["Order", "Part", "OrderSummary"] {
        assert!(pool[message].iter().all(|field| !field.contains("commission")), "{message}");
    }
    for message in ["VendorOrder", "VendorOrderSummary"] {
        let secret = ["buyer", "payment", "group", "user"];
        assert!(pool[message].iter().all(|field| !secret.contains(&field.as_str())), "{message}");
    }
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
            fields.get_mut(&message).into_iter().for_each(|known| known.push(name.clone()));
        }
    }
    fields
}
