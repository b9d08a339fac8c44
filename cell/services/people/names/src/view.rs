//! How the cell's own wiring reads a name: who holds it. Nobody outside may ask.

use base_fault::Fault;
use base_ids::Tenant;
use cell_kernel::{Reading, Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{Event, Names};

/// The key of the one row that a name has.
const ROW: &str = "holder";

/// Who holds the name; one row, none while it is free.
pub struct Holders;

/// Who holds a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who.
    pub holder: Tenant,
    /// Whether the holder has proven that the name is its own.
    pub confirmed: bool,
}

impl View<Names> for Holders {
    const NAME: &'static str = "holders";
    type Row = Held;

    fn fold(seen: &Seen<'_, Names>, rows: &mut Rows<Held>) {
        match seen.event {
            Event::NameClaimed { claim, .. } => {
                rows.put(ROW, &Held { holder: claim.claimant.clone(), confirmed: false });
            }
            Event::NameConfirmed { claim, .. } => {
                rows.put(ROW, &Held { holder: claim.claimant.clone(), confirmed: true });
            }
            Event::ClaimExpired { .. } | Event::NameReleased { .. } => rows.delete(ROW),
            Event::NameRefused { .. } | Event::ClaimBarred { .. } => {}
        }
    }
}

/// Who holds the name that `name` (`names/<hash>`, living in this cell) stands for.
pub async fn holder_of(reading: &Reading, name: &Tenant) -> Result<Option<Held>, Fault> {
    Ok(reading.get::<Names, Holders>(name, ROW).await?.map(|found| found.row))
}
