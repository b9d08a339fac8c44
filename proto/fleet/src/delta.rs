//! What changed between two routing tables, between its form on the wire and the one that is applied.

use base_ids::{Epoch, Generation, Slot};
use router_table::{Cell, Delta, Placed, Row};

use crate::{BadTable, v1};

impl TryFrom<v1::TableDelta> for Delta {
    type Error = BadTable;

    fn try_from(wire: v1::TableDelta) -> Result<Self, BadTable> {
        let cells = wire.cells.into_iter().map(Cell::try_from).collect::<Result<_, _>>()?;
        let slot = |row: v1::SlotRow| {
            let slot = u16::try_from(row.slot).map_err(|_| BadTable::Slots(row.slot as usize))?;
            let owner = row.cell.checked_sub(1).map(|cell| Row {
                cell: cell as usize,
                generation: Generation(row.generation),
                held: row.held,
            });
            Ok((Slot(slot), owner))
        };
        let placed = |placed: v1::Override| {
            let cell = placed.cell.checked_sub(1).ok_or(BadTable::CellNumber(0))?;
            Ok(Placed {
                tenant: placed.tenant,
                cell: cell as usize,
                generation: Generation(placed.generation),
                held: placed.held,
            })
        };
        Ok(Self {
            since: Epoch(wire.since_epoch),
            epoch: Epoch(wire.epoch),
            digest: wire.digest,
            cells: wire.has_cells.then_some(cells),
            slots: wire.slots.into_iter().map(slot).collect::<Result<_, BadTable>>()?,
            placed: wire.placed.into_iter().map(placed).collect::<Result<_, BadTable>>()?,
            unplaced: wire.unplaced,
        })
    }
}

impl From<&Delta> for v1::TableDelta {
    fn from(delta: &Delta) -> Self {
        let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
        let slot = |(slot, owner): &(Slot, Option<Row>)| v1::SlotRow {
            slot: slot.0.into(),
            cell: owner.map_or(0, |row| number(row.cell)),
            generation: owner.map_or(0, |row| row.generation.0),
            held: owner.is_some_and(|row| row.held),
        };
        let placed = |placed: &Placed| v1::Override {
            tenant: placed.tenant.clone(),
            cell: number(placed.cell),
            generation: placed.generation.0,
            held: placed.held,
        };
        Self {
            since_epoch: delta.since.0,
            epoch: delta.epoch.0,
            digest: delta.digest,
            has_cells: delta.cells.is_some(),
            cells: delta.cells.iter().flatten().map(v1::Cell::from).collect(),
            slots: delta.slots.iter().map(slot).collect(),
            placed: delta.placed.iter().map(placed).collect(),
            unplaced: delta.unplaced.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base_ids::{Epoch, Generation, Slot};
    use router_table::{Delta, Placed, Row};

    use crate::{BadTable, v1};

    fn delta() -> Delta {
        let address = "10.0.0.1:7000".parse().unwrap();
        let cell = router_table::Cell {
            id: "cell-1".parse().unwrap(),
            pods: vec![router_table::Pod::only(address, address, address)],
            signing_keys: vec![],
        };
        let generation = Generation(4);
        Delta {
            since: Epoch(3),
            epoch: Epoch(9),
            digest: 77,
            cells: Some(vec![cell]),
            slots: vec![
                (Slot(0), None),
                (Slot(65_535), Some(Row { cell: 0, generation, held: true })),
            ],
            placed: vec![Placed { tenant: "users/a".into(), cell: 0, generation, held: true }],
            unplaced: vec!["users/b".into()],
        }
    }

    #[test]
    fn a_delta_comes_over_the_wire_as_it_was_sent() {
        let none = Delta { cells: None, slots: vec![], ..delta() };
        for delta in [delta(), none, Delta { cells: Some(vec![]), ..delta() }] {
            assert_eq!(Delta::try_from(v1::TableDelta::from(&delta)).unwrap(), delta);
        }
    }

    #[test]
    fn what_is_not_a_delta_is_refused() {
        let refused = |spoil: fn(&mut v1::TableDelta)| {
            let mut wire = v1::TableDelta::from(&delta());
            spoil(&mut wire);
            Delta::try_from(wire).unwrap_err()
        };
        assert!(matches!(refused(|wire| wire.slots[0].slot = 65_536), BadTable::Slots(65_536)));
        assert!(matches!(refused(|wire| wire.placed[0].cell = 0), BadTable::CellNumber(0)));
        let spoilt = refused(|wire| wire.cells[0].pods[0].edge_address = "nowhere".into());
        assert!(matches!(spoilt, BadTable::Address { .. }));
    }
}
