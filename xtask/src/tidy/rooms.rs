//! The rooms of a service: which files it has, and how long they may be together.

use std::collections::BTreeSet;

use super::{
    Finding, Source,
    walls::{Walls, matches},
};
use crate::{house::House, source};

pub(super) fn check(walls: &Walls, house: &House, sources: &[Source]) -> Vec<Finding> {
    let services = house.crates.iter().filter(|each| matches("cell/services/*/*", &each.folder));
    let libs = sources.iter().filter(|source| source.path.ends_with("/src/lib.rs"));
    let long = libs.filter_map(|lib| {
        let (lines, max) = (lib.text.lines().count(), walls.sizes.lib_lines_max);
        let what = format!("{lines} lines; a lib.rs has at most {max}");
        (lines > max).then(|| Finding::new(&lib.path, what, "give some of it a room of its own"))
    });
    services.flat_map(|each| of_service(walls, &each.folder, sources)).chain(long).collect()
}

fn of_service(walls: &Walls, folder: &str, sources: &[Source]) -> Vec<Finding> {
    let src = format!("{folder}/src/");
    let own: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with(&src)).collect();
    // A folder `decide/` belongs to `decide.rs`.
    let rooms: BTreeSet<&str> = own
        .iter()
        .filter_map(|source| source.path[src.len()..].split('/').next())
        .map(|room| room.trim_end_matches(".rs"))
        .collect();
    let leaf = folder.rsplit('/').next().unwrap_or_default();
    let own_rooms = walls.services.own.get(leaf);
    let mut findings = Vec::new();
    let known = |room: &str| {
        walls.services.known.iter().any(|known| known == room)
            || own_rooms.is_some_and(|own| own.contains_key(room))
    };
    for room in rooms.iter().filter(|room| !known(room)) {
        let remedy = format!(
            "which question does it answer? The rooms are {}; one of its own needs a reason in xtask/src/walls.toml",
            walls.services.known.join(", ")
        );
        findings.push(Finding::new(
            format!("{src}{room}.rs"),
            "a service has no such room",
            remedy,
        ));
    }
    let required = if rooms.contains("decide") || rooms.contains("command") {
        &walls.services.required
    } else {
        &walls.services.required_read_only
    };
    for room in required.iter().filter(|room| !rooms.contains(room.as_str())) {
        findings.push(Finding::new(
            format!("{src}{room}.rs"),
            "is missing",
            "see docs/guide/new-service.md",
        ));
    }
    if !rooms.contains("tests") {
        findings.push(Finding::new(
            format!("{src}tests.rs"),
            "is missing",
            "tell the stories that prove the service",
        ));
    }
    let (lines, max) = (without_tests(&own), walls.sizes.service_lines_max);
    if lines > max {
        let what = format!("{lines} lines of code without tests; a service has at most {max}");
        findings.push(Finding::new(
            folder,
            what,
            "split it, or find what is true of every service",
        ));
    }
    findings
}

pub(super) fn without_tests(own: &[&Source]) -> usize {
    own.iter()
        .filter(|source| !source.is_test())
        .map(|source| source::lines_of_code(&source.code))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{Source, Walls, of_service};

    const FOLDER: &str = "cell/services/people/wishlists";

    fn broken(rooms: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = rooms
            .iter()
            .map(|(room, text)| Source::new(&format!("{FOLDER}/src/{room}.rs"), text))
            .collect();
        let findings = of_service(&Walls::read().unwrap(), FOLDER, &sources);
        findings
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place.replace(FOLDER, ""), finding.what))
            .collect()
    }

    #[test]
    fn a_service_has_the_rooms_that_all_have_and_no_others() {
        let whole = ["lib", "command", "event", "state", "decide", "decide/add", "tests"]
            .map(|room| (room, ""));
        assert!(broken(&whole).is_empty());
        let reads = ["lib", "listen", "view", "api", "tests"].map(|room| (room, ""));
        assert!(broken(&reads).is_empty());
        assert_eq!(
            broken(&[&whole[..], &[("repository", "")]].concat()),
            ["/src/repository.rs: a service has no such room"]
        );
        assert_eq!(broken(&whole[..6]), ["/src/tests.rs: is missing"]);
    }

    #[test]
    fn a_service_stays_small_but_its_tests_need_not() {
        let long = "x\n".repeat(1_501);
        let rooms = |decide, tests| {
            [
                ("lib", ""),
                ("command", ""),
                ("event", ""),
                ("state", ""),
                ("decide", decide),
                ("tests", tests),
            ]
        };
        assert!(broken(&rooms("", &long)).is_empty());
        assert_eq!(broken(&rooms(&long, "")).len(), 1);
    }
}
