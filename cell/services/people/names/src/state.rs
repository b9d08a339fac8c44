//! What is remembered of a name in order to decide.

use std::time::Duration;

use base_ids::{ClaimKind, ResourceId, Tenant};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{command::Claim, event::Event};

/// How far back it is counted how often a name was asked for.
const DAY: Duration = Duration::from_hours(24);

/// A name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Who holds it.
    pub holder: Option<Holder>,
    /// Claims that were released, until they can be forgotten.
    pub over: Vec<Over>,
    /// When it was claimed, within the last day that anything happened.
    pub claimed: Vec<Timestamp>,
    /// When a claimant was told no, loudly, within the last day that anything happened.
    pub refused: Vec<Timestamp>,
}

/// Who holds a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// By which claim.
    pub claim: Claim,
    /// What kind of name it is.
    pub name: ClaimKind,
    /// How firmly.
    pub stage: Stage,
}

/// How firmly a name is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Until this time.
    Claimed(Timestamp),
    /// Until it is released.
    Confirmed,
}

/// A claim that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Whose.
    pub claimant: Tenant,
    /// Which.
    pub id: ResourceId,
    /// Until when it is remembered.
    pub until: Timestamp,
}

impl State {
    /// Whether this claim was released.
    pub fn is_over(&self, claim: &Claim) -> bool {
        self.over.iter().any(|over| over.claimant == claim.claimant && over.id == claim.id)
    }

    /// How often the name was claimed in the day before `now`.
    pub fn claims_of_a_day(&self, now: Timestamp) -> usize {
        within_a_day(&self.claimed, now)
    }

    /// How often a claimant was told no, loudly, in the day before `now`.
    pub fn refusals_of_a_day(&self, now: Timestamp) -> usize {
        within_a_day(&self.refused, now)
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::NameClaimed { claim, name, at, until } => {
                let (claim, stage) = (claim.clone(), Stage::Claimed(*until));
                self.holder = Some(Holder { claim, name: *name, stage });
                note(&mut self.claimed, *at);
            }
            Event::NameConfirmed { claim, name } => {
                let (claim, stage) = (claim.clone(), Stage::Confirmed);
                self.holder = Some(Holder { claim, name: *name, stage });
            }
            Event::NameRefused { quiet, at, .. } => {
                if !quiet {
                    note(&mut self.refused, *at);
                }
            }
            Event::ClaimExpired { .. } => self.holder = None,
            Event::NameReleased { claim, until } => {
                self.holder = None;
                self.remember_over(claim, *until);
            }
            Event::ClaimBarred { claim, until, at } => {
                self.over.retain(|over| over.until > *at);
                self.remember_over(claim, *until);
            }
        }
    }

    fn remember_over(&mut self, claim: &Claim, until: Timestamp) {
        self.over.push(Over { claimant: claim.claimant.clone(), id: claim.id.clone(), until });
    }
}

fn within_a_day(times: &[Timestamp], now: Timestamp) -> usize {
    times.iter().filter(|at| now.since(**at) < DAY).count()
}

fn note(times: &mut Vec<Timestamp>, at: Timestamp) {
    times.retain(|before| at.since(*before) < DAY);
    times.push(at);
}
