//! What has happened to groups and child orders; kept for ever.

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    command::{ChildNews, Parcel, Placement, Reason, Status},
    draft::GroupDraft,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// A buyer's group was placed, with a child order for each vendor.
    GroupPlaced {
        /// What the buyer calls it.
        number: String,
        /// What was bought.
        draft: GroupDraft,
        /// When.
        at: Timestamp,
    },
    /// Vendors may start.
    GroupConfirmed {
        /// An unanswered child order lapses at this time.
        answer_until: Timestamp,
    },
    /// The checkout was undone after placing.
    GroupUndone {
        /// Why.
        reason: String,
    },
    /// The checkout was undone before its group was placed, which will not be.
    GroupBarred {
        /// Why.
        reason: String,
    },
    /// The buyer asked the vendors to cancel.
    CancellationAsked {
        /// Which child orders.
        orders: Vec<ResourceId>,
        /// Why, if the buyer said so.
        reason: Option<Reason>,
    },
    /// A vendor told what became of a child order.
    ChildNoted {
        /// What it told.
        news: ChildNews,
    },
    /// A child order was dropped after it was paid for: its share goes back.
    RefundAsked {
        /// Which child order's.
        order: ResourceId,
        /// Why.
        reason: String,
    },
    /// A share is back with the buyer.
    RefundNoted {
        /// Of which child order.
        order: ResourceId,
        /// How much went back.
        amount: Money,
    },
    /// A child order that is paid in cash has arrived, so its cash was collected.
    CashReported {
        /// Which child order's.
        order: ResourceId,
        /// How much.
        amount: Money,
    },
    /// A vendor got a child order.
    ChildPlaced {
        /// What.
        placement: Placement,
        /// When.
        at: Timestamp,
    },
    /// It is paid for; the vendor may answer.
    ChildConfirmed {
        /// Until when.
        answer_until: Timestamp,
    },
    /// The news that it is paid for overtook the child order itself.
    ChildConfirmedEarly {
        /// The vendor may answer until then.
        answer_until: Timestamp,
    },
    /// The vendor will deliver.
    ChildAccepted,
    /// The vendor will not deliver.
    ChildRejected {
        /// Why.
        reason: Reason,
    },
    /// The vendor did not answer in time.
    ChildLapsed,
    /// It was cancelled before it had left.
    ChildCancelled {
        /// Why.
        reason: String,
    },
    /// Its cancellation overtook the child order itself.
    ChildBarred {
        /// Why.
        reason: String,
    },
    /// It has left.
    ChildShipped {
        /// How to find it.
        parcel: Parcel,
    },
    /// It has arrived.
    ChildDelivered,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

impl Event {
    /// What a child order is after it, if it is one of its steps.
    pub fn leads_to(&self) -> Option<Status> {
        Some(match self {
            Self::ChildConfirmed { .. } => Status::Confirmed,
            Self::ChildAccepted => Status::Accepted,
            Self::ChildRejected { .. } => Status::Rejected,
            Self::ChildLapsed => Status::Lapsed,
            Self::ChildCancelled { .. } => Status::Cancelled,
            Self::ChildShipped { .. } => Status::Shipped,
            Self::ChildDelivered => Status::Delivered,
            _ => return None,
        })
    }
}
