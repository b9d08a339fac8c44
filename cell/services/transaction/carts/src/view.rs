//! How others read a cart: as it stands, and its rounds that are over.

use std::collections::BTreeSet;

use base_ids::{ResourceId, Tenant};
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{
    Carts as Rules, State,
    command::Line,
    event::{Event, LeftOut},
    state::Stage,
};

mod today;

pub use today::{LineToday, Obstacle, Today, read_today};

/// Each cart as it stands; keyed by its id.
pub struct Carts;

/// A round of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    /// The round's number; 0 before the first.
    pub round: u64,
    /// Raised at each change of what would be bought.
    pub revision: u64,
    /// How far it is.
    pub stage: Stage,
    /// The lines.
    pub lines: Vec<Line>,
    /// Guests whose lines are on their way.
    pub merging: BTreeSet<Tenant>,
    /// What the last merge left out.
    pub left_out: Vec<LeftOut>,
}

impl Basket {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            round: state.round,
            revision: state.revision,
            stage: state.stage.clone(),
            lines: state.lines.clone(),
            merging: state.merging.clone(),
            left_out: state.left_out.clone(),
        }
    }

    /// The checkout that is buying the round, or has bought it.
    pub fn checkout(&self) -> Option<&ResourceId> {
        match &self.stage {
            Stage::Claimed(checkout) | Stage::Converted(checkout) => Some(checkout),
            _ => None,
        }
    }
}

impl View<Rules> for Carts {
    const NAME: &'static str = "carts";
    type Row = Basket;

    // Every event touches the row, so that its version is the stream's and `If-Match` compares like with like.
    fn fold(seen: &Seen<'_, Rules>, rows: &mut Rows<Basket>) {
        rows.put(seen.key, &Basket::of(seen.state));
    }
}

/// Rounds that are over; keyed `cart/round`.
pub struct Rounds;

impl View<Rules> for Rounds {
    const NAME: &'static str = "rounds";
    type Row = Basket;

    fn fold(seen: &Seen<'_, Rules>, rows: &mut Rows<Basket>) {
        let over = match seen.event {
            Event::Converted { .. } => true,
            Event::HandedOver { lines, .. } => !lines.is_empty(),
            _ => false,
        };
        if over {
            let key = format!("{}/{:016x}", seen.key, seen.state.round);
            rows.put(key, &Basket::of(seen.state));
        }
    }
}
