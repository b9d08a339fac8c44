//! What a cell answers, in a header, when it may not serve a tenant; the client never sees it.

use std::{fmt, str::FromStr};

use base_ids::{CellId, Epoch, Generation};

/// The response header that carries a [`Refusal`].
pub const REFUSAL_HEADER: &str = "souk-refusal";

/// The request header of a question in the place of a request: whether the cell would serve a request with this method and path
/// for the tenant now. Answered without a body: 204 with `souk-generation` and `souk-epoch`, or a [`Refusal`].
pub const ASK_HEADER: &str = "souk-ask";

/// The response header by which a cell says that it has as much to do as it can take; the client never sees it.
pub const BUSY_HEADER: &str = "souk-busy";

/// Why a cell may not serve a tenant. Written `not-mine; cell=cell-2; generation=7; epoch=9` or `held; epoch=9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else owns the tenant.
    NotMine {
        /// Who, if the refusing cell knows.
        cell: Option<CellId>,
        /// The number of that ownership.
        generation: Generation,
        /// Epoch of the refusing cell's table.
        epoch: Epoch,
    },
    /// The tenant is between two owners; its writes wait.
    Held {
        /// Epoch of the refusing cell's table.
        epoch: Epoch,
    },
}

/// A text is not a refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a refusal: expected not-mine; cell=<id>; generation=<n>; epoch=<n>, or held; epoch=<n>"
)]
pub struct NotARefusal(String);

impl Refusal {
    /// Epoch of the refusing cell's table.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::NotMine { epoch, .. } | Self::Held { epoch } => *epoch,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMine { cell, generation, epoch } => {
                f.write_str("not-mine")?;
                if let Some(cell) = cell {
                    write!(f, "; cell={cell}")?;
                }
                write!(f, "; generation={generation}; epoch={epoch}")
            }
            Self::Held { epoch } => write!(f, "held; epoch={epoch}"),
        }
    }
}

impl FromStr for Refusal {
    type Err = NotARefusal;

    fn from_str(text: &str) -> Result<Self, NotARefusal> {
        let invalid = || NotARefusal(text.chars().take(120).collect());
        let mut parts = text.split(';').map(str::trim);
        let word = parts.next().unwrap_or_default();
        let (mut cell, mut generation, mut epoch) = (None, None, None);
        for part in parts {
            let (name, value) = part.split_once('=').ok_or_else(invalid)?;
            match name {
                "cell" => cell = Some(value.parse().map_err(|_| invalid())?),
                "generation" => generation = Some(value.parse().map_err(|_| invalid())?),
                "epoch" => epoch = Some(value.parse().map_err(|_| invalid())?),
                // A later cell may say more.
                _ => {}
            }
        }
        let epoch = Epoch(epoch.ok_or_else(invalid)?);
        match word {
            "not-mine" => {
                Ok(Self::NotMine { cell, generation: Generation(generation.unwrap_or(0)), epoch })
            }
            "held" => Ok(Self::Held { epoch }),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn a_refusal_reads_back() {
        for text in [
            "not-mine; cell=cell-2; generation=7; epoch=9",
            "not-mine; generation=0; epoch=9",
            "held; epoch=9",
        ] {
            assert_eq!(text.parse::<Refusal>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_a_cell_did_not_say_is_not_taken_for_a_refusal() {
        for text in [
            "",
            "held",
            "not-mine; cell=cell-2",
            "not-mine; cell=Cell 2; epoch=1",
            "held; epoch=-1",
            "gone; epoch=1",
        ] {
            assert!(text.parse::<Refusal>().is_err(), "{text}");
        }
    }
}
