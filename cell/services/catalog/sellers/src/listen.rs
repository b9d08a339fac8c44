//! What a seller does when names answer, or time passes.

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Unreadable};

use crate::{
    Sellers,
    command::{Command, Window},
    wire,
};

pub(crate) fn listener() -> Listener<Sellers> {
    Listener::new()
        .on(confirm_a_handle_that_is_kept)
        .on(hold_a_handle_that_is_confirmed)
        .on(lose_a_handle_that_is_taken)
        .on(lose_a_handle_that_has_expired)
        .on(begin_a_holiday)
        .on(finish_a_holiday)
        .on(expire_an_invitation)
}

fn confirm_a_handle_that_is_kept(
    message: &wire::NameClaimed,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::NoteHandleKept { claim: id(&message.claim)? })
}

fn hold_a_handle_that_is_confirmed(
    message: &wire::NameConfirmed,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::NoteHandleHeld { claim: id(&message.claim)? })
}

fn lose_a_handle_that_is_taken(
    message: &wire::NameTaken,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::NoteHandleLost { claim: id(&message.claim)? })
}

fn lose_a_handle_that_has_expired(
    message: &wire::NameExpired,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::NoteHandleLost { claim: id(&message.claim)? })
}

fn begin_a_holiday(message: &wire::HolidayBegins, _: &Heard<'_>) -> Result<Command, Unreadable> {
    Ok(Command::BeginHoliday { window: window(message.from_ms, message.until_ms)? })
}

fn finish_a_holiday(message: &wire::HolidayOver, _: &Heard<'_>) -> Result<Command, Unreadable> {
    Ok(Command::FinishHoliday { window: window(message.from_ms, message.until_ms)? })
}

fn expire_an_invitation(
    message: &wire::InvitationDue,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let user = message.user.parse().map_err(Unreadable::because)?;
    Ok(Command::ExpireInvitation { user, until: Timestamp::from_millis(message.until_ms) })
}

fn window(from_ms: i64, until_ms: i64) -> Result<Window, Unreadable> {
    if until_ms <= from_ms {
        return Err(Unreadable("a holiday ends after it begins".to_owned()));
    }
    Ok(Window { from: Timestamp::from_millis(from_ms), until: Timestamp::from_millis(until_ms) })
}

fn id(text: &str) -> Result<ResourceId, Unreadable> {
    text.parse().map_err(Unreadable::because)
}
