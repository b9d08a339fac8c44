//! What can be asked of auth.

use base_ids::{Email, Locale, ResourceId, Tenant, Text};
use base_proof::{CodePurpose, OneTimeCode, Password, Secret};
use serde::Serialize;

use crate::effect::{Delivery, Letter};

/// How to address a user.
pub type DisplayName = Text<100, 0>;
/// What a session is called in the list.
pub type Device = Text<80, 0>;
/// Why somebody was made an operator, or no longer is.
pub type Reason = Text<200>;

/// What can be asked.
#[derive(Debug, Serialize)]
pub enum Command {
    /// Begin an account for somebody who says that the e-mail is theirs.
    CreateAccount { wish: Wish, password: Password },
    /// The e-mail is kept for the account.
    NoteNameClaimed { claim: ResourceId },
    /// Somebody else has the e-mail: has proven it (`confirmed`) or not. `quiet`: nobody is to be written to about it.
    NoteNameTaken { claim: ResourceId, confirmed: bool, quiet: bool },
    /// The e-mail is the account's for good.
    NoteNameConfirmed { claim: ResourceId },
    /// The e-mail was not confirmed in time.
    NoteNameExpired { claim: ResourceId },
    /// Send a code.
    RequestCode { purpose: CodePurpose },
    /// Sign in; with the code of a registration, end it.
    Prove { by: ProvenBy, start: NewSession },
    /// Set a new password, knowing the old one; the session `keep` goes on.
    ChangePassword { old: Secret, new: Password, keep: Option<ResourceId> },
    /// Trade the refresh token with this number, whose seal has been found right.
    RefreshSession { session: ResourceId, number: u64 },
    /// Sign a session out.
    RevokeSession { session: ResourceId },
    /// Sign all sessions out, except `keep`.
    RevokeAllSessions { keep: Option<ResourceId> },
    /// End a session that has lived as long as one can.
    ExpireSession { session: ResourceId },
    /// A letter was handed to the post, or came back.
    NoteLetter { letter: Letter, delivery: Delivery },
    /// All who read tokens were told that the session is over.
    NoteSessionTold { session: ResourceId },
    /// Make a user an operator.
    GrantOperator { user: Tenant, reason: Reason },
    /// Take the right to operate away.
    RevokeOperator { user: Tenant, reason: Reason },
}

/// The account that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Wish {
    /// The e-mail; not proven.
    pub email: Email,
    /// The tenant that the e-mail is claimed under.
    pub name: Tenant,
    /// The claim's id.
    pub claim: ResourceId,
    /// How to address the user.
    pub display_name: DisplayName,
    /// In which language to write.
    pub locale: Locale,
}

/// What is given to prove who signs in.
#[derive(Debug, Serialize)]
pub enum ProvenBy {
    /// The password.
    Password(Secret),
    /// The code that was sent to sign in with, or the one of a registration, from somebody who knows only the e-mail.
    Code(OneTimeCode),
    /// The code of a registration, from somebody who knows the account's name: whoever began it.
    Registration(OneTimeCode),
    /// The code that was sent to set a new password with, and the new password.
    Reset(OneTimeCode, Password),
}

/// A session to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewSession {
    /// Its id.
    pub session: ResourceId,
    /// What it is called in the list.
    pub device: Device,
}
