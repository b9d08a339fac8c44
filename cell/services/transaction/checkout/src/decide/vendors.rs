//! The cart is claimed, every vendor is asked at once, and their answers are weighed.

use std::time::Duration;

use base_money::Money;
use cell_kernel::Problem;

use super::{Course, Trouble, undo};
use crate::{
    command::{Quote, ShareOf, Shortage},
    event::{Ending, Event},
    state::{Session, Share, Stage},
};

/// Claiming → Asking.
pub(super) fn ask(course: &mut Course) {
    if course.session.stage == Stage::Claiming {
        let promise = Duration::from_millis(course.session.waits.stock_ms);
        course.add(Event::VendorsAsked { held_until: course.now.after(promise) });
    }
}

/// Claiming → Undoing.
pub(super) fn cart_refused(course: &mut Course, code: &str) {
    if course.session.stage == Stage::Claiming {
        let text = match code {
            "cart_changed" => "the cart has changed since it was read; start another checkout",
            "cart_claimed" => "another checkout is buying the cart",
            _ => "the cart cannot be bought any more; start another checkout",
        };
        let (code, subject, text) = (code.to_owned(), "cart".to_owned(), text.to_owned());
        undo::fail(course, Problem { code, subject, text });
    }
}

pub(super) fn quoted(course: &mut Course, of: &ShareOf, quote: &Quote) {
    answered(course, of, Share::owes_terms, |share| {
        let (problems, share) = (quote.misses(&share.vendor, &share.lines), share.number);
        if problems.is_empty() {
            Event::VendorQuoted { share, quote: quote.clone() }
        } else {
            Event::VendorRefused { share, problems }
        }
    });
}

pub(super) fn not_quoted(course: &mut Course, of: &ShareOf, problems: &[Problem]) {
    answered(course, of, Share::owes_terms, |share| {
        let problems = problems.iter().map(|problem| share.named(problem)).collect();
        Event::VendorRefused { share: share.number, problems }
    });
}

pub(super) fn stock_held(course: &mut Course, of: &ShareOf) {
    answered(course, of, Share::owes_stock, |share| Event::StockHeld { share: share.number });
}

pub(super) fn stock_refused(course: &mut Course, of: &ShareOf, shortages: &[Shortage]) {
    answered(course, of, Share::owes_stock, |share| {
        let short = shortages.iter().map(|short| share.out_of_stock(short));
        let mut problems: Vec<Problem> = short.collect();
        if problems.is_empty() {
            let text = "the shop could not hold its stock in time; try again";
            problems.push(Trouble::ReservationExpired.about(share.vendor.to_string(), text));
        }
        Event::StockRefused { share: share.number, problems }
    });
}

/// Takes an answer if vendors are still being asked, name and vendor of the share agree, and the question is open.
fn answered(
    course: &mut Course,
    of: &ShareOf,
    owes: fn(&Share) -> bool,
    event: impl FnOnce(&Share) -> Event,
) {
    let asked = course.share(of, &Stage::Asking).filter(|share| owes(share));
    if let Some(event) = asked.map(event) {
        course.add(event);
        weigh(course, false);
    }
}

/// Once every vendor has answered, or time is over (`late`): Asking → Authorising, if all agreed, or those who did are enough;
/// else Asking → Undoing, with every problem there is.
pub(super) fn weigh(course: &mut Course, late: bool) {
    let session = &course.session;
    if !late && session.shares.iter().any(Share::is_pending) {
        return;
    }
    let (agreed, others): (Vec<&Share>, Vec<&Share>) =
        session.shares.iter().partition(|share| share.is_agreed());
    let problems: Vec<Problem> = others.iter().flat_map(|share| share.why_not()).collect();
    if !others.is_empty() {
        if agreed.is_empty() || !session.wishes.ship_what_you_can {
            return undo::start(course, Ending::Failed, problems);
        }
        let shares = others.iter().map(|share| share.number).collect();
        course.add(Event::VendorsDropped { shares, problems });
    }
    ask_payment(course);
}

fn ask_payment(course: &mut Course) {
    match payable(&course.session) {
        Ok(total) => {
            let waits = &course.session.waits;
            let until = course.now.after(Duration::from_millis(waits.payment_ms));
            let held_until = course.longer_hold(until);
            course.add(Event::PaymentAsked { total, until, held_until });
        }
        Err(problem) => undo::fail(course, problem),
    }
}

fn payable(session: &Session) -> Result<Money, Problem> {
    let total = session.total().ok_or_else(|| {
        Trouble::AmountTooLarge.about("total", "the total is more than can be counted")
    })?;
    if total.is_negative() || total.is_zero() {
        return Err(Trouble::NothingToPay.about("total", "there is nothing to pay for"));
    }
    match session.total_max {
        Some(limit) if total > limit => {
            let text = format!("with delivery it is {total}, more than the {limit} agreed to");
            Err(Trouble::TotalOverLimit.about("total", text))
        }
        _ => Ok(total),
    }
}
