//! What can be asked of a shared record.

use base_ids::{ResourceId, Tenant, Text};
use cell_words::{Details, ProductId, details::FieldChange};
use serde::{Deserialize, Serialize};

/// Asks something of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Command {
    /// Of which.
    pub product: ProductId,
    /// What.
    pub ask: Ask,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// This is what the product is, if nobody has said so before.
    Propose {
        /// What it is.
        details: Box<Details>,
        /// Which vendor says so; none for an operator.
        by: Option<Tenant>,
        /// Publish it at once.
        publish: bool,
    },
    /// Offers on it may sell.
    Publish,
    /// It is not what it says.
    Reject {
        /// Why.
        reason: Reason,
    },
    /// Take it out of sale.
    Withdraw {
        /// Why.
        reason: Reason,
    },
    /// Propose to change it.
    ProposeChange(Box<Proposal>),
    /// Carry a change out.
    ApproveChange {
        /// Which.
        change: ResourceId,
    },
    /// Leave the record as it is.
    DeclineChange {
        /// Which.
        change: ResourceId,
        /// Why.
        reason: Reason,
    },
}

/// A change that somebody proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its name.
    pub change: ResourceId,
    /// Which vendor proposes it; none for an operator.
    pub by: Option<Tenant>,
    /// The revision that it changes.
    pub base_revision: u64,
    /// What it sets.
    pub fields: Vec<FieldChange>,
    /// Why.
    pub note: Note,
}

/// Why an operator did something.
pub type Reason = Text<500>;
/// Why something should be changed; may be empty.
pub type Note = Text<500, 0>;
