//! A buyer's group: what was placed, and what is known of each vendor's part. Status and totals are derived from the parts.

use base_ids::ResourceId;
use base_money::{Currency, Money};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    command::{ChildNews, Parcel, Status},
    draft::{ChildDraft, GroupDraft},
    event::Event,
    number,
};

/// A buyer's group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What the buyer calls it.
    pub number: String,
    /// What was bought.
    pub draft: GroupDraft,
    /// When.
    pub placed_at: Timestamp,
    /// Whether vendors may start.
    pub confirmed: bool,
    /// Why the checkout was undone, if it was.
    pub undone: Option<String>,
    /// What is known of each child order, in the order of the draft.
    pub parts: Vec<Part>,
}

/// What a group knows of one of its child orders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it is, as far as the group has heard.
    pub status: Status,
    /// The newest change that was heard of.
    pub sequence: u64,
    /// Why, where there is a reason.
    pub reason: String,
    /// How to find it, once it has shipped.
    pub parcel: Option<Parcel>,
    /// Whether its vendor was asked to cancel it and has not answered.
    pub cancelling: bool,
    /// Whether its share goes back.
    pub refund: Refund,
}

/// Whether a part's share goes back to the buyer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refund {
    /// Nobody has asked.
    #[default]
    None,
    /// Asked for.
    Asked,
    /// So much is back.
    Done(Money),
}

/// What a group is: derived from its parts, and never remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupStatus {
    /// The payment is being settled.
    Placed,
    /// Vendors have been asked.
    Confirmed,
    /// Every living part is accepted.
    Accepted,
    /// Some parts have left.
    PartlyShipped,
    /// Every living part has left.
    Shipped,
    /// Every living part has arrived.
    Delivered,
    /// No part is left.
    Cancelled,
}

impl Group {
    pub(super) fn placed(number: &str, draft: &GroupDraft, at: Timestamp) -> Self {
        Self {
            number: number.to_owned(),
            draft: draft.clone(),
            placed_at: at,
            confirmed: false,
            undone: None,
            parts: vec![Part::default(); draft.children.len()],
        }
    }

    /// The child orders as placed, their numbers, and what is known of each.
    pub fn children(&self) -> impl Iterator<Item = (&ChildDraft, String, &Part)> {
        let numbered = self.draft.children.iter().enumerate();
        numbered
            .zip(&self.parts)
            .map(|((place, draft), part)| (draft, number::of_child(&self.number, place), part))
    }

    /// One child order as placed, and what is known of it.
    pub fn child(&self, order: &ResourceId) -> Option<(&ChildDraft, &Part)> {
        let place = self.place(order)?;
        Some((&self.draft.children[place], &self.parts[place]))
    }

    /// What the group is.
    pub fn status(&self) -> GroupStatus {
        if self.undone.is_some() {
            return GroupStatus::Cancelled;
        }
        let living = || self.parts.iter().map(|part| part.status).filter(|it| !it.is_dropped());
        let left = |status: Status| matches!(status, Status::Shipped | Status::Delivered);
        if living().next().is_none() {
            GroupStatus::Cancelled
        } else if living().all(|status| status == Status::Delivered) {
            GroupStatus::Delivered
        } else if living().all(left) {
            GroupStatus::Shipped
        } else if living().any(left) {
            GroupStatus::PartlyShipped
        } else if living().all(|status| status == Status::Accepted) {
            GroupStatus::Accepted
        } else if self.confirmed {
            GroupStatus::Confirmed
        } else {
            GroupStatus::Placed
        }
    }

    /// What has gone back to the buyer.
    pub fn refunded(&self) -> Money {
        let currency = self.draft.currency();
        Money::sum(self.parts.iter().map(|part| part.refund.amount(currency)), currency)
            .expect("each part's refund is at most its share, and the shares' sum was checked")
    }

    /// Whether nothing more is expected: every part has ended and every share that goes back is back.
    pub fn is_final(&self) -> bool {
        let ended = |part: &Part| part.status.is_final() && part.refund != Refund::Asked;
        self.parts.iter().all(ended)
    }

    pub(super) fn evolve(&mut self, event: &Event) {
        match event {
            Event::GroupConfirmed { .. } => {
                self.confirmed = true;
                for part in self.parts.iter_mut().filter(|part| part.status == Status::Placed) {
                    part.status = Status::Confirmed;
                }
            }
            Event::GroupUndone { reason } => {
                self.undone = Some(reason.clone());
                for part in self.parts.iter_mut().filter(|part| !part.status.is_final()) {
                    part.cancelling = true;
                }
            }
            Event::CancellationAsked { orders, .. } => {
                for order in orders {
                    self.change(order, |it| it.cancelling = true);
                }
            }
            Event::ChildNoted { news } => self.change(&news.order, |part| part.note(news)),
            Event::RefundAsked { order, .. } => self.change(order, |it| it.refund = Refund::Asked),
            Event::RefundNoted { order, amount: back } => {
                self.change(order, |it| it.refund = Refund::Done(*back));
            }
            _ => {}
        }
    }

    fn place(&self, order: &ResourceId) -> Option<usize> {
        self.draft.children.iter().position(|child| child.order == *order)
    }

    fn change(&mut self, order: &ResourceId, change: impl FnOnce(&mut Part)) {
        if let Some(place) = self.place(order) {
            change(&mut self.parts[place]);
        }
    }
}

impl Refund {
    /// What has gone back.
    pub fn amount(self, currency: Currency) -> Money {
        if let Self::Done(amount) = self { amount } else { Money::zero(currency) }
    }
}

impl Part {
    fn note(&mut self, news: &ChildNews) {
        self.status = news.status;
        self.sequence = news.sequence;
        self.reason.clone_from(&news.reason);
        if news.parcel.is_some() {
            self.parcel.clone_from(&news.parcel);
        }
        // Once it has left or ended, there is no answer left to wait for.
        if news.status.is_final() || news.status == Status::Shipped {
            self.cancelling = false;
        }
    }
}
