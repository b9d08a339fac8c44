//! What has happened to an account, its sessions, and the operators; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_proof::{Failures, IssuedCode, PasswordHash};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    command::{Device, Reason, Wish},
    effect::Letter,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Somebody wants an account.
    AccountRequested { wish: Wish, password: PasswordHash },
    /// The account was not opened, and will not be. `quiet`: nobody is to be written to about it.
    RegistrationFailed { because: FailedBecause, quiet: bool },
    /// A code was made and is to be sent; the one before is void.
    CodeIssued { code: IssuedCode },
    /// A wrong code was tried.
    CodeFailed { tries_left: u32 },
    /// The e-mail was proven; the account can be used. The password of the registration holds only if whoever began it ended it:
    /// if the code came from the mailbox alone, a stranger may have chosen the password.
    AccountOpened { at: Timestamp, keep_password: bool },
    /// The e-mail is the account's for good.
    EmailConfirmed,
    /// The e-mail went to somebody else before it was confirmed; the account can no longer be used.
    EmailLost,
    /// A wrong password was given.
    PasswordFailed { doing: Doing, failures: Failures },
    /// A new password was set.
    PasswordChanged { password: PasswordHash },
    /// Somebody signed in; the session ends at `until`, however often it is refreshed.
    SessionStarted {
        session: ResourceId,
        proof: Proof,
        device: Device,
        at: Timestamp,
        until: Timestamp,
    },
    /// A refresh token was traded for the one with this number.
    SessionRefreshed { session: ResourceId, number: u64, at: Timestamp },
    /// A refresh token, the one with this number, was used again: two hold the session, so it is over.
    RefreshReused { session: ResourceId, number: u64 },
    /// A session is over.
    SessionEnded { session: ResourceId, because: EndedBecause },
    /// A letter was handed to the post.
    LetterSent { letter: Letter },
    /// A letter came back: the mailbox does not take it.
    LetterReturned { letter: Letter, reason: String },
    /// A user became an operator.
    OperatorGranted { user: Tenant, by: String, reason: Reason, at: Timestamp },
    /// A user is no longer an operator.
    OperatorRevoked { user: Tenant, by: String, reason: Reason, at: Timestamp },
}

/// Why an account was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedBecause {
    /// The e-mail has an account.
    Taken,
    /// Another registration for the e-mail is under way, or there were too many.
    UnderWay,
    /// The code was not used in time.
    Expired,
}

/// What a password was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// To sign in.
    SignIn,
    /// To change it.
    ChangePassword,
}

/// By what somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Proof {
    /// A password.
    Password,
    /// A code by mail.
    Code,
    /// The code that ended the registration.
    Registration,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBecause {
    /// It was signed out, alone.
    SignedOut,
    /// All were signed out.
    AllSignedOut,
    /// The password was changed.
    PasswordChanged,
    /// There were too many; it was the one not used for longest.
    TooMany,
    /// It was tried to refresh it after it had not been used for long.
    Idle,
    /// It lived as long as one can.
    Expired,
    /// The account can no longer be used.
    AccountClosed,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}
