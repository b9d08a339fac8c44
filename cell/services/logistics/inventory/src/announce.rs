//! What inventory tells: answers to whoever reserves, reminders to itself, and to everyone how much is left.

use base_ids::ResourceId;
use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Inventory,
    event::{Event, Pick, Shortage},
    wire,
};

/// Up to this many left, the exact number is told.
const FEW: i64 = 5;

pub(crate) fn announce(seen: &Seen<'_, Inventory>, outbox: &mut Outbox) {
    answer(seen, outbox);
    for (offer, change) in changes(seen.event) {
        publish_if_it_shows(seen, outbox, &offer, change);
    }
}

fn answer(seen: &Seen<'_, Inventory>, outbox: &mut Outbox) {
    let vendor = seen.tenant.to_string();
    match seen.event {
        Event::StockReserved { reservation, reply, until, .. } => {
            let (name, until_ms) = (reservation.to_string(), until.as_millis());
            reply.tell(outbox, &wire::StockReserved { reservation: name, vendor, until_ms });
            outbox.remind(seen.tenant, Inventory::SERVICE, *until, &due(reservation));
        }
        Event::ReservationExtended { reservation, until } => {
            outbox.remind(seen.tenant, Inventory::SERVICE, *until, &due(reservation));
        }
        Event::ReservationRefused { reservation, reply, reason, shortages } => {
            let (reservation, reason) = (reservation.to_string(), <&str>::from(reason).to_owned());
            let shortages = shortages.iter().map(shortage).collect();
            reply.tell(outbox, &wire::StockRefused { reservation, vendor, shortages, reason });
        }
        Event::ReservationCommitted { reservation, reply, .. } => {
            outbox.call_off(&due(reservation));
            let reservation = reservation.to_string();
            reply.tell(outbox, &wire::CommitOutcome { reservation, vendor, committed: true });
        }
        Event::CommitRefused { reservation, reply } => {
            let reservation = reservation.to_string();
            reply.tell(outbox, &wire::CommitOutcome { reservation, vendor, committed: false });
        }
        Event::ReservationReleased { reservation, .. }
        | Event::ReservationExpired { reservation, .. } => outbox.call_off(&due(reservation)),
        _ => {}
    }
}

fn due(reservation: &ResourceId) -> wire::ReservationDue {
    wire::ReservationDue { reservation: reservation.to_string() }
}

fn shortage(shortage: &Shortage) -> wire::Shortage {
    let Shortage { offer, asked, available } = shortage;
    wire::Shortage { offer: offer.to_string(), asked: *asked, available: *available }
}

/// By how much the event changed what can be promised, per offer.
fn changes(event: &Event) -> Vec<(ResourceId, i64)> {
    match event {
        Event::StockReceived { offer, quantity, .. } => vec![(offer.clone(), *quantity)],
        Event::StockAdjusted { offer, change, .. } => vec![(offer.clone(), *change)],
        Event::StockReserved { picks, .. } => summed(picks, -1),
        Event::ReservationReleased { picks, .. } | Event::ReservationExpired { picks, .. } => {
            summed(picks, 1)
        }
        _ => Vec::new(),
    }
}

fn summed(picks: &[Pick], sign: i64) -> Vec<(ResourceId, i64)> {
    let mut by_offer: Vec<(ResourceId, i64)> = Vec::new();
    for pick in picks {
        match by_offer.last_mut() {
            Some((offer, change)) if *offer == pick.offer => *change += sign * pick.quantity,
            _ => by_offer.push((pick.offer.clone(), sign * pick.quantity)),
        }
    }
    by_offer
}

fn publish_if_it_shows(
    seen: &Seen<'_, Inventory>,
    outbox: &mut Outbox,
    offer: &ResourceId,
    change: i64,
) {
    let now = seen.state.available(offer);
    if shown(now) != shown(now - change) {
        let (level, few) = shown(now);
        let (vendor, offer) = (seen.tenant.to_string(), offer.to_string());
        let key = format!("{vendor}/stock/{offer}");
        outbox.publish(key, &wire::AvailabilityChanged { vendor, offer, level: level.into(), few });
    }
}

fn shown(available: i64) -> (wire::availability_changed::Level, i64) {
    use wire::availability_changed::Level;
    match available {
        ..=0 => (Level::None, 0),
        1..=FEW => (Level::Few, available),
        _ => (Level::Plenty, 0),
    }
}
