//! What can be asked of orders: of a buyer's group, and of a vendor's child order.

use std::collections::BTreeSet;

use base_ids::{ResourceId, Tenant, Text};
use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::draft::{ChildDraft, GroupDraft, PaymentMethod, PostalAddress};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Of a group.
    Group {
        /// Which.
        group: ResourceId,
        /// What.
        ask: GroupAsk,
    },
    /// Of a child order.
    Child {
        /// Which.
        order: ResourceId,
        /// What.
        ask: ChildAsk,
    },
}

/// What can be asked of a buyer's group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum GroupAsk {
    /// Place it, with a child order for each vendor.
    Place(Box<GroupDraft>),
    /// Stock is committed and money is taken (or expected at the door): vendors may start.
    Confirm,
    /// The checkout is undone: every child is cancelled, and the checkout sees to the money itself.
    Undo {
        /// Why.
        reason: String,
    },
    /// The buyer wants parts of it cancelled.
    Cancel {
        /// Which child orders; none for all that have not shipped.
        parts: BTreeSet<ResourceId>,
        /// Why, if the buyer says so.
        reason: Option<Reason>,
    },
    /// Note what became of a child order.
    NoteChild(ChildNews),
    /// Note that a share is back with the buyer.
    NoteRefund {
        /// Of which child order.
        order: ResourceId,
        /// How much went back.
        amount: Money,
    },
}

/// What can be asked of a vendor's child order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ChildAsk {
    /// Place it.
    Place(Box<Placement>),
    /// It is paid for: the vendor may answer.
    Confirm {
        /// Until when.
        answer_until: Timestamp,
    },
    /// The vendor will deliver.
    Accept,
    /// The vendor will not deliver.
    Reject {
        /// Why.
        reason: Reason,
    },
    /// The time to answer is over.
    Lapse,
    /// It has left.
    Ship {
        /// How to find it.
        parcel: Parcel,
    },
    /// It has arrived.
    Deliver,
    /// The buyer, or the checkout's undoing, does not want it any more.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// A child order as its vendor gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The group that it is part of.
    pub group: ResourceId,
    /// Whose group.
    pub buyer: Tenant,
    /// What people call it.
    pub number: String,
    /// What was sold, on which terms.
    pub draft: ChildDraft,
    /// Where it goes.
    pub address: PostalAddress,
    /// How it is paid.
    pub payment_method: PaymentMethod,
}

/// What became of a child order, as its vendor tells the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildNews {
    /// Which child order.
    pub order: ResourceId,
    /// Grows with each change of one child order.
    pub sequence: u64,
    /// What it is now.
    pub status: Status,
    /// Why, where there is a reason.
    pub reason: String,
    /// How to find it, once it has shipped.
    pub parcel: Option<Parcel>,
}

/// What a child order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[derive(EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Placed, not yet paid for.
    #[default]
    Placed,
    /// Paid for; waits for the vendor's answer.
    Confirmed,
    /// The vendor will deliver.
    Accepted,
    /// The vendor will not deliver.
    Rejected,
    /// The vendor did not answer in time.
    Lapsed,
    /// The buyer or the checkout did not want it any more.
    Cancelled,
    /// It has left.
    Shipped,
    /// It has arrived.
    Delivered,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it has ended without anything having left: its stock and its money go back.
    pub fn is_dropped(self) -> bool {
        matches!(self, Self::Rejected | Self::Lapsed | Self::Cancelled)
    }

    /// Whether nothing more happens to it.
    pub fn is_final(self) -> bool {
        self.is_dropped() || self == Self::Delivered
    }
}

/// Why somebody does not want, or cannot send, what was ordered.
pub type Reason = Text<200>;

/// How to find what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// Who carries it.
    pub carrier: Text<80>,
    /// Under which number, if there is one.
    pub tracking_number: Option<Text<80>>,
}
