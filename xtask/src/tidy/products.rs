//! Products and engines only from their adapters, here and in `deny.toml`; versions that are not known to be broken; no dependency
//! that nobody uses.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde::Deserialize;

use super::{
    Finding,
    walls::{Unused, Walls},
};
use crate::house::{Crate, House};

const LOCK: &str = "Cargo.lock";
const DENY: &str = "deny.toml";

pub(super) fn check(walls: &Walls, house: &House) -> anyhow::Result<Vec<Finding>> {
    let lock: Lock = toml::from_str(&house.text(LOCK)).context(LOCK)?;
    let deny: Deny = toml::from_str(&house.text(DENY)).context(DENY)?;
    Ok([
        adapters(walls, &house.crates),
        said_twice_alike(walls, &deny, &house.crates),
        old_versions(walls, &lock),
        house.crates.iter().flat_map(|each| unused(&walls.unused, house, each)).collect(),
    ]
    .concat())
}

/// What Cargo resolved.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

/// The part of `deny.toml` that repeats the walls for the whole graph.
#[derive(Deserialize)]
struct Deny {
    bans: Bans,
}

#[derive(Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

fn adapters(walls: &Walls, crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for each in crates {
        for row in &walls.product {
            for edge in each.edges.iter().filter(|edge| row.of.contains(&edge.to)) {
                if !row.only.contains(&each.name) {
                    let what = format!("{} depends on {}", each.name, edge.to);
                    let remedy =
                        format!("only [{}] may: go through an adapter", row.only.join(", "));
                    findings.push(Finding::new(
                        format!("{}/Cargo.toml", each.folder),
                        what,
                        remedy,
                    ));
                }
            }
        }
    }
    findings
}

/// Every wrapper of ours that `deny.toml` names is one that the walls name, and the other way round; what third parties may wrap
/// is `deny.toml`'s own matter.
fn said_twice_alike(walls: &Walls, deny: &Deny, crates: &[Crate]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = crates.iter().map(|each| each.name.as_str()).collect();
    let denied: BTreeMap<&str, BTreeSet<&str>> = deny
        .bans
        .deny
        .iter()
        .map(|banned| {
            let wrappers =
                banned.wrappers.iter().map(String::as_str).filter(|name| ours.contains(name));
            (banned.name.as_str(), wrappers.collect())
        })
        .collect();
    let mut findings = Vec::new();
    for row in &walls.product {
        let users = |product: &str| -> BTreeSet<&str> {
            let uses =
                |each: &&Crate| each.edges.iter().any(|edge| edge.to == product && !edge.dev);
            crates.iter().filter(uses).map(|each| each.name.as_str()).collect()
        };
        for product in &row.of {
            let Some(wrappers) = denied.get(product.as_str()) else {
                let remedy = format!("add it to [bans] with wrappers [{}]", row.only.join(", "));
                findings.push(Finding::new(DENY, format!("{product} is not there"), remedy));
                continue;
            };
            let missing: Vec<&str> = users(product).difference(wrappers).copied().collect();
            let only: BTreeSet<&str> = row.only.iter().map(String::as_str).collect();
            let too_many: Vec<&str> = wrappers.difference(&only).copied().collect();
            if !missing.is_empty() || !too_many.is_empty() {
                let what = format!("wrappers of {product} are not those of xtask/src/walls.toml");
                let remedy = format!("add {missing:?}, take away {too_many:?}");
                findings.push(Finding::new(DENY, what, remedy));
            }
        }
    }
    findings
}

fn old_versions(walls: &Walls, lock: &Lock) -> Vec<Finding> {
    let number = |version: &str| -> Vec<u64> {
        version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
    };
    let mut findings = Vec::new();
    for row in &walls.least {
        for locked in lock.package.iter().filter(|locked| locked.name == row.of) {
            if number(&locked.version) < number(&row.version) {
                let what = format!("{} is {}: {}", row.of, locked.version, row.because);
                findings.push(Finding::new(LOCK, what, format!("use {} or later", row.version)));
            }
        }
    }
    findings
}

fn unused(unused: &Unused, house: &House, each: &Crate) -> Vec<Finding> {
    let files = house.files(&each.folder, "rs").into_iter();
    // Crates can lie within each other's folders (proto and proto/fleet).
    let inner: Vec<&str> = house
        .crates
        .iter()
        .map(|other| other.folder.as_str())
        .filter(|folder| folder.starts_with(&format!("{}/", each.folder)))
        .collect();
    let own =
        files.filter(|path| !inner.iter().any(|folder| path.starts_with(&format!("{folder}/"))));
    let text: String = own.map(|path| house.text(&path)).collect();
    let never = each.edges.iter().filter(|edge| {
        let name = edge.to.replace('-', "_");
        !unused.allowed.contains(&edge.to) && !uses(&text, &name)
    });
    never
        .map(|edge| {
            let what = format!("{} is never used", edge.to);
            Finding::new(
                format!("{}/Cargo.toml", each.folder),
                what,
                "take it out of the dependencies",
            )
        })
        .collect()
}

/// Whether the text names the crate as a word.
fn uses(text: &str, name: &str) -> bool {
    let word = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_none_or(|char| !word(char));
        let behind = text[at + name.len()..].chars().next().is_none_or(|char| !word(char));
        before && behind
    })
}

#[cfg(test)]
mod tests {
    use super::{
        Banned, Bans, Deny, Lock, Locked, Walls, adapters, old_versions, said_twice_alike, uses,
    };
    use crate::house::{Crate, Edge};

    fn with(name: &str, product: &str) -> Crate {
        let edges = vec![Edge { to: product.into(), folder: None, dev: false }];
        Crate { name: name.into(), folder: "x".into(), edges }
    }

    #[test]
    fn a_product_is_used_by_its_adapters_alone() {
        let walls = Walls::read().unwrap();
        assert!(adapters(&walls, &[with("cell-embedded", "fjall")]).is_empty());
        assert_eq!(
            adapters(&walls, &[with("cell-runtime", "fjall")])[0].what,
            "cell-runtime depends on fjall"
        );
    }

    #[test]
    fn deny_toml_may_not_say_otherwise() {
        let walls = Walls::read().unwrap();
        let deny = |wrappers: &[&str]| Deny {
            bans: Bans {
                deny: vec![Banned {
                    name: "fjall".into(),
                    wrappers: wrappers.iter().map(ToString::to_string).collect(),
                }],
            },
        };
        let crates = [with("cell-embedded", "fjall"), with("cell-runtime", "anyhow")];
        let about_fjall = |wrappers: &[&str]| {
            said_twice_alike(&walls, &deny(wrappers), &crates)
                .into_iter()
                .filter(|f| f.what.contains("fjall"))
                .count()
        };
        assert_eq!(about_fjall(&["cell-embedded", "somebody-elses"]), 0);
        assert_eq!(about_fjall(&[]), 1, "the adapter is missing");
        assert_eq!(about_fjall(&["cell-embedded", "cell-runtime"]), 1, "no adapter");
    }

    #[test]
    fn a_version_that_is_known_to_be_broken_is_found() {
        let walls = Walls::read().unwrap();
        let lock = |version: &str| Lock {
            package: vec![Locked { name: "pingora".into(), version: version.into() }],
        };
        assert_eq!(old_versions(&walls, &lock("0.9.0")).len(), 1);
        assert!(old_versions(&walls, &lock("0.10.0")).is_empty());
    }

    #[test]
    fn a_crate_is_used_if_it_is_named_as_a_word() {
        assert!(uses("use http::Uri;", "http"));
        assert!(!uses("use http_body::Body;", "http"));
    }
}
