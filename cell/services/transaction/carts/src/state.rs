//! What is remembered of a cart in order to decide.

use std::collections::{BTreeMap, BTreeSet};

use base_ids::{ResourceId, Tenant};
use base_money::Currency;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Item, Line, Quantity},
    event::{Event, LeftOut},
};

/// Merged rounds of guests that are remembered: more than a user signs in with while a message is on its way.
const MERGED_MAX: usize = 200;

/// A cart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The current round; 0 before the first.
    pub round: u64,
    /// Raised at each change of what would be bought.
    pub revision: u64,
    /// How far the round is.
    pub stage: Stage,
    /// The round's lines, in the order they came in.
    pub lines: Vec<Line>,
    /// Guests that were asked for their lines and have not answered.
    pub merging: BTreeSet<Tenant>,
    /// What has come from guests, so that it does not come in twice.
    pub merged: Vec<MergedRound>,
    /// Guests' lines that wait for a checkout to end.
    pub kept: Vec<Kept>,
    /// What the last merge left out.
    pub left_out: Vec<LeftOut>,
    /// Who wants the lines once the checkout that has them ends.
    pub wanted_by: BTreeSet<Tenant>,
    /// Checkouts that do not get the cart any more, until they can be forgotten.
    pub barred: BTreeMap<ResourceId, Timestamp>,
}

/// How far a round is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the first line ever.
    #[default]
    Unused,
    /// Can be changed.
    Open,
    /// A checkout is buying it.
    Claimed(ResourceId),
    /// A checkout has bought it.
    Converted(ResourceId),
    /// Its lines went to this user.
    HandedOver(Tenant),
}

/// A round of a guest's cart that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedRound {
    /// Whose.
    pub guest: Tenant,
    /// Which.
    pub round: u64,
}

/// A guest's lines that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose they were, of which round.
    #[serde(flatten)]
    pub from: MergedRound,
    /// The lines.
    pub lines: Vec<Line>,
}

impl State {
    /// The line of an offer.
    pub fn line(&self, item: &Item) -> Option<&Line> {
        self.lines.iter().find(|line| line.item == *item)
    }

    /// What the lines are sold in.
    pub fn currency(&self) -> Option<Currency> {
        self.lines.first().map(|line| line.price.currency)
    }

    /// Whose offers are in it.
    pub fn vendors(&self) -> BTreeSet<&Tenant> {
        self.lines.iter().map(|line| &line.item.vendor).collect()
    }

    /// Whether a round of a guest's cart has come in, or waits to.
    pub fn has_merged(&self, from: &MergedRound) -> bool {
        self.merged.contains(from) || self.kept.iter().any(|kept| kept.from == *from)
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::RoundOpened { round, lines } => {
                self.round = *round;
                self.stage = Stage::Open;
                self.lines.clone_from(lines);
                self.left_out.clear();
                self.revision += 1;
            }
            Event::LineAdded { line } => self.set(line.clone()),
            Event::LineChanged { item, quantity } => self.change(item, *quantity),
            Event::LineRemoved { item } => {
                self.lines.retain(|line| line.item != *item);
                self.revision += 1;
            }
            Event::Repriced { prices } => {
                for new in prices {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.item == new.item) {
                        (line.price, line.price_version) = (new.price, new.price_version);
                    }
                }
                self.revision += 1;
            }
            Event::MergeAsked { guest } => {
                self.merging.insert(guest.clone());
            }
            Event::Merged { guest, round, lines, left_out } => {
                self.merge(MergedRound { guest: guest.clone(), round: *round }, lines, left_out);
            }
            Event::GuestLinesKept { guest, round, lines } => {
                self.merging.remove(guest);
                let from = MergedRound { guest: guest.clone(), round: *round };
                self.kept.push(Kept { from, lines: lines.clone() });
            }
            Event::MergeEnded { guest } => {
                self.merging.remove(guest);
            }
            Event::HandOverAsked { to } => {
                self.wanted_by.insert(to.clone());
            }
            Event::HandedOver { to, lines, .. } => {
                self.wanted_by.remove(to);
                if !lines.is_empty() {
                    self.stage = Stage::HandedOver(to.clone());
                }
            }
            Event::Claimed { checkout, .. } => self.stage = Stage::Claimed(checkout.clone()),
            Event::ClaimRefused { .. } => {}
            Event::Released { checkout, at, until } => {
                if self.stage == Stage::Claimed(checkout.clone()) {
                    self.stage = Stage::Open;
                }
                self.barred.retain(|_, forgotten| *forgotten > *at);
                self.barred.insert(checkout.clone(), *until);
            }
            Event::Converted { checkout, bought } => {
                self.stage = Stage::Converted(checkout.clone());
                self.lines.retain(|line| bought.contains(&line.item));
            }
        }
    }

    fn set(&mut self, line: Line) {
        match self.lines.iter_mut().find(|known| known.item == line.item) {
            Some(known) => *known = line,
            None => self.lines.push(line),
        }
        self.revision += 1;
    }

    fn change(&mut self, item: &Item, quantity: Quantity) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.item == *item) {
            line.quantity = quantity;
        }
        self.revision += 1;
    }

    fn merge(&mut self, from: MergedRound, lines: &[Line], left_out: &[LeftOut]) {
        self.merging.remove(&from.guest);
        self.kept.retain(|kept| kept.from != from);
        self.merged.push(from);
        let too_many = self.merged.len().saturating_sub(MERGED_MAX);
        self.merged.drain(..too_many);
        for line in lines {
            self.set(line.clone());
        }
        self.left_out = left_out.to_vec();
    }
}
