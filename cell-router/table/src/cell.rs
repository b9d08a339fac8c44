//! A cell as the routing table knows it: where it listens and which keys it signs access tokens with.

use std::net::SocketAddr;

use base_ids::CellId;
use base_time::Timestamp;

/// A cell of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The cell's name.
    pub id: CellId,
    /// Where routers reach its API.
    pub edge: SocketAddr,
    /// Where other cells reach it.
    pub mesh: SocketAddr,
    /// Where health, metrics and administration are.
    pub admin: SocketAddr,
    /// Public halves of the keys that it signs access tokens with, the newest first.
    pub signing_keys: Vec<SigningKey>,
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
