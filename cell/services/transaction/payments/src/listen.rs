//! What payments does when checkout, orders or time speak.

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::{
    ReplyTo,
    told::{money, read},
};

use crate::{
    Payments,
    command::{Ask, Asked, Command, Opening, Shares},
    wire,
};

type Heeded = Result<Command, Unreadable>;

pub(crate) fn listener() -> Listener<Payments> {
    Listener::new()
        .on(authorise_for_checkout)
        .on(capture_when_placed)
        .on(void_what_is_undone)
        .on(refund_what_was_dropped)
        .on(collect_at_the_door)
        .on(expire_at_deadline)
}

fn authorise_for_checkout(message: &wire::AuthorisePayment, _: &Heard<'_>) -> Heeded {
    let shares = message.shares.iter().map(share).collect::<Result<_, _>>()?;
    let opening = Opening {
        reply: reply_to(&message.reply_tenant, &message.reply_service)?,
        method: read(&message.method)?,
        instrument: message.instrument.parse().ok(),
        shares: Shares::new(shares).map_err(Unreadable::because)?,
        until: Timestamp::from_millis(message.until_ms),
    };
    of(&message.payment, Ask::Authorise(opening))
}

fn capture_when_placed(message: &wire::CapturePayment, _: &Heard<'_>) -> Heeded {
    let reply = reply_to(&message.reply_tenant, &message.reply_service)?;
    of(&message.payment, Ask::Capture { reply })
}

fn void_what_is_undone(message: &wire::VoidPayment, _: &Heard<'_>) -> Heeded {
    let reply = reply_to(&message.reply_tenant, &message.reply_service)?;
    of(&message.payment, Ask::Void { reply, reason: message.reason.clone() })
}

fn refund_what_was_dropped(message: &wire::RefundShare, _: &Heard<'_>) -> Heeded {
    let (order, group) = (read(&message.order)?, read(&message.group)?);
    of(&message.payment, Ask::RefundShare { order, group, reason: message.reason.clone() })
}

fn collect_at_the_door(message: &wire::CashCollected, _: &Heard<'_>) -> Heeded {
    let (order, amount) = (read(&message.order)?, money(message.amount.as_ref())?);
    of(&message.payment, Ask::CollectCash { order, amount })
}

fn expire_at_deadline(message: &wire::AttemptDue, _: &Heard<'_>) -> Heeded {
    of(&message.payment, Ask::Expire { attempt: message.attempt })
}

fn of(payment: &str, ask: Ask) -> Heeded {
    Ok(Command { payment: read(payment)?, ask })
}

fn share(share: &wire::PaymentShare) -> Result<Asked, Unreadable> {
    let (order, vendor) = (read(&share.order)?, read(&share.vendor)?);
    Ok(Asked { order, vendor, amount: money(share.amount.as_ref())? })
}

/// Whose checkout to answer; nobody else asks for payments.
fn reply_to(tenant: &str, service: &str) -> Result<Tenant, Unreadable> {
    ReplyTo::read(tenant, service).map(|reply| reply.tenant)
}
