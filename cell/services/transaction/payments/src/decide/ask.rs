//! May what is asked of a payment happen?

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;

use super::{Decided, Refusal};
use crate::{
    command::{Ask, Method, Opening, Via},
    event::{Claim, Event},
    report::{RefundReport, Said},
    state::{Payment, Share, Stage, State, Status, TOO_LATE},
};

pub(super) fn decide(state: &State, id: &ResourceId, ask: &Ask, now: Timestamp) -> Decided {
    let payment = || state.payment().ok_or_else(|| Refusal::PaymentUnknown(id.clone()));
    match ask {
        Ask::Authorise(opening) => Ok(authorise(state, opening, now)),
        Ask::Capture { reply } => Ok(capture(state, reply)),
        Ask::Void { reply, reason } => Ok(void(state, reply, reason)),
        Ask::RefundShare { order, group, reason } => refund_share(payment()?, order, group, reason),
        Ask::CollectCash { order, amount } => collect_cash(payment()?, order, *amount),
        Ask::Expire { attempt } => Ok(expire(payment()?, *attempt, now)),
        Ask::Hear { said, via } => hear(payment()?, said.as_ref(), via),
        Ask::Sync => Ok(sync(payment()?)),
    }
}

/// Opens the payment, or tries again after an attempt that failed. While an attempt is active, or for the very attempt that was
/// made, asking again changes nothing. A voiding that overtook it wins.
fn authorise(state: &State, opening: &Opening, now: Timestamp) -> Vec<Event> {
    match state {
        State::Nothing => {
            let Opening { reply, method, shares, .. } = opening.clone();
            vec![Event::PaymentOpened { reply, method, shares }, attempt(1, opening, now)]
        }
        State::Barred => Vec::new(),
        State::Payment(payment) => again(payment, opening, now),
    }
}

fn again(payment: &Payment, opening: &Opening, now: Timestamp) -> Vec<Event> {
    let failed = matches!(payment.status(), Status::Declined | Status::Expired);
    let (number, last) = payment.attempt().unzip();
    let asked = (opening.instrument.as_ref(), opening.until);
    let same = last.is_some_and(|last| (Some(&last.instrument), last.until) == asked);
    if !failed || same {
        return Vec::new();
    }
    let asked = opening.shares.as_slice().iter().map(|share| (&share.order, share.amount));
    let opened = payment.shares.iter().map(|share| (&share.order, share.amount));
    if payment.method != opening.method || !asked.eq(opened) {
        return vec![Event::AttemptRefused { reason: "payment_changed".to_owned() }];
    }
    vec![attempt(number.unwrap_or(0) + 1, opening, now)]
}

fn attempt(attempt: u32, opening: &Opening, now: Timestamp) -> Event {
    let refused = |reason: &str| Event::AttemptRefused { reason: reason.to_owned() };
    let (amount, until) = (opening.shares.total(), opening.until);
    match (opening.method, opening.instrument.clone()) {
        (Method::CashOnDelivery, _) => Event::CashPromised,
        (Method::Card, _) if until <= now => refused(TOO_LATE),
        (Method::Card, _) if amount.is_zero() => refused("nothing_to_pay"),
        (Method::Card, None) => refused("instrument_invalid"),
        (Method::Card, Some(instrument)) => {
            Event::AttemptStarted { attempt, instrument, amount, until, at: now }
        }
    }
}

/// Claims every share that was not waived, before the provider is asked; asking again changes nothing.
fn capture(state: &State, reply: &Tenant) -> Vec<Event> {
    let reply = reply.clone();
    let status = state.payment().map(Payment::status);
    let reason = match (state.payment(), status) {
        (Some(payment), _) if payment.capture.is_some() && payment.capture_failed.is_none() => {
            return Vec::new();
        }
        (_, Some(Status::CashPromised)) => return vec![Event::CashExpected { reply }],
        (Some(payment), Some(Status::Authorised)) => match claim(payment, reply.clone()) {
            Some(asked) => return vec![asked],
            None => "nothing_left_to_take",
        },
        (_, Some(Status::NeedsAttention)) => "needs_attention",
        (_, Some(Status::Voiding | Status::Voided)) => "voided",
        _ => "not_authorised",
    };
    vec![Event::CaptureRefused { reply, reason: reason.to_owned() }]
}

