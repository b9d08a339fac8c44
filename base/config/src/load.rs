//! Laying the sources over each other, one setting at a time, so that each mistake has an owner.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::source::{Origin, Setting, Sources};
use crate::{ConfigErrors, Mistake};

/// Reads a configuration: defaults, then the TOML file, then environment variables such as
/// `SOUK_CELL__EDGE__PORT` (for the prefix `SOUK_CELL`), then flags as pairs of dotted key and value.
///
/// A value from the environment or a flag is read as TOML where that fits the setting, and as plain
/// text otherwise: `8080` may be a number or a name, `["a", "b"]` a list.
///
/// Errors: every mistake of every source.
pub fn load<C: DeserializeOwned + Serialize + Default>(
    prefix: &str,
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    flags: &[(String, String)],
) -> Result<C, ConfigErrors> {
    let mut sources = Sources::default();
    if let Some(path) = file {
        sources.add_file(path);
    }
    sources.add_environment(prefix, env);
    sources.add_flags(flags);

    let Sources { settings, mut mistakes } = sources;
    let mut accepted = Accepted { chosen: Vec::new(), config: C::default() };
    let waiting = accepted.one_by_one(settings, &mut mistakes);
    accepted.together(waiting, &mut mistakes);
    if mistakes.is_empty() { Ok(accepted.config) } else { Err(ConfigErrors(mistakes)) }
}

/// Writes a configuration as TOML. Secrets are hidden, settings without a value are left out.
///
/// Errors: a value that TOML cannot hold, such as a number beyond 63 bits.
pub fn render<C: Serialize>(config: &C) -> Result<String, ConfigErrors> {
    toml::to_string_pretty(config).map_err(|error| {
        let origin = Origin::File("the printed configuration".into(), None);
        ConfigErrors(vec![Mistake::new("", origin, error.to_string())])
    })
}

/// Writes the defaults as TOML: the example file.
///
/// Errors: as [`render`].
pub fn render_example<C: Serialize + Default>() -> Result<String, ConfigErrors> {
    render(&C::default())
}

/// A setting that makes sense: its place among all, so that later ones win, its path and value.
type Choice = (usize, Vec<String>, Value);

/// What has been found right so far, and what it means.
struct Accepted<C> {
    chosen: Vec<Choice>,
    config: C,
}

impl<C: DeserializeOwned> Accepted<C> {
    /// Tries each setting with those before it; gives back those that miss a companion.
    fn one_by_one(
        &mut self,
        settings: Vec<Setting>,
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<(Choice, Origin)> {
        let mut waiting = Vec::new();
        for (place, Setting { path, readings, origin }) in settings.into_iter().enumerate() {
            let mut refused = Vec::new();
            for reading in readings {
                let choice = (place, path.clone(), reading);
                match self.with(std::slice::from_ref(&choice)) {
                    Ok(()) => {
                        refused.clear();
                        break;
                    }
                    Err(said) => refused.push((said, choice)),
                }
            }
            let lonely = |(said, _): &(String, Choice)| said.starts_with("missing field");
            if let Some(found) = refused.iter().position(lonely) {
                waiting.push((refused.swap_remove(found).1, origin));
            } else if let Some((said, _)) = refused.first() {
                mistakes.push(Mistake::refused(&path, origin, said));
            }
        }
        waiting
    }

    /// Tries the settings that each miss a companion: all at once, then section by section.
    fn together(&mut self, waiting: Vec<(Choice, Origin)>, mistakes: &mut Vec<Mistake>) {
        let all: Vec<Choice> = waiting.iter().map(|(choice, _)| choice.clone()).collect();
        if all.is_empty() || self.with(&all).is_ok() {
            return;
        }
        let mut sections: BTreeMap<Vec<String>, (Vec<Choice>, Origin)> = BTreeMap::new();
        for (choice, origin) in waiting {
            let section = choice.1[..choice.1.len() - 1].to_vec();
            sections.entry(section).or_insert((Vec::new(), origin)).0.push(choice);
        }
        for (section, (choices, origin)) in sections {
            if let Err(said) = self.with(&choices) {
                mistakes.push(Mistake::refused(&section, origin, &said));
            }
        }
    }

    /// Accepts more settings if the whole still makes sense, and tells why not otherwise.
    fn with(&mut self, more: &[Choice]) -> Result<(), String> {
        let mut chosen = [self.chosen.as_slice(), more].concat();
        chosen.sort_by_key(|(place, ..)| *place);
        let mut tree = Table::new();
        for (_, path, value) in &chosen {
            put(&mut tree, path, value.clone());
        }
        self.config = C::deserialize(tree).map_err(|error| error.message().to_owned())?;
        self.chosen = chosen;
        Ok(())
    }
}

/// Sets a value deep in a tree, making the tables on the way.
fn put(tree: &mut Table, path: &[String], value: Value) {
    let Some((key, below)) = path.split_first() else {
        return;
    };
    if below.is_empty() {
        tree.insert(key.clone(), value);
        return;
    }
    let section = tree.entry(key.as_str()).or_insert_with(|| Value::Table(Table::new()));
    if !section.is_table() {
        *section = Value::Table(Table::new());
    }
    if let Some(table) = section.as_table_mut() {
        put(table, below, value);
    }
}
