//! Whose is the name? And what then happens.

use std::time::Duration;

use base_ids::{ClaimKind, ResourceId, Tenant};
use base_time::Timestamp;

use crate::{
    command::{Claim, Command},
    event::Event,
    facts::Facts,
    state::{Holder, Stage, State},
};

/// How long a released claim is remembered: longer than any message is retried.
const OVER_FOR: Duration = Duration::from_hours(30 * 24);
/// How often a day a name can be claimed: each claim may write to a mailbox that is not the claimant's.
const CLAIMS_A_DAY: usize = 10;
/// How many refusals a day may be followed by a letter to the name's mailbox.
const LOUD_REFUSALS_A_DAY: usize = 3;

pub(crate) fn decide(
    state: &State,
    command: &Command,
    facts: &Facts,
    now: Timestamp,
) -> Vec<Event> {
    match command {
        Command::ClaimName { claim, kind } => claim_name(state, claim, *kind, facts.hold, now),
        Command::ConfirmName { claim, kind } => confirm(state, claim, *kind, now),
        Command::ReleaseName { claim } => release(state, claim, now),
        Command::ExpireClaim { claimant, id } => expire(state, claimant, id, now),
    }
}

/// The first claim wins. Asking again changes nothing, since it was answered before; asking under a new id is answered anew.
fn claim_name(
    state: &State,
    claim: &Claim,
    kind: ClaimKind,
    hold: Duration,
    now: Timestamp,
) -> Vec<Event> {
    if state.is_over(claim) {
        return refuse(state, claim, true, now);
    }
    let claimed =
        || Event::NameClaimed { claim: claim.clone(), name: kind, at: now, until: now.after(hold) };
    match &state.holder {
        Some(holder) if holder.claim == *claim => Vec::new(),
        Some(holder) if holder.claim.claimant == claim.claimant => match holder.stage {
            Stage::Confirmed => vec![confirmed(claim, kind)],
            Stage::Claimed(_) => vec![claimed()],
        },
        Some(_) => refuse(state, claim, false, now),
        None if state.claims_of_a_day(now) >= CLAIMS_A_DAY => refuse(state, claim, true, now),
        None => vec![claimed()],
    }
}

/// A proof that comes late is as good, as long as nobody else has claimed the name since.
fn confirm(state: &State, claim: &Claim, kind: ClaimKind, now: Timestamp) -> Vec<Event> {
    if state.is_over(claim) {
        return refuse(state, claim, true, now);
    }
    match &state.holder {
        Some(Holder { claim: holding, stage: Stage::Confirmed, .. }) if holding == claim => {
            Vec::new()
        }
        Some(holder) if holder.claim.claimant != claim.claimant => refuse(state, claim, true, now),
        _ => vec![confirmed(claim, kind)],
    }
}

fn release(state: &State, claim: &Claim, now: Timestamp) -> Vec<Event> {
    let until = now.after(OVER_FOR);
    match &state.holder {
        Some(holder) if is(&holder.claim, &claim.claimant, &claim.id) => {
            vec![Event::NameReleased { claim: claim.clone(), until }]
        }
        _ if state.is_over(claim) => Vec::new(),
        // It has ended, or its request is still on its way: a message may be overtaken by its own undoing.
        _ => vec![Event::ClaimBarred { claim: claim.clone(), until, at: now }],
    }
}

fn expire(state: &State, claimant: &Tenant, id: &ResourceId, now: Timestamp) -> Vec<Event> {
    match &state.holder {
        Some(Holder { claim, stage: Stage::Claimed(until), .. })
            if is(claim, claimant, id) && *until <= now =>
        {
            vec![Event::ClaimExpired { claim: claim.clone() }]
        }
        _ => Vec::new(),
    }
}

fn is(claim: &Claim, claimant: &Tenant, id: &ResourceId) -> bool {
    claim.claimant == *claimant && claim.id == *id
}

fn confirmed(claim: &Claim, name: ClaimKind) -> Event {
    Event::NameConfirmed { claim: claim.clone(), name }
}

fn refuse(state: &State, claim: &Claim, quiet: bool, now: Timestamp) -> Vec<Event> {
    let confirmed = state.holder.as_ref().is_some_and(|holder| holder.stage == Stage::Confirmed);
    let quiet = quiet || state.refusals_of_a_day(now) >= LOUD_REFUSALS_A_DAY;
    vec![Event::NameRefused { claim: claim.clone(), confirmed, quiet, at: now }]
}