fn claim(payment: &Payment, reply: Tenant) -> Option<Event> {
    let (attempt, made) = payment.attempt()?;
    let amount = payment.sum(Share::due);
    let due = payment.shares.iter().filter(|share| !share.due().is_zero());
    let claims = due.map(|share| Claim { order: share.order.clone(), amount: share.amount });
    let (intent, claims) = (made.intent.clone()?, claims.collect());
    (!amount.is_zero()).then_some(Event::CaptureAsked { reply, attempt, intent, claims, amount })
}

fn void(state: &State, reply: &Tenant, reason: &str) -> Vec<Event> {
    let (reply, reason) = (reply.clone(), reason.to_owned());
    match state {
        State::Nothing => vec![Event::PaymentBarred { reply, reason }],
        State::Payment(it) if it.void.is_none() => vec![Event::VoidAsked { reply, reason }],
        _ => Vec::new(),
    }
}

fn refund_share(payment: &Payment, order: &ResourceId, group: &ResourceId, why: &str) -> Decided {
    if share(payment, order)?.wanted_by.is_some() {
        return Ok(Vec::new());
    }
    let (order, group, reason) = (order.clone(), group.clone(), why.to_owned());
    Ok(vec![Event::RefundWanted { order, group, reason }])
}

/// Cash counts once; cash that was not to be collected, or not so much of it, is for an operator to look at.
fn collect_cash(payment: &Payment, order: &ResourceId, amount: Money) -> Decided {
    let share = share(payment, order)?;
    if !share.captured.is_zero() {
        return Ok(Vec::new());
    }
    let in_cash = payment.method == Method::CashOnDelivery;
    if !in_cash || share.waived || payment.voided || amount != share.amount {
        let due = share.due();
        let detail = format!("cash differs: {amount} for `{order}`, whose share is {due}");
        return Ok(attention(payment, detail).into_iter().collect());
    }
    Ok(vec![Event::CashCollected { order: order.clone(), amount }])
}

fn expire(payment: &Payment, attempt: u32, now: Timestamp) -> Vec<Event> {
    let current = payment.attempt().filter(|(current, _)| *current == attempt);
    let late = current.filter(|(_, made)| made.stage == Stage::Open && made.until <= now);
    late.map(|_| Event::AttemptExpired { attempt }).into_iter().collect()
}

/// What the provider says is joined with what it said before; what is known already changes nothing.
fn hear(payment: &Payment, said: Option<&Said>, via: &Via) -> Decided {
    let via = via.clone();
    match said {
        None => Ok(Vec::new()),
        Some(Said::Intent(report)) => {
            let waited_for = payment.syncing && via == Via::Answer;
            let mut made = (1..).zip(&payment.attempts);
            let news = made.any(|(number, attempt)| {
                number == report.attempt && (waited_for || attempt.is_news(report))
            });
            let reported = Event::IntentReported { report: report.clone(), via };
            Ok(Some(reported).filter(|_| news).into_iter().collect())
        }
        Some(Said::Refund(report)) => hear_refund(payment, report, via),
        Some(Said::CaptureRefused { reason, .. }) => {
            let reply = payment.capture.clone().filter(|_| payment.void.is_none());
            let failed = Event::CaptureFailed { reply, reason: reason.clone() };
            Ok(Some(failed).filter(|_| payment.is_capturing()).into_iter().collect())
        }
    }
}

fn hear_refund(payment: &Payment, report: &RefundReport, via: Via) -> Decided {
    let share = share(payment, &report.order)?;
    if share.refund >= Some(report.standing) {
        return Ok(Vec::new());
    }
    let mut events = vec![Event::RefundReported { report: report.clone(), via }];
    if report.amount != share.captured {
        let (back, due, order) = (report.amount, share.captured, &report.order);
        let detail = format!("integrity failed: {back} of {due} went back for `{order}`");
        events.extend(attention(payment, detail));
    }
    Ok(events)
}

fn sync(payment: &Payment) -> Vec<Event> {
    let open = payment.attempt().filter(|(_, made)| !payment.syncing && !made.is_over());
    open.map(|(attempt, _)| Event::SyncAsked { attempt }).into_iter().collect()
}

fn share<'a>(payment: &'a Payment, order: &ResourceId) -> Result<&'a Share, Refusal> {
    payment.share(order).ok_or_else(|| Refusal::ShareUnknown(order.clone()))
}

/// An operator is called once; the first trouble is the one to look at.
pub(super) fn attention(payment: &Payment, detail: String) -> Option<Event> {
    payment.trouble.is_none().then_some(Event::AttentionNeeded { detail })
}
