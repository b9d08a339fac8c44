//! What is remembered of a vendor's stock in order to decide.

use std::collections::BTreeMap;

use base_ids::ResourceId;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Pick};

/// A vendor's stock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// By offer, by location.
    pub levels: BTreeMap<ResourceId, BTreeMap<ResourceId, Level>>,
    /// Promises and sales that have not ended.
    pub reservations: BTreeMap<ResourceId, Reservation>,
    /// Reservations that were released before they were asked for, until they can be forgotten.
    pub barred: BTreeMap<ResourceId, Timestamp>,
}

/// How much there is of one offer at one location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Physically there.
    pub on_hand: i64,
    /// Sold, not yet shipped.
    pub allocated: i64,
    /// Promised until a deadline.
    pub reserved: i64,
}

impl Level {
    /// What can still be promised (Invariant stock-1: never negative).
    pub fn available(self) -> i64 {
        self.on_hand - self.allocated - self.reserved
    }
}

/// A promise or a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// What, and from where.
    pub picks: Vec<Pick>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a reservation is. One that has ended is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Promised until this time.
    Promised(Timestamp),
    /// Sold, not yet shipped.
    Sold,
}

impl State {
    /// What can be promised of an offer, over all locations.
    pub fn available(&self, offer: &ResourceId) -> i64 {
        self.locations(offer).map(|(_, level)| level.available()).sum()
    }

    /// The levels of an offer, in the order of the locations' ids.
    pub fn locations(&self, offer: &ResourceId) -> impl Iterator<Item = (&ResourceId, Level)> {
        self.levels.get(offer).into_iter().flatten().map(|(location, level)| (location, *level))
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::StockReceived { offer, location, quantity } => {
                self.level(offer, location).on_hand += quantity;
            }
            Event::StockAdjusted { offer, location, change, .. } => {
                self.level(offer, location).on_hand += change;
            }
            Event::StockReserved { reservation, picks, until, .. } => {
                self.each(picks, |level, quantity| level.reserved += quantity);
                let promised = Reservation { picks: picks.clone(), stage: Stage::Promised(*until) };
                self.reservations.insert(reservation.clone(), promised);
            }
            Event::ReservationExtended { reservation, until } => {
                self.enter(reservation, Stage::Promised(*until));
            }
            Event::ReservationCommitted { reservation, picks, .. } => {
                self.each(picks, |level, quantity| {
                    level.reserved -= quantity;
                    level.allocated += quantity;
                });
                self.enter(reservation, Stage::Sold);
            }
            Event::ReservationReleased { reservation, picks, sold: true, .. } => {
                self.end(reservation, picks, |level, quantity| {
                    level.allocated -= quantity;
                });
            }
            Event::ReservationReleased { reservation, picks, .. }
            | Event::ReservationExpired { reservation, picks } => {
                self.end(reservation, picks, |level, quantity| {
                    level.reserved -= quantity;
                });
            }
            Event::ReservationShipped { reservation, picks } => {
                self.end(reservation, picks, |level, quantity| {
                    level.allocated -= quantity;
                    level.on_hand -= quantity;
                });
            }
            Event::ReservationBarred { reservation, at, until } => {
                self.barred.retain(|_, forgotten| *forgotten > *at);
                self.barred.insert(reservation.clone(), *until);
            }
            Event::ReservationRefused { .. } | Event::CommitRefused { .. } => {}
        }
    }

    fn level(&mut self, offer: &ResourceId, location: &ResourceId) -> &mut Level {
        self.levels.entry(offer.clone()).or_default().entry(location.clone()).or_default()
    }

    fn each(&mut self, picks: &[Pick], change: impl Fn(&mut Level, i64)) {
        for pick in picks {
            change(self.level(&pick.offer, &pick.location), pick.quantity);
        }
    }

    fn enter(&mut self, reservation: &ResourceId, stage: Stage) {
        if let Some(found) = self.reservations.get_mut(reservation) {
            found.stage = stage;
        }
    }

    fn end(&mut self, reservation: &ResourceId, picks: &[Pick], change: impl Fn(&mut Level, i64)) {
        self.reservations.remove(reservation);
        self.each(picks, change);
    }
}
