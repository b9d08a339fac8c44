//! A cell as it was registered.

use std::{collections::BTreeSet, net::SocketAddr};

use base_ids::CellId;
use base_time::Timestamp;
use router_table::{Cell, SigningKey};
use serde::{Deserialize, Serialize};

/// What the control plane keeps about a cell. What changes at every heartbeat is not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// The cell's name.
    pub id: CellId,
    /// Where routers reach its API.
    pub edge: SocketAddr,
    /// Where other cells reach it.
    pub mesh: SocketAddr,
    /// Where health, metrics and administration are.
    pub admin: SocketAddr,
    /// Share of first homes that it takes, relative to the others; 0 takes none.
    pub weight: u32,
    /// Public halves of the keys that it signs access tokens with, the newest first.
    pub signing_keys: Vec<KeyRecord>,
    /// Version of its binary.
    pub version: String,
    /// When it registered for the first time.
    pub registered: Timestamp,
}

/// The public half of a signing key, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The key's id, as in a token's `kid`.
    pub kid: String,
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// After this point tokens signed with it are no longer accepted.
    pub accepted_until: Timestamp,
}

impl CellRecord {
    /// The part that routers and other cells are told.
    pub fn routing(&self) -> Cell {
        let key = |key: &KeyRecord| SigningKey {
            kid: key.kid.clone(),
            public_key: key.public_key,
            accepted_until: key.accepted_until,
        };
        Cell {
            id: self.id.clone(),
            edge: self.edge,
            mesh: self.mesh,
            admin: self.admin,
            signing_keys: self.signing_keys.iter().map(key).collect(),
        }
    }

    /// Whether routers and other cells must be told when this record takes the place of `old`.
    pub(crate) fn reroutes(&self, old: &Self) -> bool {
        self.routing() != old.routing()
    }

    /// A key id that the record lists twice, if any: two keys with one name could not be told apart.
    pub(crate) fn key_twice(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        let mut kids = self.signing_keys.iter().map(|key| key.kid.as_str());
        kids.find(|kid| !seen.insert(*kid))
    }
}
