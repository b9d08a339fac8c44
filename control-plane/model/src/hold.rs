//! A hold: writes of a slot or a tenant wait, because somebody said so; and what operators did, for the record.

use std::fmt;

use base_ids::Generation;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Place;

/// Why writes of a slot or a tenant wait for their owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Who said so.
    pub by: String,
    /// What for.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// What an operator can do to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedKind {
    /// Lets its writes wait.
    Hold,
    /// Lets them go on.
    Release,
    /// Places a tenant by name where it lives.
    Pin,
}

impl fmt::Display for DeedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Pin => "pin",
        })
    }
}

/// Who asks for a change, from where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asks, as they say.
    pub by: String,
    /// The address they ask from, and the identity that they have proved to have.
    pub from: String,
    /// What for.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

impl Asked {
    pub(crate) fn hold(&self) -> Hold {
        Hold { by: self.by.clone(), why: self.why.clone(), since: self.at }
    }

    pub(crate) fn deed(&self, kind: DeedKind, place: &Place, generation: Generation) -> Deed {
        let Self { by, from, why, at } = self.clone();
        Deed { at, by, from, kind, place: place.to_string(), generation, why }
    }
}

/// Something that an operator did: kept for ever, with the change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who, as they said.
    pub by: String,
    /// The address that they asked from.
    pub from: String,
    /// What.
    pub kind: DeedKind,
    /// To which slot or tenant.
    pub place: String,
    /// The generation of its ownership afterwards.
    pub generation: Generation,
    /// What for.
    pub why: String,
}
