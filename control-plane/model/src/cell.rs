//! A cell as it was registered, with the pods that serve it.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use base_ids::{CellId, PodName};
use base_time::Timestamp;
use router_table::{Cell, Pod, SigningKey};
use serde::{Deserialize, Serialize};

/// How long keys of a pod that left are accepted at most: longer than any token lives that it has signed.
const FORMER_KEYS_FOR: Duration = Duration::from_hours(1);
/// Most keys of pods that left; the newest stay.
const FORMER_KEYS_MAX: usize = 64;

/// What the control plane keeps about a cell. What changes at every heartbeat is not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct CellRecord {
    /// The cell's name.
    pub id: CellId,
    /// The processes that serve it, by name: at least one.
    pub pods: Vec<PodRecord>,
    /// Keys of pods that left, while tokens that they signed are about.
    pub former_keys: Vec<KeyRecord>,
    /// When it registered for the first time.
    pub registered: Timestamp,
}

/// What the control plane keeps about a pod of a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodRecord {
    /// Its name among the pods of the cell.
    pub name: PodName,
    /// Where routers reach its API.
    pub edge: SocketAddr,
    /// Where other cells reach it.
    pub mesh: SocketAddr,
    /// Where health, metrics and administration are.
    pub admin: SocketAddr,
    /// Share of first homes that its cell takes, relative to other cells; 0 takes none.
    pub weight: u32,
    /// Public halves of the keys that it signs access tokens with, the newest first.
    pub signing_keys: Vec<KeyRecord>,
    /// Version of its binary.
    pub version: String,
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

/// A record in either form in which it may lie in a store.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Cell(StoredCell),
    /// As it was written while a cell was one process.
    Process(StoredProcess),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCell {
    id: CellId,
    pods: Vec<PodRecord>,
    former_keys: Vec<KeyRecord>,
    registered: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredProcess {
    id: CellId,
    edge: SocketAddr,
    mesh: SocketAddr,
    admin: SocketAddr,
    weight: u32,
    signing_keys: Vec<KeyRecord>,
    version: String,
    registered: Timestamp,
}

impl From<Stored> for CellRecord {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Cell(StoredCell { id, pods, former_keys, registered }) => {
                Self { id, pods, former_keys, registered }
            }
            Stored::Process(process) => {
                let StoredProcess { id, edge, mesh, admin, weight, .. } = process;
                let StoredProcess { signing_keys, version, registered, .. } = process;
                let name = PodName::default();
                let pod = PodRecord { name, edge, mesh, admin, weight, signing_keys, version };
                Self::new(id, pod, registered)
            }
        }
    }
}

impl CellRecord {
    /// A cell of which one pod is known.
    pub(crate) fn new(id: CellId, pod: PodRecord, registered: Timestamp) -> Self {
        Self { id, pods: vec![pod], former_keys: Vec::new(), registered }
    }

    /// The pod with this name.
    pub fn pod(&self, name: &PodName) -> Option<&PodRecord> {
        self.pods.iter().find(|pod| pod.name == *name)
    }

    /// Share of first homes that the cell takes, relative to other cells: the largest that a pod of it names.
    pub fn weight(&self) -> u32 {
        self.pods.iter().map(|pod| pod.weight).max().unwrap_or(0)
    }

    /// The part that routers and other cells are told.
    pub fn routing(&self) -> Cell {
        let pod = |pod: &PodRecord| Pod {
            name: pod.name.clone(),
            edge: pod.edge,
            mesh: pod.mesh,
            admin: pod.admin,
        };
        let mut signing_keys: Vec<SigningKey> = Vec::new();
        for key in self.pods.iter().flat_map(|pod| &pod.signing_keys).chain(&self.former_keys) {
            // Pods may have been given one key together.
            if signing_keys.iter().all(|known| known.kid != key.kid) {
                signing_keys.push(SigningKey {
                    kid: key.kid.clone(),
                    public_key: key.public_key,
                    accepted_until: key.accepted_until,
                });
            }
        }
        Cell { id: self.id.clone(), pods: self.pods.iter().map(pod).collect(), signing_keys }
    }

    /// Whether routers and other cells must be told when this record takes the place of `old`.
    pub(crate) fn reroutes(&self, old: &Self) -> bool {
        self.routing() != old.routing()
    }

    /// The same cell with what a pod of it says now.
    pub(crate) fn with(&self, pod: PodRecord, at: Timestamp) -> Self {
        let mut record = self.clone();
        record
            .former_keys
            .retain(|former| pod.signing_keys.iter().all(|key| key.kid != former.kid));
        match record.pods.binary_search_by(|known| known.name.cmp(&pod.name)) {
            Ok(nth) => record.pods[nth] = pod,
            Err(nth) => record.pods.insert(nth, pod),
        }
        if record != *self {
            record.former_keys.retain(|key| key.accepted_until > at);
        }
        record
    }

    /// The same cell without a pod, whose keys are kept while tokens that it signed are about. Nothing if it is not there, or is the
    /// last one: a cell without an address could not be told from one that never was.
    pub(crate) fn without(&self, name: &PodName, at: Timestamp) -> Option<Self> {
        let nth = self.pods.iter().position(|pod| pod.name == *name)?;
        if self.pods.len() == 1 {
            return None;
        }
        let mut record = self.clone();
        let left = record.pods.remove(nth);
        let still_listed = |kid: &str| {
            record.pods.iter().flat_map(|pod| &pod.signing_keys).any(|key| key.kid == kid)
        };
        let end = at.after(FORMER_KEYS_FOR);
        let former = left.signing_keys.into_iter().filter(|key| !still_listed(&key.kid));
        let former =
            former.map(|key| KeyRecord { accepted_until: key.accepted_until.min(end), ..key });
        let mut former: Vec<_> = former.chain(record.former_keys).collect();
        former.retain(|key| key.accepted_until > at);
        former.truncate(FORMER_KEYS_MAX);
        record.former_keys = former;
        Some(record)
    }

    /// A key id that stands for two keys, if any: they could not be told apart.
    pub(crate) fn key_twice(&self) -> Option<&str> {
        let mut seen = BTreeMap::new();
        for pod in &self.pods {
            for (nth, key) in pod.signing_keys.iter().enumerate() {
                let twice = pod.signing_keys[..nth].iter().any(|other| other.kid == key.kid);
                let known = *seen.entry(&key.kid).or_insert(&key.public_key);
                if twice || *known != key.public_key {
                    return Some(&key.kid);
                }
            }
        }
        None
    }
}
