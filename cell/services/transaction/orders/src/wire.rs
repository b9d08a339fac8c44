//! The generated messages of this service's contract, and those of the neighbours it speaks to; with our words in theirs.

use cell_words::money;

use crate::{
    command::{Parcel, Status},
    draft,
    state::GroupStatus,
};

pub use souk_proto::souk::{
    inventory::v1::{ReleaseReservation, ShipReservation},
    orders::v1::{
        AcceptOrderRequest, AnswerDue, CancelChild, CancelGroup, CancelOrderRequest, ChildChanged,
        ChildDraft, ChildStatus, ConfirmChild, ConfirmGroup, DeliverOrderRequest, GetOrderRequest,
        GetVendorOrderRequest, GroupPlaced, ListOrdersRequest, ListOrdersResponse,
        ListVendorOrdersRequest, ListVendorOrdersResponse, Order, OrderLine, PlaceChild,
        PlaceGroup, RejectOrderRequest, ShipOrderRequest, VendorOrder, WatchOrderRequest,
        WatchVendorOrderRequest, order,
    },
    payments::v1::{CashCollected, RefundShare, ShareRefunded},
};

/// A line, as it was frozen.
pub(crate) fn line(line: &draft::Line) -> OrderLine {
    OrderLine {
        offer: line.offer.to_string(),
        product: line.product.clone(),
        title: Some((&line.title).into()),
        quantity: line.quantity.into(),
        price: Some(money(line.price)),
    }
}

/// One vendor's share, as it was frozen.
pub(crate) fn child_draft(draft: &draft::ChildDraft) -> ChildDraft {
    ChildDraft {
        order: draft.order.to_string(),
        vendor: draft.vendor.to_string(),
        lines: draft.lines.iter().map(line).collect(),
        delivery_fee: Some(money(draft.delivery_fee)),
        commission_basis_points: draft.commission.basis_points.into(),
        reservation: draft.reservation.to_string(),
    }
}

/// A child order's status in the contract's words, which are ours in capitals.
pub(crate) fn child_status(status: Status) -> ChildStatus {
    ChildStatus::from_str_name(&status.as_str().to_uppercase()).unwrap_or_default()
}

/// What a status on the wire says; `None` if it is unspecified or not known.
pub(crate) fn read_status(status: i32) -> Option<Status> {
    ChildStatus::try_from(status).ok()?.as_str_name().to_lowercase().parse().ok()
}

/// A group's status in the contract's words, which are ours in capitals.
pub(crate) fn group_status(status: GroupStatus) -> order::Status {
    order::Status::from_str_name(status.into()).unwrap_or_default()
}

/// A parcel: its carrier and its number, empty where there is none.
pub(crate) fn parcel(parcel: Option<&Parcel>) -> (String, String) {
    let number = parcel.and_then(|parcel| parcel.tracking_number.as_ref());
    (
        parcel.map(|parcel| parcel.carrier.to_string()).unwrap_or_default(),
        number.map(ToString::to_string).unwrap_or_default(),
    )
}
