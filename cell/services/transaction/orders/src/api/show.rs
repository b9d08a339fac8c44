//! Rows as buyers and vendors see them: a buyer never sees a vendor's terms, a vendor never sees who the buyer is to us.

use base_ids::Tenant;
use base_money::Money;

use crate::{
    command::Parcel,
    draft::ChildDraft,
    state::{GroupStatus, Part, Refund},
    view, wire,
    wire::{amount, millis},
};

/// A group, to its buyer.
pub(super) fn order(row: &view::Group) -> wire::Order {
    let group = &row.group;
    let draft = &group.draft;
    wire::Order {
        name: format!("{}/orders/{}", row.buyer, row.id),
        number: group.number.clone(),
        status: group_status(group.status()).into(),
        placed_at_ms: group.placed_at.as_millis(),
        total: Some(amount(draft.total())),
        refunded: Some(amount(group.refunded())),
        address: Some((&draft.address).into()),
        payment_method: <&str>::from(draft.payment_method).to_owned(),
        payment: format!("{}/payments/{}", row.buyer, draft.payment),
        parts: group.children().map(|(draft, number, known)| part(draft, number, known)).collect(),
    }
}

fn part(draft: &ChildDraft, number: String, part: &Part) -> wire::order::Part {
    let refunded = match part.refund {
        Refund::Done(amount) => amount,
        Refund::None | Refund::Asked => Money::zero(draft.total.currency),
    };
    let (carrier, tracking_number) = parcel(part.parcel.as_ref());
    wire::order::Part {
        order: draft.order.to_string(),
        number,
        vendor: draft.vendor.to_string(),
        status: wire::ChildStatus::from(part.status).into(),
        reason: part.reason.clone(),
        cancelling: part.cancelling,
        lines: draft.lines.iter().map(wire::OrderLine::from).collect(),
        delivery_fee: Some(amount(draft.delivery_fee)),
        total: Some(amount(draft.total)),
        refunded: Some(amount(refunded)),
        carrier,
        tracking_number,
    }
}

/// A group in a list, to its buyer.
pub(super) fn summary(buyer: &Tenant, row: &view::Summary) -> wire::OrderSummary {
    let part = |part: &view::PartSummary| wire::order_summary::Part {
        number: part.number.clone(),
        vendor: part.vendor.to_string(),
        status: wire::ChildStatus::from(part.status).into(),
        total: Some(amount(part.total)),
        quantity: part.quantity,
    };
    wire::OrderSummary {
        name: format!("{buyer}/orders/{}", row.id),
        number: row.number.clone(),
        status: group_status(row.status).into(),
        placed_at_ms: row.placed_at.as_millis(),
        total: Some(amount(row.total)),
        parts: row.parts.iter().map(part).collect(),
    }
}

fn group_status(status: GroupStatus) -> wire::order::Status {
    match status {
        GroupStatus::Placed => wire::order::Status::Placed,
        GroupStatus::Confirmed => wire::order::Status::Confirmed,
        GroupStatus::Accepted => wire::order::Status::Accepted,
        GroupStatus::PartlyShipped => wire::order::Status::PartlyShipped,
        GroupStatus::Shipped => wire::order::Status::Shipped,
        GroupStatus::Delivered => wire::order::Status::Delivered,
        GroupStatus::Cancelled => wire::order::Status::Cancelled,
    }
}

/// A child order, to its vendor.
pub(super) fn vendor_order(row: &view::Child) -> wire::VendorOrder {
    let child = &row.child;
    let (placement, draft) = (&child.placement, &child.placement.draft);
    let (carrier, tracking_number) = parcel(child.parcel.as_ref());
    wire::VendorOrder {
        name: format!("{}/orders/{}", row.vendor, draft.order),
        number: placement.number.clone(),
        status: wire::ChildStatus::from(child.status).into(),
        placed_at_ms: child.placed_at.as_millis(),
        answer_until_ms: millis(child.answer_until),
        lines: draft.lines.iter().map(wire::OrderLine::from).collect(),
        goods: Some(amount(draft.goods)),
        delivery_fee: Some(amount(draft.delivery_fee)),
        total: Some(amount(draft.total)),
        commission_basis_points: i32::try_from(draft.commission.basis_points)
            .expect("a commission is at most 10000 basis points"),
        commission: Some(amount(draft.commission.amount)),
        address: Some((&placement.address).into()),
        payment_method: <&str>::from(placement.payment_method).to_owned(),
        reason: child.reason.clone(),
        carrier,
        tracking_number,
    }
}

/// A child order in a list, to its vendor.
pub(super) fn vendor_summary(
    vendor: &Tenant,
    row: &view::ChildSummary,
) -> wire::VendorOrderSummary {
    wire::VendorOrderSummary {
        name: format!("{vendor}/orders/{}", row.order),
        number: row.number.clone(),
        status: wire::ChildStatus::from(row.status).into(),
        placed_at_ms: row.placed_at.as_millis(),
        answer_until_ms: millis(row.answer_until),
        total: Some(amount(row.total)),
        quantity: row.quantity,
        city: row.city.clone(),
    }
}

fn parcel(parcel: Option<&Parcel>) -> (String, String) {
    let number = parcel.and_then(|parcel| parcel.tracking_number.as_ref());
    (
        parcel.map(|parcel| parcel.carrier.to_string()).unwrap_or_default(),
        number.map(ToString::to_string).unwrap_or_default(),
    )
}
