//! What auth does when names answers, or a session's time comes.

use base_ids::ResourceId;
use cell_kernel::{Listener, Unreadable};

use crate::{Auth, command::Command, wire};

pub(crate) fn listener() -> Listener<Auth> {
    Listener::new()
        .on(|message: &wire::NameClaimed, _| {
            Ok(Command::NoteNameClaimed { claim: id(&message.claim)? })
        })
        .on(|message: &wire::NameTaken, _| {
            let (confirmed, quiet) = (message.confirmed, message.quiet);
            Ok(Command::NoteNameTaken { claim: id(&message.claim)?, confirmed, quiet })
        })
        .on(|message: &wire::NameConfirmed, _| {
            Ok(Command::NoteNameConfirmed { claim: id(&message.claim)? })
        })
        .on(|message: &wire::NameExpired, _| {
            Ok(Command::NoteNameExpired { claim: id(&message.claim)? })
        })
        .on(|message: &wire::SessionDue, _| {
            Ok(Command::ExpireSession { session: id(&message.session)? })
        })
}

fn id(text: &str) -> Result<ResourceId, Unreadable> {
    text.parse().map_err(Unreadable::because)
}
