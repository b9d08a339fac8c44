//! The routing table between its form on the wire and the one that is routed by.

use base_ids::{Epoch, Generation, InvalidCellId, InvalidPodName, InvalidTenant, Slot};
use base_time::Timestamp;
use router_table::{Cell, CellIndex, Draft, InvalidTable, Pod, SigningKey, Table};

use crate::v1;

/// Why what came over the wire is not a routing table.
#[derive(Debug, thiserror::Error)]
pub enum BadTable {
    /// A cell's name is none.
    #[error("the table lists a cell whose name is not one")]
    CellName(#[from] InvalidCellId),
    /// A pod's name is none.
    #[error("the table lists a pod whose name is not one")]
    PodName(#[from] InvalidPodName),
    /// An address is not a socket address.
    #[error("pod {pod} has `{address}` as an address: expected ip:port")]
    Address {
        /// Which pod.
        pod: String,
        /// What was found.
        address: String,
    },
    /// A public key has a wrong length.
    #[error("key {0} is not an Ed25519 public key of 32 bytes")]
    Key(String),
    /// The lists of slots have neither none nor all entries, or a held slot does not exist.
    #[error("the table says something about {0} slots; there are 65,536")]
    Slots(usize),
    /// A slot or an override names a cell that is not listed.
    #[error("the table names cell number {0}, which it does not list")]
    CellNumber(u32),
    /// An override's tenant is none.
    #[error("the table places a tenant whose name is not one")]
    Tenant(#[from] InvalidTenant),
    /// The parts contradict one another.
    #[error("the table contradicts itself")]
    Invalid(#[from] InvalidTable),
    /// The table arrived other than it was sent.
    #[error("the digest is {found:016x}, the sender says {expected:016x}")]
    Digest {
        /// What the table adds up to here.
        found: u64,
        /// What the sender says.
        expected: u64,
    },
}

impl TryFrom<v1::Table> for Table {
    type Error = BadTable;

    fn try_from(wire: v1::Table) -> Result<Self, BadTable> {
        let mut draft = Draft::new(Epoch(wire.epoch));
        for cell in wire.cells {
            draft.cell(cell.try_into()?);
        }
        slots(&mut draft, &wire.slot_cells, &wire.slot_generations)?;
        for slot in wire.held_slots {
            let slot = u16::try_from(slot).map_err(|_| BadTable::Slots(slot as usize))?;
            draft.hold_slot(Slot(slot));
        }
        for placed in wire.overrides {
            let owner = numbered(&draft, placed.cell)?;
            let owner = owner.ok_or(BadTable::CellNumber(0))?;
            let tenant = placed.tenant.parse()?;
            draft.place(&tenant, owner, Generation(placed.generation), placed.held);
        }
        let table = draft.build()?;
        if table.digest() == wire.digest {
            Ok(table)
        } else {
            Err(BadTable::Digest { found: table.digest(), expected: wire.digest })
        }
    }
}

fn slots(draft: &mut Draft, cells: &[u32], generations: &[u64]) -> Result<(), BadTable> {
    for len in [cells.len(), generations.len()] {
        if len != cells.len() || len != 0 && len != Slot::COUNT {
            return Err(BadTable::Slots(len));
        }
    }
    for ((slot, cell), generation) in (0..=u16::MAX).zip(cells).zip(generations) {
        if let Some(owner) = numbered(draft, *cell)? {
            draft.slot(Slot(slot), owner, Generation(*generation));
        }
    }
    Ok(())
}

/// Numbers on the wire are the index + 1; 0 names nobody.
fn numbered(draft: &Draft, number: u32) -> Result<Option<CellIndex>, BadTable> {
    let Some(nth) = number.checked_sub(1) else {
        return Ok(None);
    };
    match draft.nth_cell(nth as usize) {
        Some(cell) => Ok(Some(cell)),
        None => Err(BadTable::CellNumber(number)),
    }
}

impl TryFrom<v1::Cell> for Cell {
    type Error = BadTable;

    fn try_from(wire: v1::Cell) -> Result<Self, BadTable> {
        Ok(Self {
            pods: wire.pods.into_iter().map(Pod::try_from).collect::<Result<_, _>>()?,
            signing_keys: (wire.signing_keys.into_iter().map(SigningKey::try_from))
                .collect::<Result<_, _>>()?,
            id: wire.id.parse()?,
        })
    }
}

impl TryFrom<v1::Pod> for Pod {
    type Error = BadTable;

    fn try_from(wire: v1::Pod) -> Result<Self, BadTable> {
        let address = |address: &str| {
            (address.parse()).map_err(|_| BadTable::Address {
                pod: wire.name.clone(),
                address: address.to_owned(),
            })
        };
        Ok(Self {
            edge: address(&wire.edge_address)?,
            mesh: address(&wire.mesh_address)?,
            admin: address(&wire.admin_address)?,
            name: wire.name.parse()?,
        })
    }
}

impl TryFrom<v1::SigningKey> for SigningKey {
    type Error = BadTable;

    fn try_from(wire: v1::SigningKey) -> Result<Self, BadTable> {
        let public_key = <[u8; 32]>::try_from(&*wire.public_key);
        Ok(Self {
            public_key: public_key.map_err(|_| BadTable::Key(wire.kid.clone()))?,
            accepted_until: Timestamp::from_millis(wire.accepted_until_ms),
            kid: wire.kid,
        })
    }
}

impl From<&Table> for v1::Table {
    fn from(table: &Table) -> Self {
        let owners = || (0..=u16::MAX).map(|slot| (slot, table.slot(Slot(slot))));
        let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
        let mut wire = Self {
            epoch: table.epoch().0,
            cells: table.cells().iter().map(v1::Cell::from).collect(),
            overrides: (table.overrides())
                .map(|placed| v1::Override {
                    tenant: placed.tenant,
                    cell: number(placed.cell),
                    generation: placed.generation.0,
                    held: placed.held,
                })
                .collect(),
            digest: table.digest(),
            ..Self::default()
        };
        if owners().any(|(_, owner)| owner.is_some()) {
            for (slot, owner) in owners() {
                wire.slot_cells.push(owner.map_or(0, |owner| number(owner.index)));
                wire.slot_generations.push(owner.map_or(0, |owner| owner.generation.0));
                if owner.is_some_and(|owner| owner.held) {
                    wire.held_slots.push(slot.into());
                }
            }
        }
        wire
    }
}

impl From<&Cell> for v1::Cell {
    fn from(cell: &Cell) -> Self {
        Self {
            id: cell.id.to_string(),
            signing_keys: cell.signing_keys.iter().map(v1::SigningKey::from).collect(),
            pods: cell.pods.iter().map(v1::Pod::from).collect(),
        }
    }
}

impl From<&Pod> for v1::Pod {
    fn from(pod: &Pod) -> Self {
        Self {
            name: pod.name.to_string(),
            edge_address: pod.edge.to_string(),
            mesh_address: pod.mesh.to_string(),
            admin_address: pod.admin.to_string(),
        }
    }
}

impl From<&SigningKey> for v1::SigningKey {
    fn from(key: &SigningKey) -> Self {
        Self {
            kid: key.kid.clone(),
            public_key: key.public_key.to_vec().into(),
            accepted_until_ms: key.accepted_until.as_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base_ids::{Epoch, Generation, Slot};
    use router_table::{Draft, Table};

    use super::BadTable;
    use crate::v1;

    fn pod(name: &str) -> v1::Pod {
        v1::Pod {
            name: name.to_owned(),
            edge_address: "10.0.0.1:7000".to_owned(),
            mesh_address: "[::1]:7001".to_owned(),
            admin_address: "10.0.0.1:7002".to_owned(),
        }
    }

    fn wire() -> v1::Table {
        let mut draft = Draft::new(Epoch(4));
        let cell = v1::Cell {
            id: "cell-1".to_owned(),
            pods: vec![pod("0"), pod("1")],
            signing_keys: vec![v1::SigningKey {
                kid: "k1".to_owned(),
                public_key: vec![5; 32].into(),
                accepted_until_ms: 99,
            }],
        };
        let owner = draft.cell(cell.try_into().unwrap());
        draft.slot(Slot(0), owner, Generation(2));
        draft.slot(Slot(65_535), owner, Generation(3));
        draft.hold_slot(Slot(65_535));
        draft.place(&"vendors/atlas".parse().unwrap(), owner, Generation(7), true);
        v1::Table::from(&draft.build().unwrap())
    }

    #[test]
    fn a_table_comes_over_the_wire_as_it_was_sent() {
        let table = Table::try_from(wire()).unwrap();
        assert_eq!(v1::Table::from(&table), wire());
        let empty = v1::Table::from(&Table::empty());
        assert!(empty.slot_cells.is_empty());
        assert_eq!(Table::try_from(empty).unwrap(), Table::empty());
    }

    #[test]
    fn what_is_not_a_table_is_refused() {
        let refused = |spoil: fn(&mut v1::Table)| {
            let mut table = wire();
            spoil(&mut table);
            Table::try_from(table).unwrap_err()
        };
        assert!(matches!(refused(|t| t.digest ^= 1), BadTable::Digest { .. }));
        assert!(matches!(refused(|t| t.cells[0].pods[1].name.push('2')), BadTable::Digest { .. }));
        assert!(matches!(refused(|t| t.cells[0].pods[1].name.clear()), BadTable::PodName(_)));
        assert!(matches!(refused(|t| t.cells[0].pods.clear()), BadTable::Invalid(_)));
        assert!(matches!(refused(|t| t.epoch += 1), BadTable::Digest { .. }));
        assert!(matches!(refused(|t| t.slot_cells.truncate(9)), BadTable::Slots(_)));
        assert!(matches!(refused(|t| t.slot_cells[3] = 2), BadTable::CellNumber(2)));
        assert!(matches!(refused(|t| t.overrides[0].cell = 0), BadTable::CellNumber(0)));
        assert!(matches!(refused(|t| t.held_slots.push(65_536)), BadTable::Slots(65_536)));
        assert!(matches!(
            refused(|t| t.cells[0].pods[1].edge_address = "db:1".into()),
            BadTable::Address { .. }
        ));
        assert!(matches!(
            refused(|t| t.cells[0].signing_keys[0].public_key = vec![1].into()),
            BadTable::Key(_)
        ));
        assert!(matches!(refused(|t| t.overrides[0].tenant = "me".into()), BadTable::Tenant(_)));
    }
}
