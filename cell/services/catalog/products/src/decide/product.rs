//! A shared record: proposed, published, rejected, withdrawn; and changed only by an approved change.

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::Asked;

use super::{CHANGES_MAX, Refusal};
use crate::{
    command::{ProductAsk, ProductId, Proposal},
    event::Event,
    state::{Change, ChangeStage, Product, Stage, State},
};

pub(super) fn decide(
    state: &State,
    product: &ProductId,
    ask: &ProductAsk,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    let shard = product.shard();
    if shard != asked.tenant {
        return Err(Refusal::ProductElsewhere { product: product.clone(), shard });
    }
    let Some(known) = state.product() else {
        let ProductAsk::Propose { details, by, publish } = ask else {
            return Err(Refusal::ProductUnknown(product.clone()));
        };
        let (details, by) = (details.clone(), by.clone());
        let mut events = vec![Event::ProductProposed { product: product.clone(), details, by }];
        events.extend(publish.then_some(Event::ProductPublished));
        return Ok(events);
    };
    match ask {
        // Invariant product-1: whoever says it again, there is one record, and it is not written over.
        ProductAsk::Propose { .. } => Ok(Vec::new()),
        ProductAsk::Publish => Ok(match known.stage {
            Stage::Published => Vec::new(),
            Stage::Proposed | Stage::Rejected | Stage::Withdrawn => vec![Event::ProductPublished],
        }),
        ProductAsk::Reject { reason } => match known.stage {
            Stage::Rejected => Ok(Vec::new()),
            Stage::Proposed => Ok(vec![Event::ProductRejected { reason: reason.clone() }]),
            stage => Err(Refusal::ProductStage { stage, wanted: "rejecting", from: "proposed" }),
        },
        ProductAsk::Withdraw { reason } => match known.stage {
            Stage::Withdrawn => Ok(Vec::new()),
            Stage::Published => Ok(vec![Event::ProductWithdrawn { reason: reason.clone() }]),
            stage => Err(Refusal::ProductStage { stage, wanted: "withdrawing", from: "published" }),
        },
        ProductAsk::ProposeChange(proposal) => propose(known, proposal, asked.at),
        ProductAsk::ApproveChange { change } => approve(known, change),
        ProductAsk::DeclineChange { change, reason } => match find(known, change)?.stage {
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
