//! What follows when a wait has lasted as long as it may. A reminder whose wait is over already changes nothing.

use cell_kernel::Problem;

use super::{Course, Trouble, undo, vendors};
use crate::{
    command::Wait,
    event::{Ending, Event},
    facts::Waits,
    state::{Stage, Stock},
};

pub(super) fn over(course: &mut Course, wait: Wait) {
    match (wait, &course.session.stage) {
        (Wait::Buyer, Stage::Open) => {
            let text = "it was not placed in time; start another one";
            give_up(course, vec![Trouble::CheckoutExpired.about("checkout", text)]);
        }
        (Wait::Cart, Stage::Claiming) => {
            let text = "the cart did not answer in time; try again";
            give_up(course, vec![Trouble::CartSilent.about("cart", text)]);
        }
        (Wait::Vendors, Stage::Asking) => vendors::weigh(course, true),
        (Wait::Payment, Stage::Authorising { .. }) => {
            let text = "the payment was not made in time; try again";
            give_up(course, vec![Trouble::PaymentExpired.about("payment", text)]);
        }
        (Wait::Settling, Stage::Placing | Stage::Committing) => {
            let waits = &course.session.waits;
            let more = waits.giving_up_ms.saturating_sub(waits.settling_ms);
            let give_up_at = course.now.after(Waits::span(more));
            call_for_attention(course, Some(give_up_at));
        }
        // Only the payment knows whether the money is taken; it goes on asking its provider until it does.
        (Wait::Settling, Stage::Capturing) | (Wait::Undoing, Stage::Undoing { .. }) => {
            call_for_attention(course, None);
        }
        (Wait::GivingUp, Stage::Placing) => {
            let text = "the order could not be placed in time; try again";
            give_up(course, vec![Trouble::OrderSilent.about("order", text)]);
        }
        (Wait::GivingUp, Stage::Committing) => {
            let unsold = course.session.live_shares().filter(|share| share.stock != Stock::Sold);
            let problems = unsold.flat_map(vendors::silent).collect();
            give_up(course, problems);
        }
        _ => {}
    }
}

fn give_up(course: &mut Course, problems: Vec<Problem>) {
    undo::start(course, Ending::Failed, problems);
}

fn call_for_attention(course: &mut Course, give_up_at: Option<base_time::Timestamp>) {
    if !course.session.attention {
        let waiting_for = course.session.waiting_for();
        course.add(Event::AttentionNeeded { waiting_for, give_up_at });
    }
}
