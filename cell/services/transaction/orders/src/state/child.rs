//! A vendor's child order: what was placed, and how far it is.

use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Parcel, Placement, Status},
    event::Event,
};

/// Why a child order lapsed.
const UNANSWERED: &str = "the vendor did not answer in time";

/// A vendor's child order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// What was placed.
    pub placement: Placement,
    /// When.
    pub placed_at: Timestamp,
    /// How far it is.
    pub status: Status,
    /// What it was before; lists move it from there.
    pub before: Option<Status>,
    /// Until when the vendor may answer, once it is paid for.
    pub answer_until: Option<Timestamp>,
    /// Why it was dropped, if it was.
    pub reason: String,
    /// How to find it, once it has shipped.
    pub parcel: Option<Parcel>,
}

impl Child {
    pub(super) fn placed(placement: &Placement, at: Timestamp) -> Self {
        Self {
            placement: placement.clone(),
            placed_at: at,
            status: Status::Placed,
            before: None,
            answer_until: None,
            reason: String::new(),
            parcel: None,
        }
    }

    pub(super) fn evolve(&mut self, event: &Event) {
        match event {
            Event::ChildConfirmed { answer_until } => self.answer_until = Some(*answer_until),
            Event::ChildRejected { reason } => self.reason = reason.to_string(),
            Event::ChildLapsed => UNANSWERED.clone_into(&mut self.reason),
            Event::ChildCancelled { reason } => self.reason.clone_from(reason),
            Event::ChildShipped { parcel } => self.parcel = Some(parcel.clone()),
            _ => {}
        }
        if let Some(status) = event.leads_to() {
            self.before = Some(self.status);
            self.status = status;
        }
    }
}
