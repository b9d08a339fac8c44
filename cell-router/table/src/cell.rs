//! A cell as the routing table knows it: the pods that serve it, and which keys they sign access tokens with.

use std::net::SocketAddr;

use base_ids::{CellId, PodName};
use base_time::Timestamp;

/// A cell of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The cell's name.
    pub id: CellId,
    /// The processes that serve it: at least one, each for any tenant of the cell. In a table they are in the order of their names.
    pub pods: Vec<Pod>,
    /// Public halves of the keys that access tokens of the cell are signed with, those of all its pods.
    pub signing_keys: Vec<SigningKey>,
}

/// A process that serves a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name among the pods of the cell.
    pub name: PodName,
    /// Where routers reach its API.
    pub edge: SocketAddr,
    /// Where other cells reach it.
    pub mesh: SocketAddr,
    /// Where health, metrics and administration are.
    pub admin: SocketAddr,
}

impl Pod {
    /// The pod of a cell that has no other.
    pub fn only(edge: SocketAddr, mesh: SocketAddr, admin: SocketAddr) -> Self {
        Self { name: PodName::default(), edge, mesh, admin }
    }
}

/// The public half of a key that a cell signs access tokens with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The key's id, as in a token's `kid`.
    pub kid: String,
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// After this point tokens signed with it are no longer accepted.
    pub accepted_until: Timestamp,
}
