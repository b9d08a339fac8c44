//! What can be asked of an import.

use base_ids::ResourceId;
use cell_words::{
    LineProblem,
    import::{Line, Outcome},
};
use serde::{Deserialize, Serialize, Serializer};

/// Asks something of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Command {
    /// Of which.
    pub import: ResourceId,
    /// What.
    pub ask: Ask,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// Begin.
    Start {
        /// What was read. Kept in the events; beside them only how many there were.
        #[serde(serialize_with = "how_many")]
        lines: Vec<ReadLine>,
    },
    /// Note what became of a line.
    NoteLine {
        /// Which.
        line: u32,
        /// The offer that it was about.
        offer: String,
        /// What.
        outcome: Outcome,
    },
}

fn how_many<S: Serializer>(lines: &[ReadLine], serializer: S) -> Result<S::Ok, S::Error> {
    lines.len().serialize(serializer)
}

/// A line as it was read: something to carry out, or what is wrong with it.
pub type ReadLine = Result<Box<Line>, FaultyLine>;

/// A line that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultyLine {
    /// Counted from 1.
    pub line: u32,
    /// The offer that it is about, as far as that could be read.
    pub offer: String,
    /// What is wrong.
    pub problems: Vec<LineProblem>,
}
