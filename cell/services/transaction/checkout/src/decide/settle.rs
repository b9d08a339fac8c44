//! The order is placed, every vendor's stock is sold, and only then is the money taken.

use super::{Course, Trouble, undo};
use crate::{
    command::ShareOf,
    event::Event,
    state::{Stage, Stock},
};

/// Placing → Committing.
pub(super) fn order_placed(course: &mut Course, number: &str) {
    if course.session.stage == Stage::Placing {
        course.add(Event::OrderPlaced { number: number.to_owned() });
    }
}

/// Committing → Capturing, once everything is sold (Invariant checkout-2); → Undoing, if a promise was over.
pub(super) fn committed(course: &mut Course, of: &ShareOf, sold: bool) {
    let asked = course.share(of, &Stage::Committing);
    let Some(share) = asked.filter(|share| share.stock == Stock::Held) else { return };
    let (share, vendor) = (share.number, share.vendor.to_string());
    if !sold {
        let text = "the shop's stock was promised for too short a time; try again";
        return undo::fail(course, Trouble::ReservationExpired.about(vendor, text));
    }
    course.add(Event::StockSold { share });
    if course.session.live_shares().all(|share| share.stock == Stock::Sold) {
        course.add(Event::CaptureAsked);
    }
}
