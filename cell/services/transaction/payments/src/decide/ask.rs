//! May what is asked of a payment happen?

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;

use super::Refusal;
use crate::{
    command::{Ask, Means, Method, ReplyTo, Shares, Via},
    event::{Claim, Event, NoAttempt, Trouble},
    report::{RefundReport, Said, Standing},
    state::{Payment, Share, Stage, State, Status},
};

pub(super) fn decide(
    state: &State,
    id: &ResourceId,
    ask: &Ask,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let payment = || state.payment().ok_or_else(|| Refusal::PaymentUnknown(id.clone()));
    match ask {
        Ask::Authorise { reply, means, shares, until } => {
            Ok(authorise(state, reply, means, shares, (*until, now)))
        }
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
fn authorise(
    state: &State,
    reply: &ReplyTo,
    means: &Means,
    shares: &Shares,
    (until, now): (Timestamp, Timestamp),
) -> Vec<Event> {
    let opened = Event::PaymentOpened {
        reply: reply.clone(),
        method: means.method(),
        shares: shares.clone(),
    };
    match state {
        State::Nothing => vec![opened, attempt(1, means, shares, (until, now))],
        State::Barred => Vec::new(),
        State::Payment(payment) => again(payment, means, shares, (until, now)),
    }
}

fn again(
    payment: &Payment,
    means: &Means,
    shares: &Shares,
    (until, now): (Timestamp, Timestamp),
) -> Vec<Event> {
    let failed = matches!(payment.status(), Status::Declined | Status::Expired);
    let (number, last) = payment.attempt().unzip();
    let same = last.is_some_and(|last| {
        last.until == until && *means == Means::Card(Some(last.instrument.clone()))
    });
    if !failed || same {
        return Vec::new();
    }
    let asked = shares.as_slice().iter().map(|share| (&share.order, share.amount));
    let opened = payment.shares.iter().map(|share| (&share.order, share.amount));
    if payment.method != means.method() || !asked.eq(opened) {
        return vec![Event::AttemptRefused { reason: NoAttempt::PaymentChanged }];
    }
    vec![attempt(number.unwrap_or(0) + 1, means, shares, (until, now))]
}

fn attempt(
    attempt: u32,
    means: &Means,
    shares: &Shares,
    (until, now): (Timestamp, Timestamp),
) -> Event {
    let refused = |reason| Event::AttemptRefused { reason };
    let amount = shares.total();
    match means {
        Means::CashOnDelivery => Event::CashPromised,
        Means::Card(_) if until <= now => refused(NoAttempt::TooLate),
        Means::Card(_) if amount.is_zero() => refused(NoAttempt::NothingToPay),
        Means::Card(None) => refused(NoAttempt::InstrumentInvalid),
        Means::Card(Some(instrument)) => {
            let instrument = instrument.clone();
            Event::AttemptStarted { attempt, instrument, amount, until, at: now }
        }
    }
}

/// Claims every share that was not waived, before the provider is asked; asking again changes nothing.
fn capture(state: &State, reply: &ReplyTo) -> Vec<Event> {
    let reply = reply.clone();
    let refused = |status: &str| {
        vec![Event::CaptureRefused { reply: reply.clone(), reason: status.to_owned() }]
    };
    let Some(payment) = state.payment() else { return refused("not_authorised") };
    if payment.capture.is_some() && payment.capture_failed.is_none() {
        return Vec::new();
    }
    let claims = payment.shares.iter().filter(|share| !share.due().is_zero());
    let claims: Vec<_> =
        claims.map(|share| Claim { order: share.order.clone(), amount: share.amount }).collect();
    match (payment.status(), payment.attempt()) {
        (Status::CashPromised, _) => vec![Event::CashExpected { reply }],
        (Status::Authorised, _) if claims.is_empty() => refused("nothing_left_to_take"),
        (Status::Authorised, Some((attempt, made))) => match &made.intent {
            Some(intent) => vec![Event::CaptureAsked {
                reply,
                attempt,
                intent: intent.clone(),
                amount: payment.sum(Share::due),
                claims,
            }],
            None => refused("not_authorised"),
        },
        (Status::NeedsAttention, _) => refused("needs_attention"),
        (Status::Voiding | Status::Voided, _) => refused("voided"),
        _ => refused("not_authorised"),
    }
}

fn void(state: &State, reply: &ReplyTo, reason: &str) -> Vec<Event> {
    let (reply, reason) = (reply.clone(), reason.to_owned());
    match state {
        State::Nothing => vec![Event::PaymentBarred { reply, reason }],
        State::Payment(payment) if payment.void.is_none() => {
            vec![Event::VoidAsked { reply, reason }]
        }
        _ => Vec::new(),
    }
}

fn refund_share(
    payment: &Payment,
    order: &ResourceId,
    group: &ResourceId,
    reason: &str,
) -> Result<Vec<Event>, Refusal> {
    if share(payment, order)?.wanted_by.is_some() {
        return Ok(Vec::new());
    }
    let (order, group, reason) = (order.clone(), group.clone(), reason.to_owned());
    Ok(vec![Event::RefundWanted { order, group, reason }])
}

/// Cash counts once; cash that was not to be collected, or not so much of it, is for an operator to look at.
fn collect_cash(
    payment: &Payment,
    order: &ResourceId,
    amount: Money,
) -> Result<Vec<Event>, Refusal> {
    let share = share(payment, order)?;
    if !share.captured.is_zero() {
        return Ok(Vec::new());
    }
    let in_cash = payment.method == Method::CashOnDelivery;
    if !in_cash || share.waived || payment.voided || amount != share.amount {
        return Ok(attention(
            payment,
            Trouble::CashDiffers,
            format!("{amount} for `{order}`, whose share is {}", share.due()),
        ));
    }
    Ok(vec![Event::CashCollected { order: order.clone(), amount }])
}

fn expire(payment: &Payment, attempt: u32, now: Timestamp) -> Vec<Event> {
    match payment.attempt() {
        Some((current, made))
            if current == attempt && made.stage == Stage::Open && made.until <= now =>
        {
            vec![Event::AttemptExpired { attempt }]
        }
        _ => Vec::new(),
    }
}

/// What the provider says is joined with what it said before; what is known already changes nothing.
fn hear(payment: &Payment, said: Option<&Said>, via: &Via) -> Result<Vec<Event>, Refusal> {
    let via = via.clone();
    match said {
        None => Ok(Vec::new()),
        Some(Said::Intent(report)) => {
            let number = usize::try_from(report.attempt).ok().and_then(|it| it.checked_sub(1));
            let Some(attempt) = number.and_then(|place| payment.attempts.get(place)) else {
                return Ok(Vec::new());
            };
            let waited_for = payment.syncing && via == Via::Answer;
            if !attempt.is_news(report) && !waited_for {
                return Ok(Vec::new());
            }
            Ok(vec![Event::IntentReported { report: report.clone(), via }])
        }
        Some(Said::Refund(report)) => hear_refund(payment, report, via),
        Some(Said::CaptureRefused { reason, .. }) => {
            let reply = payment.capture.clone().filter(|_| payment.void.is_none());
            let failed = Event::CaptureFailed { reply, reason: reason.clone() };
            Ok(Some(failed).filter(|_| payment.is_capturing()).into_iter().collect())
        }
    }
}

fn hear_refund(payment: &Payment, report: &RefundReport, via: Via) -> Result<Vec<Event>, Refusal> {
    let share = share(payment, &report.order)?;
    if share.refund >= Some(report.standing) {
        return Ok(Vec::new());
    }
    let mut events = vec![Event::RefundReported { report: report.clone(), via }];
    if report.amount != share.captured {
        let detail = format!("{} of {} for `{}`", report.amount, share.captured, report.order);
        events.extend(attention(payment, Trouble::IntegrityFailed, detail));
    }
    Ok(events)
}

fn sync(payment: &Payment) -> Vec<Event> {
    let settled =
        |standing| matches!(standing, Standing::Failed | Standing::Gone | Standing::Taken);
    match payment.attempt() {
        Some((attempt, made)) if !payment.syncing && !settled(made.standing) => {
            let (intent, since) = (made.intent.clone(), made.at);
            vec![Event::SyncAsked { attempt, intent, since }]
        }
        _ => Vec::new(),
    }
}

fn share<'a>(payment: &'a Payment, order: &ResourceId) -> Result<&'a Share, Refusal> {
    payment.share(order).ok_or_else(|| Refusal::ShareUnknown(order.clone()))
}

/// An operator is called once; the first trouble is the one to look at.
fn attention(payment: &Payment, trouble: Trouble, detail: String) -> Vec<Event> {
    match payment.trouble {
        None => vec![Event::AttentionNeeded { trouble, detail }],
        Some(_) => Vec::new(),
    }
}
