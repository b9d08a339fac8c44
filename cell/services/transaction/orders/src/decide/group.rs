//! May a buyer's group be placed, confirmed, cancelled? And what follows from what its vendors tell?

use std::collections::BTreeSet;

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;

use super::Refusal;
use crate::{
    command::{ChildNews, GroupAsk, Reason, Status},
    draft::{GroupDraft, PaymentMethod},
    event::Event,
    facts::Config,
    number,
    state::{Group, Part, Refund, State},
};

pub(super) fn decide(
    state: &State,
    id: &ResourceId,
    ask: &GroupAsk,
    terms: Config,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let group = || state.group().ok_or_else(|| Refusal::OrderUnknown(id.clone()));
    match ask {
        GroupAsk::Place(draft) => Ok(place(state, id, draft, now)),
        GroupAsk::Undo { reason } => Ok(undo(state, reason)),
        GroupAsk::Confirm => Ok(confirm(group()?, terms.answer_until(now))),
        GroupAsk::Cancel { parts, reason } => cancel(group()?, parts, reason.as_ref()),
        GroupAsk::NoteChild(news) => note_child(group()?, news),
        GroupAsk::NoteRefund { order, amount } => note_refund(group()?, order, *amount),
    }
}

/// Placing again changes nothing: the number was told before. An undoing that overtook it wins.
fn place(state: &State, id: &ResourceId, draft: &GroupDraft, now: Timestamp) -> Vec<Event> {
    match state {
        State::Nothing => {
            vec![Event::GroupPlaced { number: number::of_group(id), draft: draft.clone(), at: now }]
        }
        _ => Vec::new(),
    }
}

fn undo(state: &State, reason: &str) -> Vec<Event> {
    let reason = reason.to_owned();
    match state {
        State::Nothing => vec![Event::GroupBarred { reason }],
        State::Group(group) if group.undone.is_none() => vec![Event::GroupUndone { reason }],
        _ => Vec::new(),
    }
}

fn confirm(group: &Group, answer_until: Timestamp) -> Vec<Event> {
    if group.confirmed || group.undone.is_some() {
        return Vec::new();
    }
    vec![Event::GroupConfirmed { answer_until }]
}

/// Asks for what can still be cancelled. Parts named one by one must all be such; "everything" leaves out what has left, as long
/// as something remains.
fn cancel(
    group: &Group,
    named: &BTreeSet<ResourceId>,
    reason: Option<&Reason>,
) -> Result<Vec<Event>, Refusal> {
    if !group.confirmed && group.undone.is_none() {
        return Err(Refusal::OrderBeingPlaced);
    }
    if let Some(unknown) = named.iter().find(|order| group.child(order).is_none()) {
        return Err(Refusal::PartUnknown(unknown.clone()));
    }
    let wanted = group
        .children()
        .filter(|(draft, ..)| named.is_empty() || named.contains(&draft.order))
        .map(|(draft, _, part)| (&draft.order, part));
    let (left, open): (Vec<_>, Vec<_>) = wanted.partition(|(_, part)| has_left(part));
    if !left.is_empty() && (open.is_empty() || !named.is_empty()) {
        let left = left.into_iter().map(|(order, part)| (order.clone(), part.status));
        return Err(Refusal::PartsLeft(left.collect()));
    }
    let orders: Vec<_> = open
        .into_iter()
        .filter(|(_, part)| !part.cancelling && !part.status.is_dropped())
        .map(|(order, _)| order.clone())
        .collect();
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CancellationAsked { orders, reason: reason.cloned() }])
}

fn has_left(part: &Part) -> bool {
    matches!(part.status, Status::Shipped | Status::Delivered)
}

/// Only the newest news counts. A part that is dropped after it was paid for gives its share back, unless the checkout is undone,
/// which sees to the whole payment itself; a part paid in cash has brought its cash when it arrives.
fn note_child(group: &Group, news: &ChildNews) -> Result<Vec<Event>, Refusal> {
    let order = &news.order;
    let (draft, part) = group.child(order).ok_or_else(|| Refusal::PartUnknown(order.clone()))?;
    if news.sequence <= part.sequence {
        return Ok(Vec::new());
    }
    let mut events = vec![Event::ChildNoted { news: news.clone() }];
    if news.status.is_dropped() && part.refund == Refund::None && group.undone.is_none() {
        let reason = format!("{}: {}", news.status.as_str(), news.reason);
        events.push(Event::RefundAsked { order: order.clone(), reason });
    }
    let in_cash = group.draft.payment_method == PaymentMethod::CashOnDelivery;
    if news.status == Status::Delivered && in_cash {
        events.push(Event::CashReported { order: order.clone(), amount: draft.total });
    }
    Ok(events)
}

fn note_refund(group: &Group, order: &ResourceId, amount: Money) -> Result<Vec<Event>, Refusal> {
    let (_, part) = group.child(order).ok_or_else(|| Refusal::PartUnknown(order.clone()))?;
    if matches!(part.refund, Refund::Done(_)) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::RefundNoted { order: order.clone(), amount }])
}
