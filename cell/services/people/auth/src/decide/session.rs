//! Sessions: one refresh token at a time, each good for once (Invariant auth-1).

use base_ids::ResourceId;
use base_proof::{Family, Trade};
use base_time::Timestamp;

use super::{Decided, Refusal};
use crate::{
    command::NewSession,
    event::{EndedBecause, Event, Proof},
    state::Account,
};

/// Most sessions of a user.
pub(crate) const SESSIONS_MAX: usize = 50;

/// Starts a session; one too many ends the one that was not used for longest.
pub(super) fn start(
    account: &Account,
    start: &NewSession,
    proof: Proof,
    now: Timestamp,
) -> Vec<Event> {
    let by_use = account.sessions.iter().min_by_key(|(_, session)| session.family.refreshed);
    let oldest = by_use.filter(|_| account.sessions.len() >= SESSIONS_MAX);
    let mut events: Vec<Event> =
        oldest.map(|(id, _)| ended(id, EndedBecause::TooMany)).into_iter().collect();
    let (session, device) = (start.session.clone(), start.device.clone());
    let until = Family::begin(now).until;
    events.push(Event::SessionStarted { session, proof, device, at: now, until });
    events
}

pub(super) fn refresh(
    account: Option<&Account>,
    id: &ResourceId,
    number: u64,
    now: Timestamp,
) -> Decided {
    let session = account.and_then(|account| account.sessions.get(id));
    let trade = session.map_or(Trade::Unknown, |session| session.family.trade(number, now));
    let session = id.clone();
    match trade {
        Trade::Next(number) => Ok(vec![Event::SessionRefreshed { session, number, at: now }]),
        Trade::Reused => Ok(vec![Event::RefreshReused { session, number }]),
        Trade::Idle => Ok(vec![ended(id, EndedBecause::Idle)]),
        Trade::Unknown => Err(Refusal::SessionOver),
    }
}

pub(super) fn revoke(account: Option<&Account>, id: &ResourceId) -> Vec<Event> {
    let known = account.is_some_and(|account| account.sessions.contains_key(id));
    if known { vec![ended(id, EndedBecause::SignedOut)] } else { Vec::new() }
}

pub(super) fn end_all(
    account: Option<&Account>,
    keep: Option<&ResourceId>,
    because: EndedBecause,
) -> Vec<Event> {
    let sessions = account.into_iter().flat_map(|account| account.sessions.keys());
    sessions.filter(|id| Some(*id) != keep).map(|id| ended(id, because)).collect()
}

pub(super) fn expire(account: Option<&Account>, id: &ResourceId, now: Timestamp) -> Vec<Event> {
    let session = account.and_then(|account| account.sessions.get(id));
    let due = session.is_some_and(|session| session.family.until <= now);
    if due { vec![ended(id, EndedBecause::Expired)] } else { Vec::new() }
}

fn ended(session: &ResourceId, because: EndedBecause) -> Event {
    Event::SessionEnded { session: session.clone(), because }
}
