//! The shop as it shows itself: name, city, handle, delivery fees, closed days.

use base_claims::Step;
use base_ids::ResourceId;
use base_money::Money;
use base_time::{Period, Timestamp};

use super::{ALIVE, Decided, FEES_MAX, Refusal, must_be};
use crate::{
    command::Change,
    event::{Event, Holiday},
    facts::Facts,
    state::Seller,
};

pub(super) fn change(seller: &Seller, new: &Change, facts: &Facts, now: Timestamp) -> Decided {
    must_be(seller, ALIVE, "changing the profile")?;
    let mut profile = seller.profile.clone();
    profile.name = new.name.clone().unwrap_or(profile.name);
    profile.city = new.city.clone().unwrap_or(profile.city);
    let changed = (profile != seller.profile).then_some(Event::ProfileChanged(profile));
    let wish = new.handle.iter().zip(&facts.handle);
    let moved = wish.flat_map(|(handle, decides)| seller.handles.wish(handle, decides, now));
    Ok(changed.into_iter().chain(moved.map(Event::HandleMoved)).collect())
}

/// The platform answers on a claim of a handle.
pub(super) fn note_handle(seller: &Seller, claim: &ResourceId, to: Step) -> Vec<Event> {
    seller.handles.hear(claim, to).into_iter().map(Event::HandleMoved).collect()
}

pub(super) fn set_fee(seller: &Seller, fee: Money) -> Decided {
    must_be(seller, ALIVE, "setting the delivery fee")?;
    match seller.fees.get(&fee.currency) {
        Some(known) if *known == fee => Ok(Vec::new()),
        None if seller.fees.len() >= FEES_MAX => Err(Refusal::DeliveryFeesFull),
        _ => Ok(vec![Event::DeliveryFeeSet(fee)]),
    }
}

pub(super) fn plan_holiday(seller: &Seller, days: Period, now: Timestamp) -> Decided {
    must_be(seller, ALIVE, "planning a holiday")?;
    if seller.holiday.is_some_and(|holiday| holiday.days == days) {
        return Ok(Vec::new());
    }
    let planned = holiday(days, false);
    if days.has_begun(now) {
        return Ok(vec![planned, holiday(days, true)]);
    }
    // A holiday that goes on today is over when a later one takes its place: everyone is told so.
    let over = if seller.on_holiday().is_some() { end_holiday(seller) } else { Vec::new() };
    Ok([over, vec![planned]].concat())
}

pub(super) fn end_holiday(seller: &Seller) -> Vec<Event> {
    seller.holiday.iter().map(|_| Event::HolidayChanged { holiday: None }).collect()
}

/// The clock and what is planned now decide: timers of a holiday that was given up or planned anew change nothing.
pub(super) fn holiday_due(seller: &Seller, now: Timestamp) -> Vec<Event> {
    match seller.holiday {
        Some(Holiday { days, .. }) if days.is_over(now) => end_holiday(seller),
        Some(Holiday { days, begun: false }) if days.has_begun(now) => vec![holiday(days, true)],
        _ => Vec::new(),
    }
}

fn holiday(days: Period, begun: bool) -> Event {
    Event::HolidayChanged { holiday: Some(Holiday { days, begun }) }
}
