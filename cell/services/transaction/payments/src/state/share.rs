//! One child order's share of a payment, each claim in a column of its own: what is on its way never passes for what has come.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use serde::{Deserialize, Serialize};

use crate::{
    command::Asked,
    event::{Claim, Event},
    report::RefundStanding,
};

/// One share. Invariant pay-1: claimed + captured ≤ amount, and refunded ≤ captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The child order.
    pub order: ResourceId,
    /// Who sells.
    pub vendor: Tenant,
    /// What was asked for.
    pub amount: Money,
    /// Being taken.
    pub claimed: Money,
    /// Taken, or collected at the door.
    pub captured: Money,
    /// Not to be taken any more.
    pub waived: bool,
    /// How its refund stands, if there is one.
    pub refund: Option<RefundStanding>,
    /// The order group that wants it back.
    pub wanted_by: Option<ResourceId>,
    /// Whether that was answered.
    pub answered: bool,
}

impl Share {
    pub(super) fn asked(asked: &Asked) -> Self {
        let nothing = Money::zero(asked.amount.currency);
        Self {
            order: asked.order.clone(),
            vendor: asked.vendor.clone(),
            amount: asked.amount,
            claimed: nothing,
            captured: nothing,
            waived: false,
            refund: None,
            wanted_by: None,
            answered: false,
        }
    }

    /// What has gone back.
    pub fn refunded(&self) -> Money {
        let back = self.refund == Some(RefundStanding::Done);
        if back { self.captured } else { Money::zero(self.amount.currency) }
    }

    /// What has been taken and not gone back.
    pub fn kept(&self) -> Money {
        if self.is_back() { Money::zero(self.amount.currency) } else { self.captured }
    }

    /// What is still to be taken.
    pub fn due(&self) -> Money {
        if self.waived { Money::zero(self.amount.currency) } else { self.amount }
    }

    /// Whether the buyer has nothing left in it.
    pub fn is_back(&self) -> bool {
        self.captured.is_zero() || self.refund == Some(RefundStanding::Done)
    }

    /// Whether it has been asked to go back and is not back.
    pub fn is_on_its_way_back(&self) -> bool {
        self.refund == Some(RefundStanding::Pending) || (self.wanted_by.is_some() && !self.answered)
    }

    pub(super) fn evolve(&mut self, event: &Event) {
        let nothing = Money::zero(self.amount.currency);
        let part = |claims: &[Claim]| {
            let mine = claims.iter().find(|claim| claim.order == self.order);
            mine.map_or(nothing, |claim| claim.amount)
        };
        match event {
            Event::CaptureAsked { claims, .. } => self.claimed = part(claims),
            Event::CaptureFailed { .. } => self.claimed = nothing,
            Event::Captured { shares, .. } => {
                (self.claimed, self.captured) = (nothing, part(shares));
            }
            Event::RefundWanted { order, group, .. } if *order == self.order => {
                self.wanted_by = Some(group.clone());
            }
            Event::ShareWaived { order } if *order == self.order => self.waived = true,
            Event::RefundAsked { order, .. } if *order == self.order => {
                self.refund = self.refund.max(Some(RefundStanding::Pending));
            }
            Event::RefundReported { report, .. } if report.order == self.order => {
                self.refund = self.refund.max(Some(report.standing));
                // A refund may bounce after it had arrived: then the answer was too early.
                self.answered &= self.refund != Some(RefundStanding::Failed);
            }
            Event::ShareReturned { order, .. } if *order == self.order => self.answered = true,
            Event::CashCollected { order, amount } if *order == self.order => {
                self.captured = *amount;
            }
            _ => {}
        }
    }
}
