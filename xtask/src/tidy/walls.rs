//! The walls as data, read from `walls.toml`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Walls {
    pub(super) layer: Vec<Layer>,
    pub(super) prefix: Vec<Prefix>,
    pub(super) product: Vec<Product>,
    pub(super) services: Services,
    pub(super) sizes: Sizes,
    pub(super) names: Names,
    pub(super) least: Vec<Least>,
    pub(super) unused: Unused,
}

/// Which folders a crate may reach.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layer {
    pub(super) folder: String,
    pub(super) may: Vec<String>,
    #[serde(default)]
    pub(super) tests_may: Vec<String>,
}

/// How the crates of a folder begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prefix {
    pub(super) folder: String,
    pub(super) prefix: String,
}

/// Dependencies that only some crates may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub(super) of: Vec<String>,
    pub(super) only: Vec<String>,
}

/// What holds for services alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Services {
    pub(super) never: Vec<String>,
    pub(super) known: Vec<String>,
    pub(super) required: Vec<String>,
    pub(super) required_read_only: Vec<String>,
    /// Service → room → the reason.
    pub(super) own: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    pub(super) lib_lines_max: usize,
    pub(super) service_lines_max: usize,
}

/// Names that say nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) type_words: Vec<String>,
    pub(super) type_last_words: Vec<String>,
    pub(super) function_first_words: Vec<String>,
    /// Name → in which good sense.
    pub(super) allowed: BTreeMap<String, String>,
    pub(super) files: Vec<String>,
}

/// A version below which a dependency is known to be broken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Least {
    pub(super) of: String,
    pub(super) version: String,
    pub(super) because: String,
}

/// Dependencies that need not stand in the source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unused {
    pub(super) allowed: Vec<String>,
}

impl Walls {
    /// Those of the house.
    pub(crate) fn read() -> anyhow::Result<Self> {
        toml::from_str(include_str!("../walls.toml")).context("xtask/src/walls.toml")
    }
}

/// Whether a folder matches a pattern in which `*` is one segment.
pub(super) fn matches(pattern: &str, folder: &str) -> bool {
    let (pattern, folder) = (pattern.split('/'), folder.split('/'));
    pattern.clone().count() == folder.clone().count()
        && pattern.zip(folder).all(|(wanted, found)| wanted == "*" || wanted == found)
}

#[cfg(test)]
mod tests {
    use super::{Walls, matches};

    #[test]
    fn the_walls_can_be_read() {
        let walls = Walls::read().unwrap();
        assert!(walls.layer.iter().any(|layer| layer.folder == "cell/services/*/*"));
    }

    #[test]
    fn a_star_is_one_segment() {
        assert!(matches("base/*", "base/ids"));
        assert!(!matches("base/*", "base"));
        assert!(!matches("base/*", "base/ids/more"));
        assert!(matches("cell/services/*/*", "cell/services/people/auth"));
    }
}
