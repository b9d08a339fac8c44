//! The cart is claimed, every vendor is asked at once, and their answers are weighed.

use base_money::Money;
use cell_kernel::Problem;

use super::{Course, Trouble, undo};
use crate::{
    command::{Line, Quote, ShareOf, Shortage},
    event::{Ending, Event},
    facts::Waits,
    state::{Session, Share, Stage, Stock, Terms},
};

/// Most basis points that a commission can have: all of the goods' value.
const WHOLE: u32 = 10_000;

/// Claiming → Asking.
pub(super) fn ask(course: &mut Course) {
    if course.session.stage == Stage::Claiming {
        let promise = Waits::span(course.session.waits.stock_ms);
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
        let (code, subject) = (code.to_owned(), "cart".to_owned());
        let problems = vec![Problem { code, subject, text: text.to_owned() }];
        undo::start(course, Ending::Failed, problems);
    }
}

pub(super) fn quoted(course: &mut Course, of: &ShareOf, quote: &Quote) {
    let Some(share) = asked(&course.session, of).filter(|share| share.terms == Terms::Asked) else {
        return;
    };
    let (share, problems) = (share.number, misquoted(share, quote));
    course.add(if problems.is_empty() {
        Event::VendorQuoted { share, quote: quote.clone() }
    } else {
        Event::VendorRefused { share, problems }
    });
    weigh(course, false);
}

pub(super) fn not_quoted(course: &mut Course, of: &ShareOf, problems: &[Problem]) {
    let Some(share) = asked(&course.session, of).filter(|share| share.terms == Terms::Asked) else {
        return;
    };
    let problems = problems
        .iter()
        .map(|found| Problem { subject: subject_of(share, &found.subject), ..found.clone() });
    let event = Event::VendorRefused { share: share.number, problems: problems.collect() };
    course.add(event);
    weigh(course, false);
}

pub(super) fn stock_held(course: &mut Course, of: &ShareOf) {
    let asked = asked(&course.session, of).filter(|share| share.stock == Stock::Asked);
    if let Some(share) = asked.map(|share| share.number) {
        course.add(Event::StockHeld { share });
        weigh(course, false);
    }
}

pub(super) fn stock_refused(course: &mut Course, of: &ShareOf, shortages: &[Shortage]) {
    let Some(share) = asked(&course.session, of).filter(|share| share.stock == Stock::Asked) else {
        return;
    };
    let mut problems: Vec<Problem> =
        shortages.iter().map(|short| out_of_stock(share, short)).collect();
    if problems.is_empty() {
        let text = "the shop could not hold its stock in time; try again";
        problems.push(Trouble::ReservationExpired.about(share.vendor.to_string(), text));
    }
    let event = Event::StockRefused { share: share.number, problems };
    course.add(event);
    weigh(course, false);
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
    let problems: Vec<Problem> = others.iter().flat_map(|share| why_not(share)).collect();
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
            let until = course.now.after(Waits::span(waits.payment_ms));
            let held_until = course.longer_hold(until);
            course.add(Event::PaymentAsked { total, until, held_until });
        }
        Err(problem) => undo::start(course, Ending::Failed, vec![problem]),
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

/// The share that was asked for an answer, if the name and the vendor agree and vendors are still being asked.
fn asked<'a>(session: &'a Session, of: &ShareOf) -> Option<&'a Share> {
    let asking = session.stage == Stage::Asking;
    session.share(of.number).filter(|share| asking && share.vendor == of.vendor)
}

/// A quote must be for exactly what was asked, at exactly the price that the buyer has seen.
fn misquoted(share: &Share, quote: &Quote) -> Vec<Problem> {
    let mut problems: Vec<Problem> =
        share.lines.iter().filter_map(|line| line_misquoted(line, &quote.lines)).collect();
    let currency = share.lines.first().map(|line| line.price.currency);
    let fee = quote.delivery_fee;
    let sound = quote.lines.len() == share.lines.len()
        && Some(fee.currency) == currency
        && !fee.is_negative()
        && quote.commission_basis_points <= WHOLE;
    if problems.is_empty() && !sound {
        let text = "the shop's terms cannot be used; tell the shop";
        problems.push(Trouble::QuoteUnusable.about(share.vendor.to_string(), text));
    }
    problems
}

fn line_misquoted(line: &Line, quoted: &[Line]) -> Option<Problem> {
    let found = quoted.iter().find(|found| found.offer == line.offer);
    match found.filter(|found| found.quantity == line.quantity) {
        None => Some(Trouble::OfferNotSold.about(line.name(), "the shop did not quote it")),
        Some(found) if found.price != line.price => {
            let (seen, now) = (line.price, found.price);
            Some(
                Trouble::PriceChanged
                    .about(line.name(), format!("the price was {seen} and is {now}")),
            )
        }
        Some(_) => None,
    }
}

fn out_of_stock(share: &Share, short: &Shortage) -> Problem {
    let text = match short.available {
        ..=0 => "it is sold out; take it out".to_owned(),
        left => format!("only {left} are left; want fewer"),
    };
    Trouble::OutOfStock.about(format!("{}/offers/{}", share.vendor, short.offer), text)
}

/// What a share that did not agree is to be blamed for: what its vendor said, or its silence, line by line.
pub(super) fn why_not(share: &Share) -> Vec<Problem> {
    if share.is_pending() { silent(share) } else { share.problems.clone() }
}

/// The lines that wait for a vendor who does not answer.
pub(super) fn silent(share: &Share) -> Vec<Problem> {
    let waits = |line: &Line| {
        let title = line.title.any();
        let text = format!(
            "{vendor} does not answer, so `{title}` has to wait; try again later, or buy without it",
            vendor = share.vendor,
        );
        Trouble::VendorSilent.about(line.name(), text)
    };
    share.lines.iter().map(waits).collect()
}

/// Vendors name a line by its offer's id, or themselves by nothing.
fn subject_of(share: &Share, subject: &str) -> String {
    match subject {
        "" => share.vendor.to_string(),
        name if name.contains('/') => name.to_owned(),
        offer => format!("{}/offers/{offer}", share.vendor),
    }
}
