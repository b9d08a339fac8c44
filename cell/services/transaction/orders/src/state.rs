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
            (Self::Group(group), event) => group.evolve(event),
            (Self::Child(child), event) => child.evolve(event),
            (_, Event::ChildConfirmedEarly { answer_until }) => {
                let answer_until = Some(*answer_until);
                *self = Self::ChildAwaited(Awaited {
                    answer_until,
                    ..self.awaited().unwrap_or_default()
                });
            }
            (_, Event::ChildBarred { reason }) => {
                let cancelled = Some(reason.clone());
                *self =
                    Self::ChildAwaited(Awaited { cancelled, ..self.awaited().unwrap_or_default() });
            }
            (Self::Nothing | Self::GroupBarred | Self::ChildAwaited(_), _) => {}
        }
    }

    /// What others have said of a child order that has not come.
    pub fn awaited(&self) -> Option<Awaited> {
        match self {
            Self::Nothing => Some(Awaited::default()),
            Self::ChildAwaited(awaited) => Some(awaited.clone()),
            _ => None,
        }
    }

    /// The group, if this is one.
    pub fn group(&self) -> Option<&Group> {
        if let Self::Group(group) = self { Some(group) } else { None }
    }

    /// The child order, if this is one.
    pub fn child(&self) -> Option<&Child> {
        if let Self::Child(child) = self { Some(child) } else { None }
    }
}
