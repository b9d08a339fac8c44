//! One attempt at the provider: what was asked, what the provider says, and what we have made of it.

use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Status;
use crate::{
    command::Instrument,
    report::{IntentReport, Standing},
};

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// With what.
    pub instrument: Instrument,
    /// How much was asked.
    pub amount: Money,
    /// Until when it may take.
    pub until: Timestamp,
    /// When it was made.
    pub at: Timestamp,
    /// The provider's name for it, once it is known.
    pub intent: Option<String>,
    /// How it stands at the provider, by the latest report in the order of [`Standing`].
    pub standing: Standing,
    /// How much was taken.
    pub received: Option<Money>,
    /// Why it failed.
    pub reason: String,
    /// Where the buyer acts.
    pub action_url: String,
    /// Whether the buyer was told to act.
    pub told_to_act: bool,
    /// What the provider has it for, if that is not what was asked.
    pub differs: Option<Money>,
    /// What we have made of it.
    pub stage: Stage,
    /// Whether the provider was asked to let go of it.
    pub release_asked: bool,
}

/// What we have made of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has been told how it ends.
    Open,
    /// The money counts as held.
    Held,
    /// Given up: refused, or lost.
    Declined,
    /// Given up: it took too long.
    Expired,
}

impl Attempt {
    pub(super) fn started(
        instrument: &Instrument,
        amount: Money,
        until: Timestamp,
        at: Timestamp,
    ) -> Self {
        Self {
            instrument: instrument.clone(),
            amount,
            until,
            at,
            intent: None,
            standing: Standing::Asked,
            received: None,
            reason: String::new(),
            action_url: String::new(),
            told_to_act: false,
            differs: None,
            stage: Stage::Open,
            release_asked: false,
        }
    }

    /// Whether a report says something that is not known.
    pub fn is_news(&self, report: &IntentReport) -> bool {
        let mut after = self.clone();
        after.note(report);
        after != *self
    }

    /// Joins a report in. Joining it again, or after later ones, changes nothing.
    pub(super) fn note(&mut self, report: &IntentReport) {
        if self.intent.is_none() {
            self.intent.clone_from(&report.intent);
        }
        if let Some(amount) = report.amount.filter(|amount| *amount != self.amount) {
            self.differs = Some(amount);
        }
        if report.standing > self.standing {
            self.standing = report.standing;
            self.received = report.received;
            self.reason.clone_from(&report.reason);
            self.action_url.clone_from(&report.action_url);
            // Once it is over there is nothing left to let go of.
            self.release_asked &= !self.is_over();
        }
    }

    /// Whether the provider has nothing more to say about it, except that the money went back.
    pub fn is_over(&self) -> bool {
        matches!(self.standing, Standing::Failed | Standing::Gone | Standing::Taken)
    }

    pub(super) fn status(&self) -> Status {
        match self.stage {
            Stage::Open if self.standing == Standing::ActionRequired => Status::RequiresAction,
            Stage::Open => Status::Authorising,
            Stage::Held => Status::Authorised,
            Stage::Declined => Status::Declined,
            Stage::Expired => Status::Expired,
        }
    }
}
