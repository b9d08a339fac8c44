//! The generated messages of this service's contract, and those of the neighbours it speaks to; with our words in theirs.

use base_money::Money;
use base_time::Timestamp;

use crate::{command, draft};

pub use souk_proto::souk::{
    inventory::v1::{ReleaseReservation, ShipReservation},
    orders::v1::{
        AcceptOrderRequest, AnswerDue, CancelChild, CancelGroup, CancelOrderRequest, ChildChanged,
        ChildDraft, ChildStatus, ConfirmChild, ConfirmGroup, DeliverOrderRequest, GetOrderRequest,
        GetVendorOrderRequest, GroupPlaced, ListOrdersRequest, ListOrdersResponse,
        ListVendorOrdersRequest, ListVendorOrdersResponse, Order, OrderLine, OrderSummary,
        PlaceChild, PlaceGroup, RejectOrderRequest, ShipOrderRequest, VendorOrder,
        VendorOrderSummary, WatchOrderRequest, WatchVendorOrderRequest, order, order_summary,
    },
    payments::v1::{CashCollected, RefundShare, ShareRefunded},
    v1::{Address, LocalText, Money as Amount},
};

/// An amount.
pub(crate) fn amount(money: Money) -> Amount {
    Amount { currency: money.currency.code().to_owned(), minor: money.minor }
}

/// A point in time.
pub(crate) fn millis(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_millis)
}

impl From<&draft::Line> for OrderLine {
    fn from(line: &draft::Line) -> Self {
        let draft::Title { ar, fr, en } = line.title.clone();
        Self {
            offer: line.offer.to_string(),
            product: line.product.clone(),
            title: Some(LocalText { ar, fr, en }),
            quantity: line.quantity.into(),
            price: Some(amount(line.price)),
        }
    }
}

impl From<&draft::Address> for Address {
    fn from(address: &draft::Address) -> Self {
        let draft::Address { recipient, phone, lines, district, city, postcode, country } =
            address.clone();
        Self { recipient, phone, lines, district, city, postcode, country }
    }
}

impl From<&draft::ChildDraft> for ChildDraft {
    fn from(draft: &draft::ChildDraft) -> Self {
        Self {
            order: draft.order.to_string(),
            vendor: draft.vendor.to_string(),
            lines: draft.lines.iter().map(OrderLine::from).collect(),
            delivery_fee: Some(amount(draft.delivery_fee)),
            commission_basis_points: i32::try_from(draft.commission.basis_points)
                .expect("a commission is at most 10000 basis points"),
            reservation: draft.reservation.to_string(),
        }
    }
}

impl From<command::Status> for ChildStatus {
    fn from(status: command::Status) -> Self {
        match status {
            command::Status::Placed => Self::Placed,
            command::Status::Confirmed => Self::Confirmed,
            command::Status::Accepted => Self::Accepted,
            command::Status::Rejected => Self::Rejected,
            command::Status::Lapsed => Self::Lapsed,
            command::Status::Cancelled => Self::Cancelled,
            command::Status::Shipped => Self::Shipped,
            command::Status::Delivered => Self::Delivered,
        }
    }
}

/// What a status on the wire says; `None` if it is unspecified or not known.
pub(crate) fn read_status(status: i32) -> Option<command::Status> {
    Some(match ChildStatus::try_from(status).ok()? {
        ChildStatus::Unspecified => return None,
        ChildStatus::Placed => command::Status::Placed,
        ChildStatus::Confirmed => command::Status::Confirmed,
        ChildStatus::Accepted => command::Status::Accepted,
        ChildStatus::Rejected => command::Status::Rejected,
        ChildStatus::Lapsed => command::Status::Lapsed,
        ChildStatus::Cancelled => command::Status::Cancelled,
        ChildStatus::Shipped => command::Status::Shipped,
        ChildStatus::Delivered => command::Status::Delivered,
    })
}
