//! What has happened to a shared record; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_words::{Details, ProductId};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::command::{Proposal, Reason};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Somebody said what a product is.
    ProductProposed {
        /// Which.
        product: ProductId,
        /// What it is.
        details: Box<Details>,
        /// Which vendor said so; none for an operator.
        by: Option<Tenant>,
    },
    /// Offers on a product may sell.
    ProductPublished,
    /// A product is not what it says.
    ProductRejected {
        /// Why.
        reason: Reason,
    },
    /// A product was taken out of sale.
    ProductWithdrawn {
        /// Why.
        reason: Reason,
    },
    /// Somebody wants to change a record.
    ChangeProposed {
        /// What.
        proposal: Box<Proposal>,
        /// When.
        at: Timestamp,
    },
    /// A change was carried out.
    ChangeApproved {
        /// Which.
        change: ResourceId,
    },
    /// A change was not carried out.
    ChangeDeclined {
        /// Which.
        change: ResourceId,
        /// Why.
        reason: Reason,
    },
    /// A change of the same revision was carried out before this one could be.
    ChangeOvertaken {
        /// Which was overtaken.
        change: ResourceId,
        /// By which.
        by: ResourceId,
    },
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}
