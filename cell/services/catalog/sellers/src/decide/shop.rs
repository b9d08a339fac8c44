//! The shop as it shows itself: name, city, handle, delivery fees, closed days.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::Asked;

use super::{ALIVE, FEES_MAX, Refusal, must_be};
use crate::{
    command::{City, Command, DisplayName, Handle, Window},
    event::Event,
    facts::Facts,
    state::{Claim, Seller},
};

pub(super) fn decide(
    seller: &Seller,
    command: &Command,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::ChangeProfile { name, city, handle } => {
            must_be(seller, ALIVE, "changing the profile")?;
            let mut events = change(seller, name.as_ref(), city.as_ref());
            if let (Some(handle), Some(decides)) = (handle, &facts.handle) {
                events.extend(change_handle(seller, handle, decides, asked.at));
            }
            Ok(events)
        }
        Command::SetDeliveryFee { fee } => {
            must_be(seller, ALIVE, "setting the delivery fee")?;
            set_fee(seller, *fee)
        }
        Command::PlanHoliday { window } => {
            must_be(seller, ALIVE, "planning a holiday")?;
            Ok(plan(seller, *window, asked.at))
        }
        Command::EndHoliday => {
            let planned = seller.holiday.map(|holiday| holiday.window);
            Ok(planned.map(|window| Event::HolidayEnded { window }).into_iter().collect())
        }
        Command::BeginHoliday { window } => {
            let planned = seller.holiday.filter(|holiday| holiday.window == *window);
            let due = planned.is_some_and(|holiday| !holiday.begun) && window.from <= asked.at;
            Ok(if due { vec![Event::HolidayBegan { window: *window }] } else { Vec::new() })
        }
        Command::FinishHoliday { window } => {
            let planned = seller.holiday.is_some_and(|holiday| holiday.window == *window);
            let due = planned && window.until <= asked.at;
            Ok(if due { vec![Event::HolidayEnded { window: *window }] } else { Vec::new() })
        }
        Command::NoteHandleKept { claim } => Ok(kept(seller, claim)),
        Command::NoteHandleHeld { claim } => Ok(held(seller, claim)),
        Command::NoteHandleLost { claim } => Ok(lost(seller, claim)),
        _ => Ok(Vec::new()),
    }
}

fn change(seller: &Seller, name: Option<&DisplayName>, city: Option<&City>) -> Vec<Event> {
    let name = name.filter(|name| **name != seller.name).cloned();
    let city = city.filter(|city| **city != seller.city).cloned();
    if name.is_none() && city.is_none() {
        return Vec::new();
    }
    vec![Event::ProfileChanged { name, city }]
}

/// A handle that is held stays so until the new one is; one that is still being asked for is given back at once.
fn change_handle(seller: &Seller, handle: &Handle, decides: &Tenant, now: Timestamp) -> Vec<Event> {
    let same = |claim: &&Claim| claim.handle == *handle;
    if seller.handles.asked.as_ref().is_some_and(|asked| same(&asked)) {
        return Vec::new();
    }
    let mut events: Vec<Event> = seller.handles.asked.iter().map(give_back).collect();
    if !seller.handles.held.as_ref().is_some_and(|held| same(&held)) {
        events.push(ask(handle, decides, now));
    }
    events
}

/// Asks for a handle. A claim's name says when it was made, so that the seller can ask for the same handle again, and where.
pub(super) fn ask(handle: &Handle, decides: &Tenant, now: Timestamp) -> Event {
    let claim: ResourceId = format!("handle-{:x}-{:.8}", now.as_millis().max(0), decides.id())
        .parse()
        .expect("digits of time and of a name's hash are allowed in an id");
    Event::HandleAsked { handle: handle.clone(), claim, name: decides.clone() }
}

fn give_back(claim: &Claim) -> Event {
    Event::HandleGivenBack { claim: claim.claim.clone(), name: claim.name.clone() }
}

/// The platform keeps it: nothing has to be proven for a handle, so it is confirmed at once.
fn kept(seller: &Seller, claim: &ResourceId) -> Vec<Event> {
    let asked = seller.handles.asked.iter().filter(|asked| asked.claim == *claim);
    asked
        .map(|asked| Event::HandleKept { claim: claim.clone(), name: asked.name.clone() })
        .collect()
}

fn held(seller: &Seller, claim: &ResourceId) -> Vec<Event> {
    if seller.handles.asked.as_ref().is_none_or(|asked| asked.claim != *claim) {
        return Vec::new();
    }
    let mut events: Vec<Event> = seller.handles.held.iter().map(give_back).collect();
    events.push(Event::HandleHeld { claim: claim.clone() });
    events
}

fn lost(seller: &Seller, claim: &ResourceId) -> Vec<Event> {
    let handles = [&seller.handles.asked, &seller.handles.held];
    let ours = handles.into_iter().flatten().any(|known| known.claim == *claim);
    if ours { vec![Event::HandleLost { claim: claim.clone() }] } else { Vec::new() }
}

fn set_fee(seller: &Seller, fee: Money) -> Result<Vec<Event>, Refusal> {
    if seller.fees.contains(&fee) {
        return Ok(Vec::new());
    }
    let new = !seller.fees.iter().any(|known| known.currency == fee.currency);
    if new && seller.fees.len() >= FEES_MAX {
        return Err(Refusal::DeliveryFeesFull);
    }
    Ok(vec![Event::DeliveryFeeSet { fee }])
}

fn plan(seller: &Seller, window: Window, now: Timestamp) -> Vec<Event> {
    if seller.holiday.is_some_and(|holiday| holiday.window == window) {
        return Vec::new();
    }
    let mut events = vec![Event::HolidayPlanned { window }];
    if window.from <= now {
        events.push(Event::HolidayBegan { window });
    }
    events
}
