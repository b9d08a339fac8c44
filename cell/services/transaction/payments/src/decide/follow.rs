//! What follows from how a payment stands. Each rule looks only at the state, and takes note in the state that it has spoken: so
//! the end is the same whichever of two words came first.

use base_money::Money;
use base_time::Timestamp;

use super::ask::attention;
use crate::{
    command::Method,
    event::{Claim, Event},
    report::{RefundStanding, Standing},
    state::{Attempt, Payment, Share, Stage, State},
};

/// The events with all that follows from them.
pub(super) fn follow(mut state: State, mut events: Vec<Event>, now: Timestamp) -> Vec<Event> {
    for event in &events {
        state.evolve(event);
    }
    while let Some(event) = state.payment().and_then(|payment| next(payment, now)) {
        state.evolve(&event);
        events.push(event);
    }
    events
}

fn next(payment: &Payment, now: Timestamp) -> Option<Event> {
    differs(payment)
        .or_else(|| turn(payment))
        .or_else(|| taken(payment))
        .or_else(|| release(payment))
        .or_else(|| payment.shares.iter().find_map(|share| give_back(payment, share, now)))
        .or_else(|| voided(payment))
}

/// Invariant pay-4: what the provider has must be what was asked, or it is never taken; and it must take what was claimed.
fn differs(payment: &Payment) -> Option<Event> {
    let other = payment.attempts.iter().find_map(|it| Some((it.amount, it.differs?)));
    if let Some((asked, got)) = other {
        return attention(payment, format!("integrity failed: asked {asked}, got {got}"));
    }
    let claimed = payment.sum(|share| claim(payment, share));
    let received = taken_by(payment).filter(|_| !payment.taken)?.1.received;
    let got = received.filter(|received| *received != claimed)?;
    attention(payment, format!("integrity failed: claimed {claimed}, got {got}"))
}

/// The current attempt as it stands: whoever waits for it is told, once, and only what is still of use.
fn turn(payment: &Payment) -> Option<Event> {
    let (number, attempt) = payment.attempt()?;
    let declined =
        |reason: &str| Some(Event::Declined { attempt: number, reason: reason.to_owned() });
    if attempt.standing == Standing::Gone && payment.is_capturing() {
        let reply = payment.capture.clone().filter(|_| payment.void.is_none());
        return Some(Event::CaptureFailed { reply, reason: attempt.reason.clone() });
    }
    if payment.void.is_some() || payment.is_capturing() {
        return None;
    }
    let lost = attempt.standing == Standing::Gone || attempt.differs.is_some();
    match (attempt.stage, attempt.standing) {
        (Stage::Held, _) if lost && !payment.taken => Some(Event::HoldLost { attempt: number }),
        (Stage::Open, _) if attempt.differs.is_some() => declined("integrity_failed"),
        (Stage::Open, Standing::ActionRequired) if !attempt.told_to_act => {
            let url = attempt.action_url.clone();
            Some(Event::ActionRequired { attempt: number, url })
        }
        (Stage::Open, Standing::Failed | Standing::Gone) => declined(&attempt.reason),
        (Stage::Open, Standing::Held | Standing::Taken) => {
            Some(Event::Authorised { attempt: number })
        }
        _ => None,
    }
}

fn taken_by(payment: &Payment) -> Option<(u32, &Attempt)> {
    (1..).zip(&payment.attempts).find(|(_, attempt)| attempt.standing == Standing::Taken)
}

/// What a share is to get: what it claims, or, where the provider took money that nobody had claimed, what is still due.
fn claim(payment: &Payment, share: &Share) -> Money {
    if payment.is_capturing() { share.claimed } else { share.due() }
}

/// What was received is divided over the claims by largest remainder: exactly the claims, unless the provider took another amount.
fn taken(payment: &Payment) -> Option<Event> {
    let (_, attempt) = taken_by(payment).filter(|_| !payment.taken)?;
    let claims: Vec<_> = payment.shares.iter().map(|share| claim(payment, share)).collect();
    let received = attempt.received.unwrap_or_else(|| payment.sum(|share| claim(payment, share)));
    let weights: Vec<_> = claims.iter().map(|it| u64::try_from(it.minor).unwrap_or(0)).collect();
    let parts = received.split(&weights).ok()?;
    let shares = payment.shares.iter().zip(parts);
    let shares = shares.map(|(share, amount)| Claim { order: share.order.clone(), amount });
    let waits = payment.void.is_none() && payment.capture_failed.is_none();
    let reply = payment.capture.clone().filter(|_| waits);
    Some(Event::Captured { reply, shares: shares.collect() })
}

/// Money that is held, or may yet be, for an attempt that nobody wants any more. While it is being taken, it is let be.
fn release(payment: &Payment) -> Option<Event> {
    let nothing_due = payment.shares.iter().all(|share| share.waived);
    let unwanted = |attempt: &Attempt| {
        payment.void.is_some()
            || nothing_due
            || attempt.differs.is_some()
            || matches!(attempt.stage, Stage::Declined | Stage::Expired)
    };
    let open = |attempt: &Attempt| !attempt.is_over() && attempt.standing != Standing::Asked;
    if payment.is_capturing() {
        return None;
    }
    let mut numbered = (1..).zip(&payment.attempts);
    numbered.find_map(|(number, attempt)| {
        let due = unwanted(attempt) && open(attempt) && !attempt.release_asked;
        let intent = attempt.intent.clone().filter(|_| due)?;
        Some(Event::ReleaseAsked { attempt: number, intent })
    })
}

/// One share that is to go back, because its order was dropped or because all of it is let go; never more than was taken of it.
fn give_back(payment: &Payment, share: &Share, now: Timestamp) -> Option<Event> {
    let order = share.order.clone();
    let wanted = share.wanted_by.is_some();
    if !share.captured.is_zero() && share.refund.is_none() && (wanted || payment.void.is_some()) {
        return ask_back(payment, share, now);
    }
    if share.refund == Some(RefundStanding::Failed) {
        let lost = share.captured;
        return attention(payment, format!("refund failed: {lost} of `{order}`"));
    }
    if !wanted || share.answered || !share.claimed.is_zero() {
        return None;
    }
    if share.captured.is_zero() && !share.waived {
        return Some(Event::ShareWaived { order });
    }
    let group = share.wanted_by.clone().filter(|_| share.is_back())?;
    Some(Event::ShareReturned { order, group, amount: share.refunded() })
}

fn ask_back(payment: &Payment, share: &Share, now: Timestamp) -> Option<Event> {
    let (order, amount) = (share.order.clone(), share.captured);
    if payment.method == Method::CashOnDelivery {
        return attention(payment, format!("cash to return by hand: {amount} of `{order}`"));
    }
    let (attempt, made) = taken_by(payment)?;
    Some(Event::RefundAsked { order, attempt, intent: made.intent.clone()?, amount, at: now })
}

/// All of it is let go once no attempt holds anything, none is on its way, and every share that was taken is back.
fn voided(payment: &Payment) -> Option<Event> {
    let reply = payment.void.clone().filter(|_| !payment.voided)?;
    let settled =
        payment.attempts.iter().all(Attempt::is_over) && payment.shares.iter().all(Share::is_back);
    settled.then_some(Event::Voided { reply })
}
