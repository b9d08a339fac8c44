//! May a vendor's child order take its next step? Invariant order-2: only the steps listed here.

use base_ids::ResourceId;
use base_time::Timestamp;

use super::Refusal;
use crate::{
    command::{ChildAsk, Placement, Status},
    event::Event,
    state::{Child, State},
};

/// A vendor answers while it is asked.
const ANSWERABLE: &[Status] = &[Status::Confirmed];
/// A vendor may find out late that it cannot deliver; a buyer may change their mind until it has left.
const DROPPABLE: &[Status] = &[Status::Confirmed, Status::Accepted];
/// Only what was accepted is sent.
const SENDABLE: &[Status] = &[Status::Accepted];
/// Only what was sent arrives.
const ARRIVABLE: &[Status] = &[Status::Shipped];

pub(super) fn decide(
    state: &State,
    id: &ResourceId,
    ask: &ChildAsk,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let child = || state.child().ok_or_else(|| Refusal::OrderUnknown(id.clone()));
    match ask {
        ChildAsk::Place(placement) => Ok(place(state, placement, now)),
        ChildAsk::Confirm { answer_until } => Ok(confirm(state, *answer_until)),
        ChildAsk::Cancel { reason } => Ok(cancel(state, reason)),
        ChildAsk::Lapse => Ok(lapse(state, now)),
        ChildAsk::Accept => step(child()?, "accept", ANSWERABLE, Event::ChildAccepted),
        ChildAsk::Reject { reason } => {
            step(child()?, "reject", DROPPABLE, Event::ChildRejected { reason: reason.clone() })
        }
        ChildAsk::Ship { parcel } => {
            step(child()?, "ship", SENDABLE, Event::ChildShipped { parcel: parcel.clone() })
        }
        ChildAsk::Deliver => step(child()?, "deliver", ARRIVABLE, Event::ChildDelivered),
    }
}

/// What others said of it before it came is caught up with at once.
fn place(state: &State, placement: &Placement, now: Timestamp) -> Vec<Event> {
    let Some(awaited) = state.awaited() else { return Vec::new() };
    let placed = Event::ChildPlaced { placement: placement.clone(), at: now };
    let next = match (awaited.cancelled, awaited.answer_until) {
        (Some(reason), _) => Some(Event::ChildCancelled { reason }),
        (None, until) => until.map(|answer_until| Event::ChildConfirmed { answer_until }),
    };
    std::iter::once(placed).chain(next).collect()
}

fn confirm(state: &State, answer_until: Timestamp) -> Vec<Event> {
    match (state.awaited(), state.child()) {
        (Some(awaited), _) if awaited.answer_until.is_none() => {
            vec![Event::ChildConfirmedEarly { answer_until }]
        }
        (_, Some(child)) if child.status == Status::Placed => {
            vec![Event::ChildConfirmed { answer_until }]
        }
        _ => Vec::new(),
    }
}

/// What has left stays; the group learns so from the news that it has left.
fn cancel(state: &State, reason: &str) -> Vec<Event> {
    let reason = reason.to_owned();
    let open = |child: &Child| child.status == Status::Placed || DROPPABLE.contains(&child.status);
    match (state.awaited(), state.child()) {
        (Some(awaited), _) if awaited.cancelled.is_none() => vec![Event::ChildBarred { reason }],
        (_, Some(child)) if open(child) => vec![Event::ChildCancelled { reason }],
        _ => Vec::new(),
    }
}

fn lapse(state: &State, now: Timestamp) -> Vec<Event> {
    let unanswered = state.child().filter(|child| child.status == Status::Confirmed);
    let due = unanswered.and_then(|child| child.answer_until).filter(|until| *until <= now);
    due.map(|_| Event::ChildLapsed).into_iter().collect()
}

/// Takes a step if the order is where the step begins. A step that was already taken is no step.
fn step(
    child: &Child,
    wanted: &'static str,
    from: &'static [Status],
    event: Event,
) -> Result<Vec<Event>, Refusal> {
    match child.status {
        status if from.contains(&status) => Ok(vec![event]),
        status if event.leads_to() == Some(status) => Ok(Vec::new()),
        status => Err(Refusal::StatusConflict { status, wanted, from }),
    }
}
