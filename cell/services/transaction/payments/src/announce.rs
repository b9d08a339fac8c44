//! What payments tells: how a payment goes, to whoever asked for it; which share is back, to the order group.

use base_ids::Tenant;
use cell_kernel::{Decider as _, Outbox, Seen};
use cell_words::{money, service};

use crate::{Payments, event::Event, state::TOO_LATE, wire, wire::payment_outcome::Status};

pub(crate) fn announce(seen: &Seen<'_, Payments>, outbox: &mut Outbox) {
    let Some(payment) = Payments::payment_id(seen.key) else { return };
    let payment = payment.to_string();
    if let Some(attempt) = decided(seen) {
        outbox.call_off(&wire::AttemptDue { payment: payment.clone(), attempt });
    }
    if let Some((reply, status, text)) = outcome(seen) {
        let acts = status == Status::RequiresAction;
        let (action_url, reason) = if acts { (text, "") } else { ("", text) };
        let (action_url, reason) = (action_url.to_owned(), reason.to_owned());
        let told = wire::PaymentOutcome { payment, status: status.into(), action_url, reason };
        outbox.tell(reply, service::CHECKOUT, &told);
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
                amount: Some(money(*amount)),
                group: group.to_string(),
            };
            outbox.tell(seen.tenant, service::ORDERS, &returned);
        }
        _ => {}
    }
}

/// The attempt that no deadline concerns any more.
fn decided(seen: &Seen<'_, Payments>) -> Option<u32> {
    match seen.event {
        Event::Authorised { attempt }
        | Event::Declined { attempt, .. }
        | Event::AttemptExpired { attempt } => Some(*attempt),
        Event::Voided { .. } => seen.state.payment()?.attempt().map(|(attempt, _)| attempt),
        _ => None,
    }
}

/// Whom an event concerns, and what it means to them: the outcome, and where to act or why.
fn outcome<'a>(seen: &Seen<'a, Payments>) -> Option<(&'a Tenant, Status, &'a str)> {
    let asker = || seen.state.payment().map(|payment| &payment.reply);
    Some(match seen.event {
        Event::CashPromised | Event::Authorised { .. } => (asker()?, Status::Authorised, ""),
        Event::ActionRequired { url, .. } => (asker()?, Status::RequiresAction, url),
        Event::AttemptExpired { .. } => (asker()?, Status::Expired, ""),
        Event::AttemptRefused { reason } if reason == TOO_LATE => (asker()?, Status::Expired, ""),
        Event::AttemptRefused { reason } | Event::Declined { reason, .. } => {
            (asker()?, Status::Declined, reason)
        }
        Event::CashExpected { reply } => (reply, Status::Captured, ""),
        Event::Captured { reply, .. } => (reply.as_ref()?, Status::Captured, ""),
        Event::CaptureFailed { reply, reason } => (reply.as_ref()?, Status::CaptureFailed, reason),
        Event::CaptureRefused { reply, reason } => (reply, Status::CaptureFailed, reason),
        Event::Voided { reply } | Event::PaymentBarred { reply, .. } => (reply, Status::Voided, ""),
        _ => return None,
    })
}
