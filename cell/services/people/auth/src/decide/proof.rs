//! Passwords and codes: what is right lets in, what is wrong is counted, what cannot be tried leaves no trace (Invariant auth-2).

use base_ids::ResourceId;
use base_proof::{CodePurpose, Tried};
use base_time::Timestamp;

use super::{Decided, Refusal, session};
use crate::{
    command::{NewSession, ProvenBy},
    event::{Doing, EndedBecause, Event, Proof},
    facts::Facts,
    state::{Account, Stage},
};

/// Too many codes are left out without a word: the answer must not tell that there is an account.
pub(super) fn request_code(
    account: Option<&Account>,
    purpose: CodePurpose,
    now: Timestamp,
) -> Vec<Event> {
    let code = account.and_then(|account| match account.stage {
        Stage::Pending => account.codes.next(CodePurpose::Registration, now),
        Stage::Open { .. } => account.codes.next(purpose, now),
        Stage::Requested | Stage::Closed => None,
    });
    code.into_iter().map(|code| Event::CodeIssued { code }).collect()
}

pub(super) fn prove(
    account: Option<&Account>,
    by: &ProvenBy,
    facts: &Facts,
    start: &NewSession,
    now: Timestamp,
) -> Decided {
    let stage = account.map(|account| account.stage);
    let opened = |keep_password| vec![Event::AccountOpened { at: now, keep_password }];
    let (purpose, proof, before) = match (by, stage) {
        (ProvenBy::Password(_), _) => return sign_in(account, facts.right, start, now),
        // Only who began the registration knows the account's name, so the password that was chosen then holds.
        (ProvenBy::Registration(_), Some(Stage::Pending)) => {
            (CodePurpose::Registration, Proof::Registration, opened(true))
        }
        (ProvenBy::Code(_), Some(Stage::Pending)) => {
            (CodePurpose::Registration, Proof::Code, opened(false))
        }
        (ProvenBy::Code(_), Some(Stage::Open { .. })) => {
            (CodePurpose::SignIn, Proof::Code, Vec::new())
        }
        (ProvenBy::Reset(..), Some(Stage::Open { .. })) => {
            (CodePurpose::ResetPassword, Proof::Code, changed(account, facts, None))
        }
        _ => return Err(Refusal::CodeRefused),
    };
    let account = account.ok_or(Refusal::CodeRefused)?;
    match account.codes.check(purpose, facts.right, now) {
        Tried::Unusable => Err(Refusal::CodeRefused),
        Tried::Wrong { tries_left } => Ok(vec![Event::CodeFailed { tries_left }]),
        Tried::Right => {
            Ok(before.into_iter().chain(session::start(account, start, proof, now)).collect())
        }
    }
}

fn sign_in(account: Option<&Account>, right: bool, start: &NewSession, now: Timestamp) -> Decided {
    let account = looked_at(account, now).ok_or(Refusal::SignInRefused)?;
    if right {
        Ok(session::start(account, start, Proof::Password, now))
    } else {
        let (doing, failures) = (Doing::SignIn, account.failures.and_one(now));
        Ok(vec![Event::PasswordFailed { doing, failures }])
    }
}

pub(super) fn change_password(
    account: Option<&Account>,
    facts: &Facts,
    keep: Option<&ResourceId>,
    now: Timestamp,
) -> Decided {
    let account = looked_at(account, now).ok_or(Refusal::PasswordWrong)?;
    if facts.right {
        Ok(changed(Some(account), facts, keep))
    } else {
        let (doing, failures) = (Doing::ChangePassword, account.failures.and_one(now));
        Ok(vec![Event::PasswordFailed { doing, failures }])
    }
}

/// The account, if it can be used and a password is looked at now.
fn looked_at(account: Option<&Account>, now: Timestamp) -> Option<&Account> {
    account.filter(|account| account.open_since().is_some() && !account.failures.locked(now))
}

/// Whoever had the old password may have a session too: all end but the one that asks.
fn changed(account: Option<&Account>, facts: &Facts, keep: Option<&ResourceId>) -> Vec<Event> {
    let password = facts.new_password.clone().expect("the hash of a new password was gathered");
    let mut events = session::end_all(account, keep, EndedBecause::PasswordChanged);
    events.push(Event::PasswordChanged { password });
    events
}
