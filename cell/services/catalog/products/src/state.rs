//! What is remembered of a record, an offer, an import or a quote in order to decide: each stream is one of the four.

use std::collections::{BTreeMap, BTreeSet};

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    command::{Condition, Details, Outcome, Price, ProductId, Proposal},
    event::Event,
};

/// What a stream remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has written it.
    #[default]
    Nothing,
    /// A shared record.
    Product(Box<Product>),
    /// A vendor's offer.
    Offer(Box<Offer>),
    /// A file of offers on its way.
    Import(Box<Import>),
    /// A quote that was answered.
    Quoted,
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

/// A vendor's offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id.
    pub offer: ResourceId,
    /// Of which product.
    pub product: ProductId,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Price,
    /// Raised at each change of the price; the first is 1.
    pub price_version: i64,
    /// Whether it is sold.
    pub stage: OfferStage,
}

/// Whether an offer is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferStage {
    /// It is.
    Active,
    /// Not for a while.
    Paused,
    /// Not any more.
    Withdrawn,
}

/// A file of offers on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its name.
    pub import: ResourceId,
    /// When it was read.
    pub at: Timestamp,
    /// Lines with something on them.
    pub lines: u32,
    /// Lines whose offer is new.
    pub created: u32,
    /// Lines whose offer has changed.
    pub updated: u32,
    /// Lines whose offer was so already.
    pub unchanged: u32,
    /// Lines that could not be carried out.
    pub failed: u32,
    /// Lines that have not ended.
    pub pending: BTreeSet<u32>,
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
            _ => {}
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

impl Offer {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::OfferRepriced { price } => {
                self.price = *price;
                self.price_version += 1;
            }
            Event::OfferRegraded { condition } => self.condition = *condition,
            Event::OfferPaused => self.stage = OfferStage::Paused,
            Event::OfferResumed => self.stage = OfferStage::Active,
            Event::OfferWithdrawn => self.stage = OfferStage::Withdrawn,
            _ => {}
        }
    }
}

impl Import {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::LinesFaulty { lines } => {
                self.failed += u32::try_from(lines.len()).unwrap_or(u32::MAX);
            }
            Event::LinesTaken { lines } => self.pending.extend(lines.iter().map(|line| line.line)),
            Event::LineNoted { line, outcome, .. } => {
                self.pending.remove(line);
                match outcome {
                    Outcome::Created => self.created += 1,
                    Outcome::Updated => self.updated += 1,
                    Outcome::Unchanged => self.unchanged += 1,
                    Outcome::Failed(_) => self.failed += 1,
                }
            }
            _ => {}
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Self::Nothing, Event::ProductProposed { product, details, by }) => {
                *self = Self::Product(Box::new(Product {
                    product: product.clone(),
                    details: (**details).clone(),
                    stage: Stage::Proposed,
                    reason: String::new(),
                    revision: 1,
                    by: by.clone(),
                    changes: BTreeMap::new(),
                }));
            }
            (Self::Nothing, Event::OfferCreated { offer, product, condition, price, .. }) => {
                *self = Self::Offer(Box::new(Offer {
                    offer: offer.clone(),
                    product: product.clone(),
                    condition: *condition,
                    price: *price,
                    price_version: 1,
                    stage: OfferStage::Active,
                }));
            }
            (Self::Nothing, Event::ImportStarted { import, lines, at }) => {
                *self = Self::Import(Box::new(Import {
                    import: import.clone(),
                    at: *at,
                    lines: *lines,
                    created: 0,
                    updated: 0,
                    unchanged: 0,
                    failed: 0,
                    pending: BTreeSet::new(),
                }));
            }
            (Self::Nothing, Event::QuoteGiven { .. } | Event::QuoteRefused { .. }) => {
                *self = Self::Quoted;
            }
            (Self::Product(product), event) => product.evolve(event),
            (Self::Offer(offer), event) => offer.evolve(event),
            (Self::Import(import), event) => import.evolve(event),
            (Self::Nothing | Self::Quoted, _) => {}
        }
    }

    /// The record, if this is one.
    pub fn product(&self) -> Option<&Product> {
        match self {
            Self::Product(product) => Some(product),
            _ => None,
        }
    }

    /// The offer, if this is one.
    pub fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Offer(offer) => Some(offer),
            _ => None,
        }
    }

    /// The import, if this is one.
    pub fn import(&self) -> Option<&Import> {
        match self {
            Self::Import(import) => Some(import),
            _ => None,
        }
    }
}
