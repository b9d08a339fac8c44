//! From "I want an account" to an e-mail that is the account's for good.

use base_ids::ResourceId;
use base_proof::CodePurpose;
use base_time::Timestamp;

use super::session;
use crate::{
    command::Wish,
    event::{EndedBecause, Event, FailedBecause},
    facts::Facts,
    state::{Account, Stage},
};

/// Asking again changes nothing: the answer is the same anyway.
pub(super) fn create(account: Option<&Account>, wish: &Wish, facts: &Facts) -> Vec<Event> {
    if account.is_some() {
        return Vec::new();
    }
    let password = facts.new_password.clone().expect("the hash of a new password was gathered");
    vec![Event::AccountRequested { wish: wish.clone(), password }]
}

pub(super) fn claimed(account: Option<&Account>, claim: &ResourceId, now: Timestamp) -> Vec<Event> {
    let requested = waiting(account, claim).filter(|account| account.stage == Stage::Requested);
    let code = requested.and_then(|account| account.codes.next(CodePurpose::Registration, now));
    code.into_iter().map(|code| Event::CodeIssued { code }).collect()
}

pub(super) fn taken(
    account: Option<&Account>,
    claim: &ResourceId,
    confirmed: bool,
    quiet: bool,
) -> Vec<Event> {
    let account = waiting(account, claim);
    match account.map(|account| account.stage) {
        Some(Stage::Requested | Stage::Pending) => {
            let because = if confirmed { FailedBecause::Taken } else { FailedBecause::UnderWay };
            vec![Event::RegistrationFailed { because, quiet }]
        }
        // Somebody else proved the same e-mail while our word to names was on its way.
        Some(Stage::Open { confirmed: false, .. }) => {
            let mut events = session::end_all(account, None, EndedBecause::AccountClosed);
            events.push(Event::EmailLost);
            events
        }
        _ => Vec::new(),
    }
}

pub(super) fn confirmed(account: Option<&Account>, claim: &ResourceId) -> Vec<Event> {
    match waiting(account, claim).map(|account| account.stage) {
        Some(Stage::Open { confirmed: false, .. }) => vec![Event::EmailConfirmed],
        _ => Vec::new(),
    }
}

/// An account that is open has told names so; names will answer that, whatever it told before.
pub(super) fn expired(account: Option<&Account>, claim: &ResourceId) -> Vec<Event> {
    match waiting(account, claim).map(|account| account.stage) {
        Some(Stage::Requested | Stage::Pending) => {
            vec![Event::RegistrationFailed { because: FailedBecause::Expired, quiet: true }]
        }
        _ => Vec::new(),
    }
}

/// The account, if the claim is its own: an answer to another claim is none of its business.
fn waiting<'a>(account: Option<&'a Account>, claim: &ResourceId) -> Option<&'a Account> {
    account.filter(|account| account.wish.claim == *claim)
}
