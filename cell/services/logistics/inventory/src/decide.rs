//! May stock be promised, sold, given back, corrected? And what then happens.

use std::{collections::BTreeMap, time::Duration};

use base_fault::Status;
use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::Asked;

use crate::{
    command::{Command, Line, Quantity, ReplyTo},
    event::{Event, Pick, RefusedBecause, Shortage},
    state::{Reservation, Stage, State},
};

/// Inventory saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A correction would take away what is promised or sold.
    #[error(
        "only {available} of `{offer}` at `{location}` are neither promised nor sold; at most that many can be taken away"
    )]
    StockPromised {
        /// Which offer's.
        offer: ResourceId,
        /// Where.
        location: ResourceId,
        /// How many could be taken away.
        available: i64,
    },
    /// The vendor stocks as many offers as one can.
    #[error("a vendor stocks at most {max} offers", max = OFFERS_MAX)]
    StockListFull,
    /// More than can be counted.
    #[error("at most {max} of an offer can be on hand at a location", max = ON_HAND_MAX)]
    StockOverflow,
}

/// Most offers that a vendor can stock: what one stream's state can hold in memory.
pub(crate) const OFFERS_MAX: usize = 50_000;
/// Most of an offer that can be on hand at a location.
pub(crate) const ON_HAND_MAX: i64 = 1_000_000_000;
/// How long a reservation that was released before it was asked for is remembered: longer than any message is retried.
const BARRED_FOR: Duration = Duration::from_hours(30 * 24);

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::StockPromised { .. } => "stock_promised",
            Self::StockListFull => "stock_list_full",
            Self::StockOverflow => "stock_overflow",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::StockPromised { .. } => Status::FailedPrecondition,
            Self::StockListFull | Self::StockOverflow => Status::ResourceExhausted,
        }
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::ReceiveStock { offer, location, quantity } => {
            receive(state, offer, location, *quantity)
        }
        Command::AdjustStock { offer, location, change, reason } => {
            room_for(state, offer, location, *change)?;
            let (offer, location, reason) = (offer.clone(), location.clone(), reason.clone());
            Ok(vec![Event::StockAdjusted { offer, location, change: *change, reason }])
        }
        Command::ReserveStock { reservation, reply, lines, until } => {
            Ok(reserve(state, reservation, reply, lines, *until, asked.at))
        }
        Command::ExtendReservation { reservation, until } => Ok(extend(state, reservation, *until)),
        Command::CommitReservation { reservation, reply } => {
            Ok(vec![commit(state, reservation, reply)])
        }
        Command::ReleaseReservation { reservation, reason } => {
            Ok(release(state, reservation, reason, asked.at))
        }
        Command::ShipReservation { reservation } => Ok(ship(state, reservation)),
        Command::ExpireReservation { reservation } => Ok(expire(state, reservation, asked.at)),
    }
}

fn receive(
    state: &State,
    offer: &ResourceId,
    location: &ResourceId,
    quantity: Quantity,
) -> Result<Vec<Event>, Refusal> {
    if !state.levels.contains_key(offer) && state.levels.len() >= OFFERS_MAX {
        return Err(Refusal::StockListFull);
    }
    room_for(state, offer, location, quantity.get())?;
    Ok(vec![Event::StockReceived {
        offer: offer.clone(),
        location: location.clone(),
        quantity: quantity.get(),
    }])
}

fn room_for(
    state: &State,
    offer: &ResourceId,
    location: &ResourceId,
    change: i64,
) -> Result<(), Refusal> {
    let level = state
        .locations(offer)
        .find(|(at, _)| *at == location)
        .map(|(_, level)| level)
        .unwrap_or_default();
    let available = level.available();
    if available.saturating_add(change) < 0 {
        return Err(Refusal::StockPromised {
            offer: offer.clone(),
            location: location.clone(),
            available,
        });
    }
    if level.on_hand.saturating_add(change) > ON_HAND_MAX {
        return Err(Refusal::StockOverflow);
    }
    Ok(())
}

