//! Which checkout gets a cart, and how it ends.

use std::time::Duration;

use base_ids::ResourceId;
use base_time::Timestamp;

use super::{Course, merge};
use crate::{
    command::Item,
    event::{ClaimRefusedBecause, Event},
    state::{Stage, State},
};

/// How long a checkout that has let go of the cart is remembered: longer than any message is retried.
const BARRED_FOR: Duration = Duration::from_hours(30 * 24);

/// Claiming again what is claimed changes nothing: the answer was told before.
pub(super) fn claim(state: &State, checkout: &ResourceId, round: u64, revision: u64) -> Vec<Event> {
    let refused = |reason| vec![Event::ClaimRefused { checkout: checkout.clone(), reason }];
    match &state.stage {
        Stage::Claimed(holder) if holder == checkout => Vec::new(),
        _ if state.barred.contains_key(checkout) => refused(ClaimRefusedBecause::ClaimReleased),
        Stage::Claimed(_) => refused(ClaimRefusedBecause::CartClaimed),
        Stage::Unused => refused(ClaimRefusedBecause::CartEmpty),
        Stage::Converted(_) | Stage::HandedOver(_) => refused(ClaimRefusedBecause::CartClosed),
        Stage::Open if (state.round, state.revision) != (round, revision) => {
            refused(ClaimRefusedBecause::CartChanged)
        }
        Stage::Open if state.lines.is_empty() => refused(ClaimRefusedBecause::CartEmpty),
        Stage::Open => vec![Event::Claimed { checkout: checkout.clone(), round }],
    }
}

/// May overtake the claim that it undoes; that one is then refused when it comes.
pub(super) fn release(state: &State, checkout: &ResourceId, now: Timestamp) -> Vec<Event> {
    if state.barred.contains_key(checkout) {
        return Vec::new();
    }
    let until = now.after(BARRED_FOR);
    let mut course = Course::from(state);
    course.add(Event::Released { checkout: checkout.clone(), at: now, until });
    if !matches!(course.state.stage, Stage::Claimed(_)) {
        merge::catch_up(&mut course);
    }
    course.events
}

/// Lines that were not bought open the next round.
pub(super) fn convert(state: &State, checkout: &ResourceId, bought: &[Item]) -> Vec<Event> {
    if state.stage != Stage::Claimed(checkout.clone()) {
        return Vec::new();
    }
    let left_over: Vec<_> =
        state.lines.iter().filter(|line| !bought.contains(&line.item)).cloned().collect();
    let mut course = Course::from(state);
    course.add(Event::Converted { checkout: checkout.clone(), bought: bought.to_vec() });
    if !left_over.is_empty() {
        course.add(Event::RoundOpened { round: state.round + 1, lines: left_over });
    }
    merge::catch_up(&mut course);
    course.events
}
