//! May the buyer start, change, place or give up a purchase?

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Asked, Problem};

use super::{Course, Refusal, Trouble, undo};
use crate::{
    command::{Email, Payment, PostalAddress, Wishes},
    event::{Basket, Ending, Event},
    facts::{CartNow, Facts},
    state::{Session, Stage},
};

pub(super) fn start(
    checkout: &ResourceId,
    cart: &ResourceId,
    wishes: &Wishes,
    facts: &Facts,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    Ok(vec![Event::Started {
        checkout: checkout.clone(),
        basket: basket(cart, facts)?,
        wishes: Box::new(wishes.clone()),
        waits: facts.waits.clone().unwrap_or_default(),
        at: now,
    }])
}

pub(super) fn refresh(session: &Session, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    open(session)?;
    let basket = basket(&session.basket.cart, facts)?;
    Ok(unless(basket == session.basket, || Event::Refreshed { basket }))
}

pub(super) fn set_address(
    session: &Session,
    address: &PostalAddress,
    email: Option<&Email>,
) -> Result<Vec<Event>, Refusal> {
    open(session)?;
    let known_email = email.is_none() || session.wishes.email.as_ref() == email;
    let known = known_email && session.wishes.address.as_ref() == Some(address);
    let address = Box::new(address.clone());
    Ok(unless(known, || Event::AddressSet { address, email: email.cloned() }))
}

pub(super) fn choose_payment(session: &Session, payment: &Payment) -> Result<Vec<Event>, Refusal> {
    open(session)?;
    let known = session.wishes.payment.as_ref() == Some(payment);
    Ok(unless(known, || Event::PaymentChosen { payment: payment.clone() }))
}

/// Placing what is placed changes nothing (Invariant checkout-1).
pub(super) fn place(
    session: &Session,
    total_max: Option<Money>,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match session.stage {
        Stage::Open => {}
        Stage::Undoing { .. } | Stage::Ended(_) => return Err(Refusal::HasEnded),
        _ => return Ok(Vec::new()),
    }
    let now = basket(&session.basket.cart, facts)?;
    if (now.round, now.revision) != (session.basket.round, session.basket.revision) {
        return Err(Refusal::CartChanged(now.cart));
    }
    let mut problems = missing(session, &asked.tenant);
    problems.extend(wrong_limit(session, total_max));
    // Vendors that cannot deliver are dropped when they say so; what this cell knows of them may be old.
    if !session.wishes.ship_what_you_can {
        problems.extend(now.problems);
    }
    if !problems.is_empty() {
        return Err(Refusal::NotReady(problems));
    }
    Ok(vec![Event::PlacementAsked { total_max }])
}

pub(super) fn cancel(session: &Session, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match session.stage {
        Stage::Open | Stage::Claiming | Stage::Asking | Stage::Authorising { .. } => {
            let undo = |course: &mut Course| undo::start(course, Ending::Cancelled, Vec::new());
            Ok(Course::run(session, now, undo))
        }
        Stage::Undoing { .. } | Stage::Ended(_) => Ok(Vec::new()),
        Stage::Placing | Stage::Committing | Stage::Capturing | Stage::Completed => {
            Err(Refusal::PastCancelling)
        }
    }
}

/// What the buyer has yet to say.
pub(crate) fn missing(session: &Session, buyer: &Tenant) -> Vec<Problem> {
    let Wishes { address, email, payment, .. } = &session.wishes;
    let mut missing = Vec::new();
    if address.is_none() {
        missing.push(Trouble::AddressMissing.about("address", "say where to deliver"));
    }
    let phone = address.as_ref().is_some_and(|address| address.phone.is_some());
    if buyer.is_guest() && !phone && email.is_none() {
        let text = "without an account, an e-mail or a phone number is needed to hear of the order";
        missing.push(Trouble::ContactMissing.about("email", text));
    }
    if payment.is_none() {
        missing.push(Trouble::PaymentMissing.about("payment", "choose how to pay"));
    }
    missing
}

fn wrong_limit(session: &Session, total_max: Option<Money>) -> Option<Problem> {
    let (limit, currency) = (total_max?.currency, session.currency()?);
    let text = format!("the limit is in {limit}, and the cart is in {currency}");
    (limit != currency).then(|| Trouble::OtherCurrency.about("total_max", text))
}

/// What is already so does not happen again.
fn unless(known: bool, event: impl FnOnce() -> Event) -> Vec<Event> {
    if known { Vec::new() } else { vec![event()] }
}

fn open(session: &Session) -> Result<(), Refusal> {
    match session.stage {
        Stage::Open => Ok(()),
        Stage::Completed | Stage::Undoing { .. } | Stage::Ended(_) => Err(Refusal::HasEnded),
        _ => Err(Refusal::AlreadyPlaced),
    }
}

fn basket(cart: &ResourceId, facts: &Facts) -> Result<Basket, Refusal> {
    let CartNow { open, round, revision, lines, problems } = facts.cart.clone().unwrap_or_default();
    if lines.is_empty() {
        return Err(Refusal::CartEmpty(cart.clone()));
    }
    if !open {
        return Err(Refusal::CartNotOpen(cart.clone()));
    }
    Ok(Basket { cart: cart.clone(), round, revision, lines, problems })
}
