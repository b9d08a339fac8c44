//! Which of a cell's work a process does: all of it, or its share where several processes serve the cell.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use souk_proto_fleet::v1 as fleet;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// Answers callers, whom routers send here.
    Edge,
    /// Decides what callers and other cells ask.
    Services,
    /// Hears what the cell's tenants tell each other.
    Relay,
    /// Follows public messages into the replicas.
    Indexer,
}

impl Work {
    const ALL: [(Self, &str); 4] = [
        (Self::Edge, "edge"),
        (Self::Services, "services"),
        (Self::Relay, "relay"),
        (Self::Indexer, "indexer"),
    ];
}

/// The work of a process: `all`, or some of `edge`, `services`, `relay` and `indexer`, with commas between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Roles(BTreeSet<Work>);

/// Why a text does not say what a process does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a role: expected all, or some of edge, services, relay and indexer with commas between them"
)]
pub struct UnknownRole(String);

impl Default for Roles {
    fn default() -> Self {
        Self(Work::ALL.iter().map(|(work, _)| *work).collect())
    }
}

impl Roles {
    pub(crate) fn has(&self, work: Work) -> bool {
        self.0.contains(&work)
    }

    /// As the control plane is told.
    pub(crate) fn told(&self) -> Vec<fleet::Work> {
        let told = |work: &Work| match work {
            Work::Edge => fleet::Work::Edge,
            Work::Services => fleet::Work::Services,
            Work::Relay => fleet::Work::Relay,
            Work::Indexer => fleet::Work::Indexer,
        };
        self.0.iter().map(told).collect()
    }

    /// What cannot be: in a cell whose store is `shared` by several processes or not, with a queue between them or not.
    pub(crate) fn mistakes(&self, shared: bool, queued: bool) -> Vec<String> {
        let (edge, services) = (self.has(Work::Edge), self.has(Work::Services));
        let rules = [
            (
                shared || *self == Self::default(),
                "the embedded store belongs to one process, whose role is all; several processes share the work on [scylla]",
            ),
            (
                edge == services,
                "edge and services go together: an edge answers with what the services of its own process decide",
            ),
            (
                queued || services == self.has(Work::Relay),
                "relay and services go together without [kafka]: without a queue between them each process hears what it has told",
            ),
        ];
        let broken = rules.iter().filter(|(holds, _)| !holds);
        broken.map(|(_, why)| format!("role is {self}: {why}")).collect()
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        if text.trim() == "all" {
            return Ok(Self::default());
        }
        let work = |name: &str| {
            let known = Work::ALL.iter().find(|(_, known)| *known == name);
            known.map(|(work, _)| *work).ok_or_else(|| UnknownRole(name.to_owned()))
        };
        text.split(',').map(|name| work(name.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("all");
        }
        let named = Work::ALL.iter().filter(|(work, _)| self.has(*work));
        f.write_str(&named.map(|(_, name)| *name).collect::<Vec<_>>().join(","))
    }
}

impl TryFrom<String> for Roles {
    type Error = UnknownRole;

    fn try_from(text: String) -> Result<Self, UnknownRole> {
        text.parse()
    }
}

impl From<Roles> for String {
    fn from(roles: Roles) -> Self {
        roles.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Roles, Work};

    fn roles(text: &str) -> Roles {
        text.parse().unwrap()
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for text in ["all", "edge,services,relay", "indexer"] {
            assert_eq!(roles(text).to_string(), text);
        }
        assert_eq!(roles(" relay , indexer ").to_string(), "relay,indexer");
        assert_eq!(roles("indexer,relay,services,edge"), Roles::default());
        assert!(roles("indexer").has(Work::Indexer) && !roles("indexer").has(Work::Relay));
        for text in ["", "edge,", "edeg", "all,edge"] {
            let refused = text.parse::<Roles>().unwrap_err().to_string();
            assert!(refused.contains("is not a role: expected all, or some of"), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_shared_so_is_told_with_the_reason() {
        // On a store of one's own, on a shared one, and there with a queue.
        let everywhere = [(false, false), (true, false), (true, true)];
        let allowed = |text: &str| {
            everywhere.map(|(shared, queued)| roles(text).mistakes(shared, queued).is_empty())
        };
        assert_eq!(allowed("all"), [true; 3]);
        for text in ["edge,services,relay", "indexer"] {
            assert_eq!(allowed(text), [false, true, true], "{text}");
        }
        for text in ["edge,services", "edge,services,indexer", "relay", "relay,indexer"] {
            assert_eq!(allowed(text), [false, false, true], "{text}");
        }
        for text in ["edge", "services", "edge,relay", "services,relay,indexer"] {
            assert_eq!(allowed(text), [false; 3], "{text}");
        }
        let told = roles("edge").mistakes(false, false);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|mistake| mistake.starts_with("role is edge: ")));
    }
}
