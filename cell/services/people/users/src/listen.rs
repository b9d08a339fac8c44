//! What users does when others speak.

use cell_kernel::{Heard, Listener, Unreadable};

use crate::{Users, command::Command, wire};

pub(crate) fn listener() -> Listener<Users> {
    Listener::new().on(record_registration_when_account_opens)
}

fn record_registration_when_account_opens(
    message: &wire::AccountOpened,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::RecordRegistration {
        email: message.email.parse().map_err(Unreadable::because)?,
        display_name: message.display_name.parse().map_err(Unreadable::because)?,
        locale: message.locale.parse().map_err(Unreadable::because)?,
    })
}
