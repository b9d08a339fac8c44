//! What has happened to a file of offers; kept for ever.

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_words::import::{Line, Outcome};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::command::FaultyLine;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// A file of offers was read.
    ImportStarted {
        /// The import's name.
        import: ResourceId,
        /// Lines with something on them.
        lines: u32,
        /// When.
        at: Timestamp,
    },
    /// Some of its lines cannot be carried out.
    LinesFaulty {
        /// Which, and why.
        lines: Vec<FaultyLine>,
    },
    /// Some of its lines are being carried out.
    LinesTaken {
        /// Which.
        lines: Vec<Line>,
    },
    /// One of its lines has ended.
    LineNoted {
        /// Which.
        line: u32,
        /// The offer that it was about.
        offer: String,
        /// How.
        outcome: Outcome,
    },
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}
