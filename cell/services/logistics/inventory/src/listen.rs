//! What inventory does when others speak, or a deadline comes.

use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::told::{number, read};

use crate::{
    Inventory,
    command::{Command, Line, ReplyTo},
    wire,
};

/// Most lines that one reservation may have.
const LINES_MAX: usize = 200;

pub(crate) fn listener() -> Listener<Inventory> {
    Listener::new()
        .on(book_what_an_import_brings)
        .on(reserve_for_checkout)
        .on(extend_while_paying)
        .on(commit_when_placed)
        .on(release_what_is_not_wanted)
        .on(ship_when_sent)
        .on(expire_at_deadline)
}

fn book_what_an_import_brings(
    message: &wire::BookStock,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let location = if message.location.is_empty() { "main" } else { &message.location };
    let quantity = number(message.quantity)?;
    Ok(Command::ReceiveStock { offer: read(&message.offer)?, location: read(location)?, quantity })
}

fn reserve_for_checkout(
    message: &wire::ReserveStock,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    if message.lines.is_empty() || message.lines.len() > LINES_MAX {
        return Err(Unreadable(format!(
            "a reservation has 1 to {LINES_MAX} lines, not {}",
            message.lines.len()
        )));
    }
    let reply = ReplyTo::read(&message.reply_tenant, &message.reply_service)?;
    let lines = message.lines.iter().map(line).collect::<Result<_, _>>()?;
    let until = Timestamp::from_millis(message.until_ms);
    Ok(Command::ReserveStock { reservation: read(&message.reservation)?, reply, lines, until })
}

fn extend_while_paying(
    message: &wire::ExtendReservation,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let until = Timestamp::from_millis(message.until_ms);
    Ok(Command::ExtendReservation { reservation: read(&message.reservation)?, until })
}

fn commit_when_placed(
    message: &wire::CommitReservation,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let reply = ReplyTo::read(&message.reply_tenant, &message.reply_service)?;
    Ok(Command::CommitReservation { reservation: read(&message.reservation)?, reply })
}

fn release_what_is_not_wanted(
    message: &wire::ReleaseReservation,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::ReleaseReservation {
        reservation: read(&message.reservation)?,
        reason: message.reason.clone(),
    })
}

fn ship_when_sent(message: &wire::ShipReservation, _: &Heard<'_>) -> Result<Command, Unreadable> {
    Ok(Command::ShipReservation { reservation: read(&message.reservation)? })
}

fn expire_at_deadline(
    message: &wire::ReservationDue,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::ExpireReservation { reservation: read(&message.reservation)? })
}

fn line(line: &wire::ReserveLine) -> Result<Line, Unreadable> {
    let quantity = number(line.quantity)?;
    Ok(Line { offer: read(&line.offer)?, quantity })
}
