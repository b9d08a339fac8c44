//! How others read a vendor's stock: levels by offer, and the movements that led there.

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{
    Inventory,
    event::{Event, Pick},
    state::Level,
};

/// What a vendor has of each offer; keyed by the offer.
pub struct StockLevels;

/// One offer's stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLevel {
    /// Which offer.
    pub offer: ResourceId,
    /// By location, in the order of their ids.
    pub locations: Vec<(ResourceId, Level)>,
}

impl View<Inventory> for StockLevels {
    const NAME: &'static str = "levels";
    type Row = StockLevel;

    fn fold(seen: &Seen<'_, Inventory>, rows: &mut Rows<StockLevel>) {
        let mut touched = moved(seen.event);
        touched.dedup();
        for offer in touched {
            let locations = seen
                .state
                .locations(offer)
                .map(|(location, level)| (location.clone(), level))
                .collect();
            rows.put(offer.as_str(), &StockLevel { offer: offer.clone(), locations });
        }
    }
}

/// What moved an offer's stock; keyed `offer/version/ordinal`, so that an offer's movements lie together in time order.
pub struct Movements;

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What kind.
    pub kind: MovementKind,
    /// Where.
    pub location: ResourceId,
    /// How many.
    pub quantity: i64,
    /// When.
    pub at: Timestamp,
    /// The reservation, or the reason.
    pub reference: String,
}

/// The kinds of movements that the books show. Promises come and go and are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Received,
    /// A count was corrected.
    Adjusted,
    /// Sold.
    Allocated,
    /// A sale was undone before it left.
    Deallocated,
    /// It left.
    Shipped,
}

impl View<Inventory> for Movements {
    const NAME: &'static str = "movements";
    type Row = Movement;

    fn fold(seen: &Seen<'_, Inventory>, rows: &mut Rows<Movement>) {
        for (ordinal, (offer, movement)) in movements(seen.event, seen.at).into_iter().enumerate() {
            rows.put(format!("{offer}/{:016x}/{ordinal:04x}", seen.version.0), &movement);
        }
    }
}

fn movements(event: &Event, at: Timestamp) -> Vec<(ResourceId, Movement)> {
    let one = |kind, offer: &ResourceId, location: &ResourceId, quantity, reference: String| {
        vec![(
            offer.clone(),
            Movement { kind, location: location.clone(), quantity, at, reference },
        )]
    };
    let all = |kind, picks: &[Pick], reservation: &ResourceId| {
        let movement = |pick: &Pick| {
            one(kind, &pick.offer, &pick.location, pick.quantity, reservation.to_string())
        };
        picks.iter().flat_map(movement).collect()
    };
    match event {
        Event::StockReceived { offer, location, quantity } => {
            one(MovementKind::Received, offer, location, *quantity, String::new())
        }
        Event::StockAdjusted { offer, location, change, reason } => {
            one(MovementKind::Adjusted, offer, location, *change, reason.to_string())
        }
        Event::ReservationCommitted { reservation, picks, .. } => {
            all(MovementKind::Allocated, picks, reservation)
        }
        Event::ReservationReleased { reservation, picks, sold: true, .. } => {
            all(MovementKind::Deallocated, picks, reservation)
        }
        Event::ReservationShipped { reservation, picks } => {
            all(MovementKind::Shipped, picks, reservation)
        }
        _ => Vec::new(),
    }
}

/// The offers whose levels an event changes.
fn moved(event: &Event) -> Vec<&ResourceId> {
    match event {
        Event::StockReceived { offer, .. } | Event::StockAdjusted { offer, .. } => vec![offer],
        Event::StockReserved { picks, .. }
        | Event::ReservationCommitted { picks, .. }
        | Event::ReservationReleased { picks, .. }
        | Event::ReservationExpired { picks, .. }
        | Event::ReservationShipped { picks, .. } => picks.iter().map(|pick| &pick.offer).collect(),
        _ => Vec::new(),
    }
}
