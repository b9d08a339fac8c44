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
            Event::ChildConfirmed { answer_until } => {
                self.answer_until = Some(*answer_until);
                self.enter(Status::Confirmed);
            }
            Event::ChildAccepted => self.enter(Status::Accepted),
            Event::ChildRejected { reason } => self.drop_out(Status::Rejected, reason.to_string()),
            Event::ChildLapsed => self.drop_out(Status::Lapsed, UNANSWERED.to_owned()),
            Event::ChildCancelled { reason } => self.drop_out(Status::Cancelled, reason.clone()),
            Event::ChildShipped { parcel } => {
                self.parcel = Some(parcel.clone());
                self.enter(Status::Shipped);
            }
            Event::ChildDelivered => self.enter(Status::Delivered),
            _ => {}
        }
    }

    fn drop_out(&mut self, status: Status, reason: String) {
        self.reason = reason;
        self.enter(status);
    }

    fn enter(&mut self, status: Status) {
        self.before = Some(self.status);
        self.status = status;
    }
}
