//! Rows as buyers and vendors see them: a buyer never sees a vendor's terms, a vendor never sees who the buyer is to us.

use base_time::Timestamp;
use cell_words::money;

use crate::{draft::ChildDraft, state::Part, view, wire};

/// A group, to its buyer.
pub(super) fn order(row: &view::Group) -> wire::Order {
    let group = &row.group;
    let draft = &group.draft;
    wire::Order {
        name: format!("{}/orders/{}", row.buyer, row.id),
        number: group.number.clone(),
        status: wire::group_status(group.status()).into(),
        placed_at_ms: group.placed_at.as_millis(),
        total: Some(money(draft.total())),
        refunded: Some(money(group.refunded())),
        address: Some((&draft.address).into()),
        payment_method: <&str>::from(draft.payment_method).to_owned(),
        payment: format!("{}/payments/{}", row.buyer, draft.payment),
        parts: group.children().map(|(draft, number, known)| part(draft, number, known)).collect(),
    }
}

fn part(draft: &ChildDraft, number: String, part: &Part) -> wire::order::Part {
    let (carrier, tracking_number) = wire::parcel(part.parcel.as_ref());
    wire::order::Part {
        order: draft.order.to_string(),
        number,
        vendor: draft.vendor.to_string(),
        status: wire::child_status(part.status).into(),
        reason: part.reason.clone(),
        cancelling: part.cancelling,
        lines: draft.lines.iter().map(wire::line).collect(),
        delivery_fee: Some(money(draft.delivery_fee)),
        total: Some(money(draft.total)),
        refunded: Some(money(part.refund.amount(draft.total.currency))),
        carrier,
        tracking_number,
    }
}

/// A child order, to its vendor.
pub(super) fn vendor_order(row: &view::Child) -> wire::VendorOrder {
    let child = &row.child;
    let (placement, draft) = (&child.placement, &child.placement.draft);
    let (carrier, tracking_number) = wire::parcel(child.parcel.as_ref());
    wire::VendorOrder {
        name: format!("{}/orders/{}", row.vendor, draft.order),
        number: placement.number.clone(),
        status: wire::child_status(child.status).into(),
        placed_at_ms: child.placed_at.as_millis(),
        answer_until_ms: child.answer_until.map_or(0, Timestamp::as_millis),
        lines: draft.lines.iter().map(wire::line).collect(),
        goods: Some(money(draft.goods)),
        delivery_fee: Some(money(draft.delivery_fee)),
        total: Some(money(draft.total)),
        commission_basis_points: draft.commission.basis_points.into(),
        commission: Some(money(draft.commission.amount)),
        address: Some((&placement.address).into()),
        payment_method: <&str>::from(placement.payment_method).to_owned(),
        reason: child.reason.clone(),
        carrier,
        tracking_number,
    }
}
