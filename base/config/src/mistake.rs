//! What is wrong with a configuration, told so that it can be mended in one go.

use std::fmt;

use crate::source::Origin;

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key, such as `edge.port`; empty where a source as a whole is wrong.
    pub key: String,
    /// Who set it.
    pub origin: Origin,
    /// What is wrong with it, and the nearest known key where there is one.
    pub problem: String,
}

impl Mistake {
    pub(crate) fn new(key: &str, origin: Origin, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin, problem: problem.into() }
    }

    /// Words the refusal of a setting; for an unknown key, names the part that is not known.
    pub(crate) fn refused(path: &[String], origin: Origin, said: &str) -> Self {
        let named: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
        let unknown = said.strip_prefix("unknown field").and(named.split_first());
        let Some((unknown, known)) = unknown else {
            return Self::new(&path.join("."), origin, said);
        };
        // Within a list the unknown key is no part of the path: it stands below all of it.
        let place = path.iter().rposition(|part| part == unknown).unwrap_or(path.len());
        let problem = match nearest(unknown, known) {
            Some(near) => {
                let meant = [&path[..place], &[near.to_owned()]].concat().join(".");
                format!("unknown key; did you mean {meant}?")
            }
            None if known.is_empty() => "unknown key; nothing can be set here".to_owned(),
            None => format!("unknown key; known here are {}", known.join(", ")),
        };
        Self::new(&path[..path.len().min(place + 1)].join("."), origin, problem)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.origin, self.problem),
            key => write!(f, "{key} ({}): {}", self.origin, self.problem),
        }
    }
}

/// All mistakes of a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<Mistake>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} mistake{plural} in the configuration", self.0.len())?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// The known key with the fewest wrong letters, if it is near enough to have been meant.
fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |key: &&'a str| (distance(unknown, key), *key);
    let (wrong, key) = known.iter().map(near).min()?;
    (wrong <= 1 + unknown.len() / 4).then_some(key)
}

/// How many letters must be put in, left out or changed to come from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (place, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[to.len()]
}
