//! Pure planning: where a slot's first home is.
//!
//! A slot that nobody owns goes to the cell that wins it by weighted rendezvous. After that only an explicit change of owner
//! moves it: a cell that joins later takes nothing away by itself.
#![warn(missing_docs)]

mod rendezvous;

use base_ids::{CellId, Epoch, Slot};
use cp_model::Fleet;

pub use rendezvous::{Candidate, home};

/// An immutable plan: the fleet that it was made for, and where each slot goes that nobody owned in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstHomes {
    /// Epoch of the fleet that the plan was made for.
    pub parent: Epoch,
    /// Each unheld slot with its first home; empty if no cell takes any.
    pub homes: Vec<(Slot, CellId)>,
}

/// Plans first homes for all slots that nobody owns.
pub fn first_homes(fleet: &Fleet) -> FirstHomes {
    let candidates: Vec<_> =
        fleet.cells().map(|cell| Candidate { cell: &cell.id, weight: cell.weight() }).collect();
    let homed = |slot| home(slot, &candidates).map(|cell| (slot, cell.clone()));
    FirstHomes { parent: fleet.epoch(), homes: fleet.unheld().filter_map(homed).collect() }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use base_ids::PodName;
    use base_time::Timestamp;
    use cp_model::{Fleet, PodRecord};

    use super::first_homes;

    fn fleet(cells: &[(&str, u32)]) -> Fleet {
        let address = SocketAddr::from(([127, 0, 0, 1], 7000));
        let mut fleet = Fleet::default();
        for (name, weight) in cells {
            let pod = PodRecord {
                name: PodName::default(),
                edge: address,
                mesh: address,
                admin: address,
                weight: *weight,
                signing_keys: vec![],
                version: String::new(),
            };
            let registered = fleet.register(&name.parse().unwrap(), pod, Timestamp::default());
            let change = registered.unwrap().unwrap();
            fleet.evolve(change);
        }
        fleet
    }

    #[test]
    fn every_slot_gets_a_home_and_only_once() {
        let mut fleet = fleet(&[("cell-1", 100), ("cell-2", 100), ("cell-3", 0)]);
        let plan = first_homes(&fleet);
        assert_eq!((plan.parent, plan.homes.len()), (fleet.epoch(), 65_536));
        let change = fleet.settle(&plan.homes).unwrap().unwrap();
        fleet.evolve(change);
        assert!(first_homes(&fleet).homes.is_empty());
        assert_eq!(fleet.slots_by_cell().len(), 2, "weight 0 takes none");
    }

    #[test]
    fn without_a_cell_that_takes_any_there_is_nothing_to_plan() {
        assert!(first_homes(&fleet(&[("cell-1", 0)])).homes.is_empty());
        assert!(first_homes(&fleet(&[])).homes.is_empty());
    }
}
