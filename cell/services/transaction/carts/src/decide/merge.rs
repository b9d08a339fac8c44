//! How a guest's lines come to the user who signed in: asked for, handed over, taken in once.

use base_ids::Tenant;

use super::{Course, LINES_MAX, VENDORS_MAX, can_be_counted};
use crate::{
    command::{Line, Quantity},
    event::{Event, LeftOut, LeftOutBecause},
    state::{MergedRound, Stage, State},
};

/// Asked again while the answer is on its way, nothing happens.
pub(super) fn ask(state: &State, guest: &Tenant) -> Vec<Event> {
    if state.merging.contains(guest) {
        return Vec::new();
    }
    vec![Event::MergeAsked { guest: guest.clone() }]
}

/// Each time it is asked, a guest's cart answers, so that nobody waits for it in vain; whoever got the lines gets them again, and
/// knows them by their round.
pub(super) fn hand_over(state: &State, to: &Tenant) -> Vec<Event> {
    let lines = match &state.stage {
        Stage::Claimed(_) if state.wanted_by.contains(to) => return Vec::new(),
        Stage::Claimed(_) => return vec![Event::HandOverAsked { to: to.clone() }],
        Stage::Open => state.lines.clone(),
        Stage::HandedOver(before) if before == to => state.lines.clone(),
        Stage::Unused | Stage::Converted(_) | Stage::HandedOver(_) => Vec::new(),
    };
    vec![Event::HandedOver { to: to.clone(), round: state.round, lines }]
}

/// While a checkout has the cart, what comes in waits.
pub(super) fn take(state: &State, guest: &Tenant, round: u64, lines: &[Line]) -> Vec<Event> {
    let from = MergedRound { guest: guest.clone(), round };
    if lines.is_empty() || state.has_merged(&from) {
        let answers = state.merging.contains(guest);
        return if answers { vec![Event::MergeEnded { guest: guest.clone() }] } else { Vec::new() };
    }
    if matches!(state.stage, Stage::Claimed(_)) {
        return vec![Event::GuestLinesKept { guest: guest.clone(), round, lines: lines.to_vec() }];
    }
    let mut course = Course::from(state);
    bring_in(&mut course, &from, lines);
    course.events
}

/// What waited for a checkout to end: guests' lines come in, then the lines go to whoever wants them.
pub(super) fn catch_up(course: &mut Course) {
    for kept in course.state.kept.clone() {
        bring_in(course, &kept.from, &kept.lines);
    }
    for to in course.state.wanted_by.clone() {
        for event in hand_over(&course.state, &to) {
            course.add(event);
        }
    }
}

fn bring_in(course: &mut Course, from: &MergedRound, guests: &[Line]) {
    course.open_if_over();
    let mut after = course.state.lines.clone();
    let mut left_out = Vec::new();
    for line in guests {
        bring_in_line(&mut after, line, &mut left_out);
    }
    let before = &course.state.lines;
    let lines = after.into_iter().filter(|line| !before.contains(line)).collect();
    let MergedRound { guest, round } = from.clone();
    course.add(Event::Merged { guest, round, lines, left_out });
}

/// Quantities of one offer are summed up to the limit, at the price that the user has seen; what has no room is left out.
fn bring_in_line(lines: &mut Vec<Line>, guests: &Line, left_out: &mut Vec<LeftOut>) {
    let mut leave_out = |quantity: u32, reason| {
        left_out.push(LeftOut { item: guests.item.clone(), quantity, reason });
    };
    let asked = guests.quantity.get();
    let before = lines.clone();
    if let Some(line) = lines.iter_mut().find(|line| line.item == guests.item) {
        let sum = line.quantity.get() + asked;
        let taken = sum.min(Quantity::MAX);
        line.quantity =
            Quantity::try_from(i64::from(taken)).expect("a sum cut to the limit is a quantity");
        if sum > taken {
            leave_out(sum - taken, LeftOutBecause::QuantityOverLimit);
        }
    } else if let Some(reason) = has_no_room(lines, guests) {
        leave_out(asked, reason);
        return;
    } else {
        lines.push(guests.clone());
    }
    if !can_be_counted(lines) {
        *lines = before;
        leave_out(asked, LeftOutBecause::AmountTooLarge);
    }
}

fn has_no_room(lines: &[Line], guests: &Line) -> Option<LeftOutBecause> {
    let vendors: std::collections::BTreeSet<&Tenant> =
        lines.iter().map(|line| &line.item.vendor).collect();
    if lines.len() >= LINES_MAX {
        Some(LeftOutBecause::CartFull)
    } else if vendors.len() >= VENDORS_MAX && !vendors.contains(&guests.item.vendor) {
        Some(LeftOutBecause::TooManyVendors)
    } else if lines.first().is_some_and(|line| line.price.currency != guests.price.currency) {
        Some(LeftOutBecause::OtherCurrency)
    } else {
        None
    }
}
