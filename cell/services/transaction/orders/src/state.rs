//! What is remembered of a group or of a child order in order to decide: each stream is one of the two.

mod child;
mod group;

use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;

pub use child::Child;
pub use group::{Group, GroupStatus, Part, Refund};

/// What a stream remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has written it.
    #[default]
    Nothing,
    /// A buyer's group.
    Group(Box<Group>),
    /// A group whose undoing came before it did.
    GroupBarred,
    /// A vendor's child order.
    Child(Box<Child>),
    /// A child order that others have spoken of before it came.
    ChildAwaited(Awaited),
}

/// What has overtaken a child order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// It is paid for: until when the vendor may answer.
    pub answer_until: Option<Timestamp>,
    /// It is not wanted any more: why.
    pub cancelled: Option<String>,
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Self::Nothing, Event::GroupPlaced { number, draft, at }) => {
                *self = Self::Group(Box::new(Group::placed(number, draft, *at)));
            }
            (Self::Nothing, Event::GroupBarred { .. }) => *self = Self::GroupBarred,
            (Self::Nothing | Self::ChildAwaited(_), Event::ChildPlaced { placement, at }) => {
                *self = Self::Child(Box::new(Child::placed(placement, *at)));
            }
            (Self::Nothing, Event::ChildConfirmedEarly { .. } | Event::ChildBarred { .. }) => {
                let mut awaited = Awaited::default();
                awaited.evolve(event);
                *self = Self::ChildAwaited(awaited);
            }
            (Self::ChildAwaited(awaited), event) => awaited.evolve(event),
            (Self::Group(group), event) => group.evolve(event),
            (Self::Child(child), event) => child.evolve(event),
            (Self::Nothing | Self::GroupBarred, _) => {}
        }
    }

    /// The group, if this is one.
    pub fn group(&self) -> Option<&Group> {
        match self {
            Self::Group(group) => Some(group),
            _ => None,
        }
    }

    /// The child order, if this is one.
    pub fn child(&self) -> Option<&Child> {
        match self {
            Self::Child(child) => Some(child),
            _ => None,
        }
    }
}

impl Awaited {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ChildConfirmedEarly { answer_until } => self.answer_until = Some(*answer_until),
            Event::ChildBarred { reason } => self.cancelled = Some(reason.clone()),
            _ => {}
        }
    }
}
