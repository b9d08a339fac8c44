//! Where settings come from: each source read into single settings that know their origin.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::Mistake;

/// Who set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from 1; none where the whole file is meant.
    File(PathBuf, Option<usize>),
    /// An environment variable.
    Variable(String),
    /// A `--set` flag for this key.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, Some(line)) => write!(f, "{}, line {line}", path.display()),
            Self::File(path, None) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(key) => write!(f, "flag --set {key}"),
        }
    }
}

/// One value for one key.
pub(crate) struct Setting {
    pub(crate) path: Vec<String>,
    /// What the value may be, most likely first: text from outside can be a number or just text.
    pub(crate) readings: Vec<Value>,
    pub(crate) origin: Origin,
}

/// Splits the text of a flag, `section.key=value`, into key and value.
///
/// Errors: what is missing.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.into())),
        _ => Err(format!("{text:?} is not of the form section.key=value")),
    }
}

/// What all sources said, and what could not be understood of it.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) settings: Vec<Setting>,
    pub(crate) mistakes: Vec<Mistake>,
}

impl Sources {
    /// Adds the settings of a TOML file, in the order of its lines.
    pub(crate) fn add_file(&mut self, path: &Path) {
        let origin = |line| Origin::File(path.to_owned(), line);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(refused) => {
                let problem = format!("cannot be read: {refused}");
                return self.mistakes.push(Mistake::new("", origin(None), problem));
            }
        };
        let line_at = |offset| 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        let (table, broken) = DeTable::parse_recoverable(&text);
        for error in &broken {
            let line = error.span().map(|span| line_at(span.start));
            self.mistakes.push(Mistake::new("", origin(line), error.message()));
        }
        // What stands beside a syntax error may not be what was meant, so it is not judged.
        if broken.is_empty() {
            self.add_table(table.into_inner(), &[], &|offset| origin(Some(line_at(offset))));
            self.settings.sort_by_key(|setting| match setting.origin {
                Origin::File(_, line) => line,
                Origin::Variable(_) | Origin::Flag(_) => None,
            });
        }
    }

    fn add_table(&mut self, table: DeTable<'_>, above: &[String], at: &dyn Fn(usize) -> Origin) {
        for (key, value) in table {
            let origin = at(key.span().start);
            let path = [above, &[key.into_inner().into_owned()]].concat();
            if value.get_ref().as_table().is_some_and(|inner| !inner.is_empty()) {
                if let DeValue::Table(inner) = value.into_inner() {
                    self.add_table(inner, &path, at);
                }
                continue;
            }
            match Value::deserialize(ValueDeserializer::from(value)) {
                Ok(value) => self.settings.push(Setting { path, readings: vec![value], origin }),
                Err(error) => {
                    self.mistakes.push(Mistake::new(&path.join("."), origin, error.message()));
                }
            }
        }
    }

    /// Adds variables such as `SOUK_CELL__EDGE__PORT`, for `edge.port`; others are not ours.
    pub(crate) fn add_environment(
        &mut self,
        prefix: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) {
        let prefix = format!("{prefix}__");
        let mut ours: Vec<_> = variables.filter(|(name, _)| name.starts_with(&prefix)).collect();
        ours.sort_unstable();
        for (name, value) in ours {
            let key = name[prefix.len()..].to_lowercase().replace("__", ".");
            self.add_text(&key, &value, Origin::Variable(name));
        }
    }

    /// Adds flags, each a dotted key and a value.
    pub(crate) fn add_flags(&mut self, assignments: &[(String, String)]) {
        for (key, value) in assignments {
            self.add_text(key, value, Origin::Flag(key.clone()));
        }
    }

    fn add_text(&mut self, key: &str, value: &str, origin: Origin) {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return self.mistakes.push(Mistake::new(key, origin, "a part of the key is empty"));
        }
        let typed = ValueDeserializer::parse(value).and_then(Value::deserialize).ok();
        let readings = typed.into_iter().chain([Value::String(value.to_owned())]).collect();
        self.settings.push(Setting { path, readings, origin });
    }
}
