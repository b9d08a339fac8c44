//! What payments tells: how a payment goes, to whoever asked for it; which share is back, to the order group.

use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Payments,
    command::ReplyTo,
    event::{Event, NoAttempt},
    wire,
    wire::payment_outcome::Status,
};

pub(crate) fn announce(seen: &Seen<'_, Payments>, outbox: &mut Outbox) {
    let Some(payment) = Payments::payment_id(seen.key) else { return };
    let payment = payment.to_string();
    if let Some((reply, status, action_url, reason)) = outcome(seen) {
        let status = status.into();
        let (payment, action_url) = (payment, action_url.to_owned());
        let reason = reason.to_owned();
        let told = wire::PaymentOutcome { payment, status, action_url, reason };
        outbox.tell(&reply.tenant, reply.service.into(), &told);
        return;
    }
    match seen.event {
        Event::AttemptStarted { attempt, until, .. } => {
            let due = wire::AttemptDue { payment, attempt: *attempt };
            outbox.remind(seen.tenant, Payments::SERVICE, *until, &due);
        }
        Event::ShareReturned { order, group, amount } => {
            let returned = wire::ShareRefunded {
                payment,
                order: order.to_string(),
                amount: Some(wire::amount(*amount)),
                group: group.to_string(),
            };
            outbox.tell(seen.tenant, "orders", &returned);
        }
        _ => {}
    }
}

/// Whom an event concerns, and what it means to them: the outcome, where to act, why.
fn outcome<'a>(seen: &Seen<'a, Payments>) -> Option<(&'a ReplyTo, Status, &'a str, &'a str)> {
    let asker = || seen.state.payment().map(|payment| &payment.reply);
    Some(match seen.event {
        Event::CashPromised | Event::Authorised { .. } => (asker()?, Status::Authorised, "", ""),
        Event::ActionRequired { url, .. } => (asker()?, Status::RequiresAction, url, ""),
        Event::Declined { reason, .. } => (asker()?, Status::Declined, "", reason),
        Event::AttemptRefused { reason: NoAttempt::TooLate } | Event::AttemptExpired { .. } => {
            (asker()?, Status::Expired, "", "")
        }
        Event::AttemptRefused { reason } => (asker()?, Status::Declined, "", reason.into()),
        Event::Captured { reply: Some(reply), .. } | Event::CashExpected { reply } => {
            (reply, Status::Captured, "", "")
        }
        Event::CaptureFailed { reply: Some(reply), reason }
        | Event::CaptureRefused { reply, reason } => (reply, Status::CaptureFailed, "", reason),
        Event::Voided { reply } | Event::PaymentBarred { reply, .. } => {
            (reply, Status::Voided, "", "")
        }
        _ => return None,
    })
}
