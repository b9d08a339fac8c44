//! Is it who they say, and may they? And what then happens.

mod operators;
mod proof;
mod registration;
mod session;

use base_fault::Status;
use cell_kernel::Asked;

use crate::{
    command::Command,
    effect::Delivery,
    event::{Doing, EndedBecause, Event},
    facts::Facts,
    state::State,
};

/// Auth saying no. What it says never tells whether there is an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Unknown e-mail, wrong password, or too many tries.
    #[error(
        "the e-mail or the password is wrong, or there were too many tries; check both, wait a few minutes, or sign in with a code"
    )]
    SignInRefused,
    /// Unknown e-mail, wrong code, or one that is used, old, for something else, or was tried too often.
    #[error("the code is wrong or can no longer be used; check it, or ask for a new one")]
    CodeRefused,
    /// The old password is wrong, or there were too many tries.
    #[error(
        "the old password is wrong, or there were too many tries; wait a few minutes, or reset the password with a code"
    )]
    PasswordWrong,
    /// The refresh token was used before, or its session is over.
    #[error("the session is over; sign in again")]
    SessionOver,
    /// The caller is not in the vendor's team.
    #[error("only members of the vendor's team can act for it")]
    NotAMember,
    /// The caller does not operate the platform.
    #[error("only operators of the platform can do this")]
    NotAnOperator,
    /// The list of operators is full.
    #[error("there are at most {} operators", operators::OPERATORS_MAX)]
    OperatorsFull,
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SignInRefused => "sign_in_refused",
            Self::CodeRefused => "code_refused",
            Self::PasswordWrong => "password_wrong",
            Self::SessionOver => "session_over",
            Self::NotAMember => "not_a_member",
            Self::NotAnOperator => "not_an_operator",
            Self::OperatorsFull => "operators_full",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::SignInRefused | Self::CodeRefused | Self::SessionOver => Status::Unauthenticated,
            Self::PasswordWrong | Self::NotAMember | Self::NotAnOperator => {
                Status::PermissionDenied
            }
            Self::OperatorsFull => Status::ResourceExhausted,
        }
    }
}

impl Refusal {
    /// The no that an event is the trace of.
    pub(crate) fn noted_by(event: &Event) -> Option<Self> {
        match event {
            Event::PasswordFailed { doing: Doing::SignIn, .. } => Some(Self::SignInRefused),
            Event::PasswordFailed { doing: Doing::ChangePassword, .. } => Some(Self::PasswordWrong),
            Event::CodeFailed { .. } => Some(Self::CodeRefused),
            Event::RefreshReused { .. }
            | Event::SessionEnded { because: EndedBecause::Idle, .. } => Some(Self::SessionOver),
            _ => None,
        }
    }
}

type Decided = Result<Vec<Event>, Refusal>;

pub(crate) fn decide(state: &State, command: &Command, facts: &Facts, asked: &Asked) -> Decided {
    let (account, now) = (state.account.as_ref(), asked.at);
    match command {
        Command::CreateAccount { wish, .. } => Ok(registration::create(account, wish, facts)),
        Command::NoteNameClaimed { claim } => Ok(registration::claimed(account, claim, now)),
        Command::NoteNameTaken { claim, confirmed, quiet } => {
            Ok(registration::taken(account, claim, *confirmed, *quiet))
        }
        Command::NoteNameConfirmed { claim } => Ok(registration::confirmed(account, claim)),
        Command::NoteNameExpired { claim } => Ok(registration::expired(account, claim)),
        Command::RequestCode { purpose } => Ok(proof::request_code(account, *purpose, now)),
        Command::Prove { by, start } => proof::prove(account, by, facts, start, now),
        Command::ChangePassword { keep, .. } => {
            proof::change_password(account, facts, keep.as_ref(), now)
        }
        Command::RefreshSession { session, number } => {
            session::refresh(account, session, *number, now)
        }
        Command::RevokeSession { session } => Ok(session::revoke(account, session)),
        Command::RevokeAllSessions { keep } => {
            Ok(session::end_all(account, keep.as_ref(), EndedBecause::AllSignedOut))
        }
        Command::ExpireSession { session } => Ok(session::expire(account, session, now)),
        Command::NoteLetter { letter, delivery } => Ok(vec![match delivery {
            Delivery::Accepted => Event::LetterSent { letter: *letter },
            Delivery::Returned { reason } => {
                Event::LetterReturned { letter: *letter, reason: reason.clone() }
            }
        }]),
        // Nothing hangs on it.
        Command::NoteSessionTold { .. } => Ok(Vec::new()),
        Command::GrantOperator { user, reason } => operators::grant(state, user, reason, asked),
        Command::RevokeOperator { user, reason } => {
            Ok(operators::revoke(state, user, reason, asked))
        }
    }
}