/// Promises all lines or none. Asking again for what is promised or sold changes nothing: the answer was told before.
fn reserve(
    state: &State,
    reservation: &ResourceId,
    reply: &ReplyTo,
    lines: &[Line],
    until: Timestamp,
    now: Timestamp,
) -> Vec<Event> {
    if state.reservations.contains_key(reservation) {
        return Vec::new();
    }
    let refused = |reason, shortages| {
        vec![Event::ReservationRefused {
            reservation: reservation.clone(),
            reply: reply.clone(),
            reason,
            shortages,
        }]
    };
    if state.barred.contains_key(reservation) {
        return refused(RefusedBecause::Released, Vec::new());
    }
    if until <= now {
        return refused(RefusedBecause::Expired, Vec::new());
    }
    match pick_all(state, lines) {
        Ok(picks) => {
            let (reservation, reply) = (reservation.clone(), reply.clone());
            vec![Event::StockReserved { reservation, reply, picks, until }]
        }
        Err(shortages) => refused(RefusedBecause::OutOfStock, shortages),
    }
}

/// Picks every line from the locations in the order of their ids, or says what there is too little of. Lines of one offer are
/// summed first: two lines that each fit may not fit together.
fn pick_all(state: &State, lines: &[Line]) -> Result<Vec<Pick>, Vec<Shortage>> {
    let mut wanted: BTreeMap<&ResourceId, i64> = BTreeMap::new();
    for line in lines {
        *wanted.entry(&line.offer).or_default() += line.quantity.get();
    }
    let mut picks = Vec::new();
    let mut shortages = Vec::new();
    for (offer, mut missing) in wanted {
        let available = state.available(offer);
        if available < missing {
            shortages.push(Shortage { offer: offer.clone(), asked: missing, available });
            continue;
        }
        for (location, level) in state.locations(offer) {
            let quantity = missing.min(level.available());
            if quantity > 0 {
                picks.push(Pick { offer: offer.clone(), location: location.clone(), quantity });
                missing -= quantity;
            }
        }
    }
    if shortages.is_empty() { Ok(picks) } else { Err(shortages) }
}

/// Only ever moves a deadline later.
fn extend(state: &State, reservation: &ResourceId, until: Timestamp) -> Vec<Event> {
    match state.reservations.get(reservation).map(|found| found.stage) {
        Some(Stage::Promised(before)) if before < until => {
            vec![Event::ReservationExtended { reservation: reservation.clone(), until }]
        }
        _ => Vec::new(),
    }
}

/// A promise that still stands becomes a sale, even if its deadline has passed: expiry is a command, and it has not come.
fn commit(state: &State, reservation: &ResourceId, reply: &ReplyTo) -> Event {
    let (name, reply) = (reservation.clone(), reply.clone());
    match state.reservations.get(reservation) {
        Some(Reservation { stage: Stage::Promised(_), picks }) => {
            Event::ReservationCommitted { reservation: name, picks: picks.clone(), reply }
        }
        _ => Event::CommitRefused { reservation: name, reply },
    }
}

fn release(state: &State, reservation: &ResourceId, reason: &str, now: Timestamp) -> Vec<Event> {
    let name = reservation.clone();
    match state.reservations.get(reservation) {
        Some(Reservation { stage, picks }) => {
            let (picks, sold) = (picks.clone(), *stage == Stage::Sold);
            vec![Event::ReservationReleased {
                reservation: name,
                picks,
                sold,
                reason: reason.to_owned(),
            }]
        }
        None if state.barred.contains_key(reservation) => Vec::new(),
        // It has ended, or its request is still on its way: a message may be overtaken by its own undoing.
        None => vec![Event::ReservationBarred {
            reservation: name,
            at: now,
            until: now.after(BARRED_FOR),
        }],
    }
}

fn ship(state: &State, reservation: &ResourceId) -> Vec<Event> {
    match state.reservations.get(reservation) {
        Some(Reservation { stage: Stage::Sold, picks }) => {
            vec![Event::ReservationShipped {
                reservation: reservation.clone(),
                picks: picks.clone(),
            }]
        }
        _ => Vec::new(),
    }
}

fn expire(state: &State, reservation: &ResourceId, now: Timestamp) -> Vec<Event> {
    match state.reservations.get(reservation) {
        Some(Reservation { stage: Stage::Promised(until), picks }) if *until <= now => {
            vec![Event::ReservationExpired {
                reservation: reservation.clone(),
                picks: picks.clone(),
            }]
        }
        _ => Vec::new(),
    }
}
