//! Where a process finds what it proves its identity with.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Files with the identity of a process, as PEM. `soukctl identity` makes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// File with the process's certificate and those between it and an authority. Its one URI is the identity.
    pub certificate: PathBuf,
    /// File with its key.
    pub key: PathBuf,
    /// File with the certificates of the fleet's authorities: more than one while they change.
    pub authorities: PathBuf,
    /// How often the files are looked at for changes, in milliseconds. What is no good leaves in force what was read before.
    pub look_ms: u64,
}

impl Config {
    /// The files of a folder, as `soukctl identity issue` names them.
    pub fn in_folder(folder: &Path) -> Self {
        let names = Self::default();
        Self {
            certificate: folder.join(names.certificate),
            key: folder.join(names.key),
            authorities: folder.join(names.authorities),
            look_ms: names.look_ms,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            certificate: "identity.crt".into(),
            key: "identity.key".into(),
            authorities: "authorities.crt".into(),
            look_ms: 10_000,
        }
    }
}
