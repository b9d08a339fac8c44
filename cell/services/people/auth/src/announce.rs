//! What auth tells: names, that it wants an e-mail or has proven it; the user's profile, that there is an account; itself, when a
//! session has lived as long as one can.

use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{Auth, Event, wire};

pub(crate) fn announce(seen: &Seen<'_, Auth>, outbox: &mut Outbox) {
    match seen.event {
        Event::AccountRequested { wish, .. } => {
            let (claim, kind) = (wish.claim.to_string(), wire::NameKind::Email.into());
            outbox.tell(&wish.name, "names", &wire::ClaimName { claim, kind });
        }
        Event::AccountOpened { .. } => tell_of_opening(seen, outbox),
        Event::SessionStarted { session, until, .. } => {
            let due = wire::SessionDue { session: session.to_string() };
            outbox.remind(seen.tenant, Auth::SERVICE, *until, &due);
        }
        Event::SessionEnded { session, .. } => {
            outbox.call_off(&wire::SessionDue { session: session.to_string() });
        }
        _ => {}
    }
}

fn tell_of_opening(seen: &Seen<'_, Auth>, outbox: &mut Outbox) {
    let Some(account) = &seen.state.account else { return };
    let (claim, kind) = (account.wish.claim.to_string(), wire::NameKind::Email.into());
    outbox.tell(&account.wish.name, "names", &wire::ConfirmName { claim, kind });
    let opened = wire::AccountOpened {
        user: seen.tenant.to_string(),
        email: account.wish.email.to_string(),
        display_name: account.wish.display_name.to_string(),
        locale: account.wish.locale.to_string(),
    };
    outbox.tell(seen.tenant, "users", &opened);
}
