//! `new-service`: lays out a service that compiles and has stories, to be made one's own room by room.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};

use crate::{cli::NewService, house::House, say, step};

/// The seven groups of services.
const GROUPS: [&str; 7] =
    ["transaction", "catalog", "people", "communication", "logistics", "marketing", "intelligence"];

/// Where each file goes, and what is in it.
const FILES: [(&str, &str); 13] = [
    ("proto/souk/{{name}}/v1/{{name}}.proto", include_str!("templates/service.proto.in")),
    ("{{folder}}/Cargo.toml", include_str!("templates/Cargo.toml.in")),
    ("{{folder}}/src/lib.rs", include_str!("templates/lib.rs.in")),
    ("{{folder}}/src/command.rs", include_str!("templates/command.rs.in")),
    ("{{folder}}/src/event.rs", include_str!("templates/event.rs.in")),
    ("{{folder}}/src/state.rs", include_str!("templates/state.rs.in")),
    ("{{folder}}/src/decide.rs", include_str!("templates/decide.rs.in")),
    ("{{folder}}/src/view.rs", include_str!("templates/view.rs.in")),
    ("{{folder}}/src/api.rs", include_str!("templates/api.rs.in")),
    ("{{folder}}/src/wire.rs", include_str!("templates/wire.rs.in")),
    ("{{folder}}/src/tests.rs", include_str!("templates/tests.rs.in")),
    ("{{folder}}/src/tests/events.jsonl", include_str!("templates/events.jsonl.in")),
    ("docs/errors/{{name}}_full.md", include_str!("templates/full.md.in")),
];

/// A service that is to be.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    group: String,
    name: String,
}

pub(crate) fn run(house: &House, asked: &NewService) -> anyhow::Result<bool> {
    let place = Place::read(&asked.place)?;
    let taken = place.taken(&house.root);
    ensure!(taken.is_empty(), "nothing is written over: {} is there already", taken.join(", "));
    for (path, text) in FILES {
        write(&house.root.join(place.fill(path)), &place.fill(text))?;
        say::good(&place.fill(path));
    }
    let manifest = house.text("Cargo.toml");
    fs::write(house.root.join("Cargo.toml"), place.listed_in(&manifest)?)?;
    say::good("Cargo.toml: a line in [workspace.dependencies]");
    // The order of names depends on the service's own.
    let package = format!("svc-{}", place.name);
    let formatted = step::cargo(house, ["fmt", "--package", package.as_str()]).status()?;
    ensure!(formatted.success(), "cargo fmt does not like what was laid out");
    say::line(&place.fill(
        "\nIt compiles and its stories run: cargo test -p svc-{{name}}\n\
         Next, as docs/guide/new-service.md says:\n\
         - make the contract, the rooms and the stories your own;\n\
         - cell/server: add svc-{{name}} to Cargo.toml and `.with(svc_{{name}}::spec())` to src/registry.rs;\n\
         - cargo xtask gen, which lists the new error codes; cargo xtask check",
    ));
    Ok(true)
}

impl Place {
    fn read(text: &str) -> anyhow::Result<Self> {
        let (group, name) =
            text.split_once('/').context("expected GROUP/NAME, such as people/wishlists")?;
        ensure!(
            GROUPS.contains(&group),
            "`{group}` is not a group; the groups are {}",
            GROUPS.join(", ")
        );
        let plain =
            (2..=30).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase());
        ensure!(
            plain,
            "`{name}` is not a service's name: 2 to 30 of a-z, as it will stand in every stream's name for ever"
        );
        Ok(Self { group: group.to_owned(), name: name.to_owned() })
    }

    /// What is there already of what would be laid out.
    fn taken(&self, root: &Path) -> Vec<String> {
        let folder = std::iter::once(self.folder());
        let elsewhere = FILES.iter().filter(|(path, _)| !path.starts_with("{{folder}}"));
        let paths = folder.chain(elsewhere.map(|(path, _)| self.fill(path)));
        paths.filter(|path| root.join(path).exists()).collect()
    }

    fn folder(&self) -> String {
        format!("cell/services/{}/{}", self.group, self.name)
    }

    fn fill(&self, text: &str) -> String {
        let mut type_name = self.name.clone();
        type_name[..1].make_ascii_uppercase();
        text.replace("{{Name}}", &type_name)
            .replace("{{name}}", &self.name)
            .replace("{{folder}}", &self.folder())
    }

    /// The root manifest with the service among its sisters.
    fn listed_in(&self, manifest: &str) -> anyhow::Result<String> {
        let line = format!("svc-{} = {{ path = \"{}\" }}", self.name, self.folder());
        let mut lines: Vec<&str> = manifest.lines().collect();
        let last = lines.iter().rposition(|line| line.starts_with("svc-"));
        let last = last.context("Cargo.toml lists no services")?;
        lines.insert(last + 1, &line);
        Ok(lines.join("\n") + "\n")
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::{FILES, Place};
    use crate::house::House;

    #[test]
    fn a_place_is_a_group_and_a_plain_name() {
        assert_eq!(Place::read("people/notes").unwrap().folder(), "cell/services/people/notes");
        for wrong in ["notes", "kitchen/notes", "people/Notes", "people/my-notes", "people/n"] {
            assert!(Place::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_there_already_is_not_written_over() {
        let root = House::here().unwrap().root;
        let taken = |place: &str| Place::read(place).unwrap().taken(&root);
        let contract = "proto/souk/inventory/v1/inventory.proto";
        assert_eq!(taken("logistics/inventory"), ["cell/services/logistics/inventory", contract]);
        assert_eq!(taken("people/inventory"), [contract]);
        assert!(taken("people/notyetthought").is_empty());
    }

    #[test]
    fn nothing_stays_unfilled() {
        let place = Place::read("people/notes").unwrap();
        for (path, text) in FILES {
            assert!(!place.fill(path).contains("{{"), "{path}");
            for left in ["{{name}}", "{{Name}}", "{{folder}}"] {
                assert!(!place.fill(text).contains(left), "{path}");
            }
        }
    }

    #[test]
    fn the_service_stands_among_its_sisters() {
        let place = Place::read("people/notes").unwrap();
        let listed = place.listed_in("a = 1\nsvc-auth = { path = \"x\" }\nb = 2\n").unwrap();
        assert_eq!(
            listed.lines().nth(2).unwrap(),
            "svc-notes = { path = \"cell/services/people/notes\" }"
        );
    }
}
