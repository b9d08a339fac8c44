//! Routing tables of any size, laid where a router looks for its last known good one.

use std::{fmt, net::SocketAddr, path::Path};

use base_ids::{Epoch, Generation, Slot};
use base_time::Timestamp;
use router_table::{Cell, Draft, LastGood, Pod, SigningKey};

use crate::keys::{KID, Keys};

/// How large a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) cells: usize,
    pub(crate) overrides: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cells, {} overrides", self.cells, self.overrides)
    }
}

/// Name of the `nth` tenant that is placed by name.
pub(crate) fn placed(nth: usize) -> String {
    // As long as a real one: a user's id is a UUID.
    format!("users/{:08x}-5c2e-7d4f-9a6b-{nth:012x}", nth.wrapping_mul(2_654_435_761) & 0xffff_ffff)
}

/// Lays a table in the data directory of a router.
pub(crate) fn lay(
    directory: &Path,
    size: Size,
    cells: &[SocketAddr],
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut draft = Draft::new(Epoch(1));
    let key = SigningKey {
        kid: KID.into(),
        public_key: keys.ed25519_public()?,
        accepted_until: Timestamp::from_millis(i64::MAX),
    };
    let mut owners = Vec::new();
    for (nth, address) in cells.iter().take(size.cells).enumerate() {
        owners.push(draft.cell(Cell {
            id: format!("cell-{}", nth + 1).parse()?,
            pods: vec![Pod::only(*address, *address, *address)],
            signing_keys: vec![key.clone()],
        }));
    }
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), owners[usize::from(slot) % owners.len()], Generation(1));
    }
    for nth in 0..size.overrides {
        draft.place(&placed(nth).parse()?, owners[nth % owners.len()], Generation(2), false);
    }
    std::fs::create_dir_all(directory)?;
    LastGood::at(directory.join("routing-table")).save(&draft.build()?)?;
    Ok(())
}
