//! What follows when a wait has lasted as long as it may. A reminder whose wait is over already changes nothing.

use std::time::Duration;

use super::{Course, Trouble, payment, undo, vendors};
use crate::{
    command::{PaymentNews, Wait},
    event::{Ending, Event},
    state::{Share, Stage, Stock},
};

pub(super) fn over(course: &mut Course, wait: Wait) {
    match (wait, &course.session.stage) {
        (Wait::Buyer, Stage::Open) => {
            let text = "it was not placed in time; start another one";
            undo::fail(course, Trouble::CheckoutExpired.about("checkout", text));
        }
        (Wait::Cart, Stage::Claiming) => {
            let text = "the cart did not answer in time; try again";
            undo::fail(course, Trouble::CartSilent.about("cart", text));
        }
        (Wait::Vendors, Stage::Asking) => vendors::weigh(course, true),
        (Wait::Payment, Stage::Authorising { .. }) => {
            payment::failed(course, &PaymentNews::Expired);
        }
        (Wait::Settling, Stage::Placing | Stage::Committing) => {
            let waits = &course.session.waits;
            let more = waits.giving_up_ms.saturating_sub(waits.settling_ms);
            let give_up_at = course.now.after(Duration::from_millis(more));
            call_for_attention(course, Some(give_up_at));
        }
        // Only the payment knows whether the money is taken; it goes on asking its provider until it does.
        (Wait::Settling, Stage::Capturing) | (Wait::Undoing, Stage::Undoing { .. }) => {
            call_for_attention(course, None);
        }
        (Wait::GivingUp, Stage::Placing) => {
            let text = "the order could not be placed in time; try again";
            undo::fail(course, Trouble::OrderSilent.about("order", text));
        }
        (Wait::GivingUp, Stage::Committing) => {
            let unsold = course.session.live_shares().filter(|share| share.stock != Stock::Sold);
            let problems = unsold.flat_map(Share::silence).collect();
            undo::start(course, Ending::Failed, problems);
        }
        _ => {}
    }
}

fn call_for_attention(course: &mut Course, give_up_at: Option<base_time::Timestamp>) {
    if !course.session.attention {
        let waiting_for = course.session.waiting_for();
        course.add(Event::AttentionNeeded { waiting_for, give_up_at });
    }
}
