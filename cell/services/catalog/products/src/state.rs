//! What is remembered of a shared record in order to decide.

use std::collections::BTreeMap;

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_words::{Details, ProductId};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{command::Proposal, event::Event};

/// What the stream remembers: a record, once somebody has proposed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The record.
    pub product: Option<Box<Product>>,
}

/// A shared record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Its number.
    pub product: ProductId,
    /// What it is.
    pub details: Details,
    /// Whether it can be sold.
    pub stage: Stage,
    /// Why it was rejected or withdrawn.
    pub reason: String,
    /// Raised at each approved change; the first is 1.
    pub revision: u64,
    /// Which vendor was the first to say what it is.
    pub by: Option<Tenant>,
    /// Proposed changes. Of those that have ended, the last [`Product::ENDED_KEPT`] are remembered.
    pub changes: BTreeMap<ResourceId, Change>,
}

/// Whether a product can be sold.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// Nobody has looked yet.
    Proposed,
    /// It can.
    Published,
    /// It is not what it says.
    Rejected,
    /// It was taken out of sale.
    Withdrawn,
}

impl Stage {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What.
    pub proposal: Proposal,
    /// When.
    pub at: Timestamp,
    /// How far it is.
    pub stage: ChangeStage,
    /// Why it was declined.
    pub reason: String,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChangeStage {
    /// Nobody has looked yet.
    Proposed,
    /// It was carried out.
    Approved,
    /// It was not.
    Declined,
    /// Another one was.
    Conflict,
}

impl ChangeStage {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Product {
    /// How many changes that have ended are remembered.
    pub const ENDED_KEPT: usize = 50;

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ProductPublished => self.enter(Stage::Published, ""),
            Event::ProductRejected { reason } => self.enter(Stage::Rejected, reason.as_str()),
            Event::ProductWithdrawn { reason } => self.enter(Stage::Withdrawn, reason.as_str()),
            Event::ChangeProposed { proposal, at } => {
                let (name, proposal) = (proposal.change.clone(), (**proposal).clone());
                let (stage, reason) = (ChangeStage::Proposed, String::new());
                self.changes.insert(name, Change { proposal, at: *at, stage, reason });
            }
            Event::ChangeApproved { change } => {
                if let Some(change) = self.changes.get(change) {
                    for field in &change.proposal.fields {
                        self.details.set(field);
                    }
                    self.revision += 1;
                }
                self.end(change, ChangeStage::Approved, "");
            }
            Event::ChangeDeclined { change, reason } => {
                self.end(change, ChangeStage::Declined, reason.as_str());
            }
            Event::ChangeOvertaken { change, .. } => self.end(change, ChangeStage::Conflict, ""),
            Event::ProductProposed { .. } => {}
        }
    }

    fn enter(&mut self, stage: Stage, reason: &str) {
        self.stage = stage;
        reason.clone_into(&mut self.reason);
    }

    fn end(&mut self, change: &ResourceId, stage: ChangeStage, reason: &str) {
        if let Some(change) = self.changes.get_mut(change) {
            change.stage = stage;
            reason.clone_into(&mut change.reason);
        }
        // The one that ends now is kept in any case: a view is still to show how it ended.
        let ended = self.changes.values().filter(|known| {
            known.stage != ChangeStage::Proposed && known.proposal.change != *change
        });
        let mut ended: Vec<_> =
            ended.map(|known| (known.at, known.proposal.change.clone())).collect();
        ended.sort();
        let forgotten = (ended.len() + 1).saturating_sub(Self::ENDED_KEPT);
        for (_, oldest) in ended.into_iter().take(forgotten) {
            self.changes.remove(&oldest);
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut self.product, event) {
            (None, Event::ProductProposed { product, details, by }) => {
                self.product = Some(Box::new(Product {
                    product: product.clone(),
                    details: (**details).clone(),
                    stage: Stage::Proposed,
                    reason: String::new(),
                    revision: 1,
                    by: by.clone(),
                    changes: BTreeMap::new(),
                }));
            }
            (None, _) => {}
            (Some(product), event) => product.evolve(event),
        }
    }
}
