//! What a seller does when names answer, or time passes.

use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::told::read;

use crate::{Command, Sellers, wire};

type Read = Result<Command, Unreadable>;

pub(crate) fn listener() -> Listener<Sellers> {
    Listener::new()
        .on(confirm_a_handle_that_is_kept)
        .on(hold_a_handle_that_is_confirmed)
        .on(lose_a_handle_that_is_taken)
        .on(lose_a_handle_that_has_expired)
        // The clock and what is planned by then decide whether a holiday begins or ends.
        .on(|_: &wire::sellers::HolidayBegins, _: &Heard<'_>| Ok(Command::HolidayDue))
        .on(|_: &wire::sellers::HolidayOver, _: &Heard<'_>| Ok(Command::HolidayDue))
        .on(expire_an_invitation)
}

fn confirm_a_handle_that_is_kept(message: &wire::names::NameClaimed, _: &Heard<'_>) -> Read {
    read(&message.claim).map(Command::NoteHandleKept)
}

fn hold_a_handle_that_is_confirmed(message: &wire::names::NameConfirmed, _: &Heard<'_>) -> Read {
    read(&message.claim).map(Command::NoteHandleHeld)
}

fn lose_a_handle_that_is_taken(message: &wire::names::NameTaken, _: &Heard<'_>) -> Read {
    read(&message.claim).map(Command::NoteHandleLost)
}

fn lose_a_handle_that_has_expired(message: &wire::names::NameExpired, _: &Heard<'_>) -> Read {
    read(&message.claim).map(Command::NoteHandleLost)
}

fn expire_an_invitation(message: &wire::sellers::InvitationDue, _: &Heard<'_>) -> Read {
    read(&message.user).map(Command::ExpireInvitation)
}
