//! May a shared record be proposed, published, rejected, withdrawn, changed? And what then happens.

use base_fault::Status;
use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_kernel::Asked;
use cell_words::ProductId;

use crate::{
    command::{Ask, Command, Proposal},
    event::Event,
    state::{Change, ChangeStage, Product, Stage, State},
};

/// Products saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has said what the product is.
    #[error("nobody has proposed the product {0} yet; send its details")]
    ProductUnknown(ProductId),
    /// The record lives in another shard.
    #[error("the record of {product} lives at `{shard}`")]
    ProductElsewhere {
        /// Which.
        product: ProductId,
        /// Where.
        shard: Tenant,
    },
    /// What was asked does not follow on what the record is.
    #[error("the product is {}; {wanted} is possible only while it is {from}", stage.as_str())]
    ProductStage {
        /// What the record is.
        stage: Stage,
        /// What was asked.
        wanted: &'static str,
        /// What it would have to be.
        from: &'static str,
    },
    /// The change is based on an older revision.
    #[error("the record has revision {0}; read it again, and base the change on that")]
    ProductChanged(u64),
    /// Too many changes wait for an answer.
    #[error("{max} changes of the record wait for an answer already", max = CHANGES_MAX)]
    ChangesFull,
    /// There is no such change.
    #[error("the record has no change `{0}`")]
    ChangeUnknown(ResourceId),
    /// The change has ended.
    #[error("the change is {}", .0.as_str())]
    ChangeEnded(ChangeStage),
}

/// Most changes of one record that wait for an answer.
pub(crate) const CHANGES_MAX: usize = 20;

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::ProductUnknown(_) => "product_unknown",
            Self::ProductElsewhere { .. } => "product_elsewhere",
            Self::ProductStage { .. } => "product_state_conflict",
            Self::ProductChanged(_) => "product_changed",
            Self::ChangesFull => "product_changes_full",
            Self::ChangeUnknown(_) => "product_change_unknown",
            Self::ChangeEnded(_) => "product_change_ended",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::ProductUnknown(_) | Self::ChangeUnknown(_) => Status::NotFound,
            Self::ProductElsewhere { .. } => Status::InvalidArgument,
            Self::ProductChanged(_) => Status::Aborted,
            Self::ProductStage { .. } | Self::ChangeEnded(_) => Status::FailedPrecondition,
            Self::ChangesFull => Status::ResourceExhausted,
        }
    }
}

pub(crate) fn decide(
    state: &State,
    Command { product, ask }: &Command,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    let shard = product.shard();
    if shard != asked.tenant {
        return Err(Refusal::ProductElsewhere { product: product.clone(), shard });
    }
    let Some(known) = state.product.as_deref() else {
        let Ask::Propose { details, by, publish } = ask else {
            return Err(Refusal::ProductUnknown(product.clone()));
        };
        let (details, by) = (details.clone(), by.clone());
        let mut events = vec![Event::ProductProposed { product: product.clone(), details, by }];
        events.extend(publish.then_some(Event::ProductPublished));
        return Ok(events);
    };
    match ask {
        // Invariant product-1: whoever says it again, there is one record, and it is not written over.
        Ask::Propose { .. } => Ok(Vec::new()),
        Ask::Publish => Ok(match known.stage {
            Stage::Published => Vec::new(),
            Stage::Proposed | Stage::Rejected | Stage::Withdrawn => vec![Event::ProductPublished],
        }),
        Ask::Reject { reason } => match known.stage {
            Stage::Rejected => Ok(Vec::new()),
            Stage::Proposed => Ok(vec![Event::ProductRejected { reason: reason.clone() }]),
            stage => Err(Refusal::ProductStage { stage, wanted: "rejecting", from: "proposed" }),
        },
        Ask::Withdraw { reason } => match known.stage {
            Stage::Withdrawn => Ok(Vec::new()),
            Stage::Published => Ok(vec![Event::ProductWithdrawn { reason: reason.clone() }]),
            stage => Err(Refusal::ProductStage { stage, wanted: "withdrawing", from: "published" }),
        },
        Ask::ProposeChange(proposal) => propose(known, proposal, asked.at),
        Ask::ApproveChange { change } => approve(known, change),
        Ask::DeclineChange { change, reason } => match find(known, change)?.stage {
            ChangeStage::Declined => Ok(Vec::new()),
            ChangeStage::Proposed => {
                let (change, reason) = (change.clone(), reason.clone());
                Ok(vec![Event::ChangeDeclined { change, reason }])
            }
            ended => Err(Refusal::ChangeEnded(ended)),
        },
    }
}

fn propose(known: &Product, proposal: &Proposal, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    if known.changes.contains_key(&proposal.change) {
        return Ok(Vec::new());
    }
    if proposal.base_revision != known.revision {
        return Err(Refusal::ProductChanged(known.revision));
    }
    if open(known).count() >= CHANGES_MAX {
        return Err(Refusal::ChangesFull);
    }
    Ok(vec![Event::ChangeProposed { proposal: Box::new(proposal.clone()), at }])
}

/// Invariant product-2: whatever else is based on the revision that goes has been overtaken.
fn approve(known: &Product, change: &ResourceId) -> Result<Vec<Event>, Refusal> {
    match find(known, change)?.stage {
        ChangeStage::Approved => Ok(Vec::new()),
        ChangeStage::Proposed => {
            let mut events = vec![Event::ChangeApproved { change: change.clone() }];
            let others = open(known).map(|other| &other.proposal.change);
            events.extend(
                others.filter(|other| *other != change).map(|other| Event::ChangeOvertaken {
                    change: other.clone(),
                    by: change.clone(),
                }),
            );
            Ok(events)
        }
        ended => Err(Refusal::ChangeEnded(ended)),
    }
}

fn find<'a>(known: &'a Product, change: &ResourceId) -> Result<&'a Change, Refusal> {
    known.changes.get(change).ok_or_else(|| Refusal::ChangeUnknown(change.clone()))
}

fn open(known: &Product) -> impl Iterator<Item = &Change> {
    known.changes.values().filter(|change| change.stage == ChangeStage::Proposed)
}
