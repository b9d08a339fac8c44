//! How others read auth: how a user signs in, where the user is signed in, and who operates the platform.

use base_ids::{Email, ResourceId, Tenant};
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{
    Auth, Event,
    command::Reason,
    state::{Account, Session},
};

/// The key of the one row of an account.
pub(crate) const ROW: &str = "account";

/// How a user signs in; one row, none while the account cannot be used.
pub struct Accounts;

/// How a user signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The e-mail.
    pub email: Email,
    /// Whether there is a password.
    pub has_password: bool,
    /// Since when there is an account.
    pub open_since: Timestamp,
}

impl AccountRow {
    /// The row of an account that can be used.
    pub fn of(account: &Account) -> Option<Self> {
        let (email, has_password) = (account.wish.email.clone(), account.password.is_some());
        account.open_since().map(|open_since| Self { email, has_password, open_since })
    }
}

impl View<Auth> for Accounts {
    const NAME: &'static str = "accounts";
    type Row = AccountRow;

    fn fold(seen: &Seen<'_, Auth>, rows: &mut Rows<AccountRow>) {
        match seen.event {
            Event::AccountOpened { .. } | Event::PasswordChanged { .. } => {
                if let Some(row) = seen.state.account.as_ref().and_then(AccountRow::of) {
                    rows.put(ROW, &row);
                }
            }
            Event::EmailLost => rows.delete(ROW),
            _ => {}
        }
    }
}

/// Where a user is signed in; keyed by the session.
pub struct Sessions;

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its id.
    pub id: ResourceId,
    /// The session.
    pub session: Session,
}

impl View<Auth> for Sessions {
    const NAME: &'static str = "sessions";
    type Row = SessionRow;

    fn fold(seen: &Seen<'_, Auth>, rows: &mut Rows<SessionRow>) {
        let (Event::SessionStarted { session: id, .. }
        | Event::SessionRefreshed { session: id, .. }
        | Event::SessionEnded { session: id, .. }
        | Event::RefreshReused { session: id, .. }) = seen.event
        else {
            return;
        };
        match seen.state.account.as_ref().and_then(|account| account.sessions.get(id)) {
            Some(session) => {
                rows.put(id.as_str(), &SessionRow { id: id.clone(), session: session.clone() });
            }
            None => rows.delete(id.as_str()),
        }
    }
}

/// Who operates the platform, and who did; keyed by the user's id.
pub struct Operators;

/// A user who operates the platform, or did: who granted or revoked it, why and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRow {
    /// Who.
    pub user: Tenant,
    /// Whether the right holds.
    pub active: bool,
    /// Who granted or revoked it.
    pub by: String,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

impl View<Auth> for Operators {
    const NAME: &'static str = "operators";
    type Row = OperatorRow;

    fn fold(seen: &Seen<'_, Auth>, rows: &mut Rows<OperatorRow>) {
        let (active, user, by, reason, at) = match seen.event {
            Event::OperatorGranted { user, by, reason, at } => (true, user, by, reason, at),
            Event::OperatorRevoked { user, by, reason, at } => (false, user, by, reason, at),
            _ => return,
        };
        let (user, by, reason) = (user.clone(), by.clone(), reason.clone());
        rows.put(user.id().to_owned(), &OperatorRow { user, active, by, reason, at: *at });
    }
}
