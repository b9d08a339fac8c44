//! What orders tells: groups to their vendors and the checkout, child orders to their group, and what follows for stock and money.

use base_ids::{ResourceId, Tenant};
use cell_kernel::{Decider as _, Outbox, Seen};
use cell_words::{money, service};

use crate::{
    Orders,
    command::{Placement, Status},
    draft::GroupDraft,
    event::Event,
    number,
    state::{Child, Group},
    wire,
};

pub(crate) fn announce(seen: &Seen<'_, Orders>, outbox: &mut Outbox) {
    if let Some(group) = seen.state.group() {
        tell_of_group(seen, group, outbox);
    }
    if let Some(child) = seen.state.child() {
        tell_of_child(seen, child, outbox);
    }
}

fn tell_of_group(seen: &Seen<'_, Orders>, group: &Group, outbox: &mut Outbox) {
    let vendors = || group.draft.children.iter().map(|child| (&child.vendor, &child.order));
    match seen.event {
        Event::GroupPlaced { number, draft, .. } => place_children(seen, number, draft, outbox),
        Event::GroupConfirmed { answer_until } => {
            for (vendor, order) in vendors() {
                let answer_until_ms = answer_until.as_millis();
                let confirm = wire::ConfirmChild { order: order.to_string(), answer_until_ms };
                outbox.tell(vendor, Orders::SERVICE, &confirm);
            }
        }
        Event::GroupUndone { reason } => cancel_children(vendors(), reason, outbox),
        Event::CancellationAsked { orders, reason } => {
            let reason = reason.as_ref().map_or("", |reason| reason.as_str());
            let asked = vendors().filter(|(_, order)| orders.contains(order));
            cancel_children(asked, reason, outbox);
        }
        Event::RefundAsked { order, reason } => {
            let refund = wire::RefundShare {
                payment: group.draft.payment.to_string(),
                order: order.to_string(),
                reason: reason.clone(),
                group: group_id(seen.key),
            };
            outbox.tell(seen.tenant, service::PAYMENTS, &refund);
        }
        Event::CashReported { order, amount } => {
            let cash = wire::CashCollected {
                payment: group.draft.payment.to_string(),
                order: order.to_string(),
                amount: Some(money(*amount)),
            };
            outbox.tell(seen.tenant, service::PAYMENTS, &cash);
        }
        _ => {}
    }
}

fn place_children(seen: &Seen<'_, Orders>, number: &str, draft: &GroupDraft, outbox: &mut Outbox) {
    let group = group_id(seen.key);
    let placed = wire::GroupPlaced { group: group.clone(), number: number.to_owned() };
    outbox.tell(seen.tenant, service::CHECKOUT, &placed);
    for (place, child) in draft.children.iter().enumerate() {
        let asked = wire::PlaceChild {
            group: group.clone(),
            buyer: seen.tenant.to_string(),
            number: number::of_child(number, place),
            child: Some(wire::child_draft(child)),
            address: Some((&draft.address).into()),
            payment_method: <&str>::from(draft.payment_method).to_owned(),
        };
        outbox.tell(&child.vendor, Orders::SERVICE, &asked);
    }
}

fn cancel_children<'a>(
    children: impl Iterator<Item = (&'a Tenant, &'a ResourceId)>,
    reason: &str,
    outbox: &mut Outbox,
) {
    for (vendor, order) in children {
        let (order, reason) = (order.to_string(), reason.to_owned());
        outbox.tell(vendor, Orders::SERVICE, &wire::CancelChild { order, reason });
    }
}

/// A group hears of what its vendor (or time) has done, not of what it has asked for itself.
fn tell_of_child(seen: &Seen<'_, Orders>, child: &Child, outbox: &mut Outbox) {
    let Placement { draft, buyer, group, .. } = &child.placement;
    let due = || wire::AnswerDue { order: draft.order.to_string() };
    if let Event::ChildConfirmed { answer_until } = seen.event {
        outbox.remind(seen.tenant, Orders::SERVICE, *answer_until, &due());
    }
    if matches!(child.status, Status::Placed | Status::Confirmed) {
        return;
    }
    outbox.call_off(&due());
    let (carrier, tracking_number) = wire::parcel(child.parcel.as_ref());
    let changed = wire::ChildChanged {
        group: group.to_string(),
        order: draft.order.to_string(),
        sequence: seen.version.0,
        status: wire::child_status(child.status).into(),
        reason: child.reason.clone(),
        carrier,
        tracking_number,
    };
    outbox.tell(buyer, Orders::SERVICE, &changed);
    let reservation = draft.reservation.to_string();
    if child.status.is_dropped() {
        let reason = child.status.as_str().to_owned();
        let release = wire::ReleaseReservation { reservation, reason };
        outbox.tell(seen.tenant, service::INVENTORY, &release);
    } else if child.status == Status::Shipped {
        outbox.tell(seen.tenant, service::INVENTORY, &wire::ShipReservation { reservation });
    }
}

/// The group's id, as its stream's key has it.
fn group_id(key: &str) -> String {
    key.strip_prefix(Orders::GROUP).unwrap_or(key).to_owned()
}
