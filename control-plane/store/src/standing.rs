//! Who of several control planes leads.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The control plane that leads: the only one that changes anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leader {
    /// What it is called in logs.
    pub name: String,
    /// Where cells, routers and operators reach it, as `host:port`.
    pub address: String,
}

impl fmt::Display for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address)
    }
}

/// What this process is among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It leads; one that runs alone always does.
    Leads,
    /// Another one does.
    Follows(Leader),
    /// Nobody does as far as it knows.
    Leaderless,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leads => f.write_str("this one leads"),
            Self::Follows(leader) => write!(f, "{leader} leads"),
            Self::Leaderless => f.write_str("nobody leads"),
        }
    }
}
