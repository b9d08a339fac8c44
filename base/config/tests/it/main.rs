//! What a process is told about its configuration, right or wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use base_config::{ConfigErrors, Secret, assignment, load, render, render_example};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Process {
    name: String,
    edge: Edge,
    peers: Vec<String>,
    labels: BTreeMap<String, String>,
    mail: Option<Mail>,
    relays: Vec<Mail>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Edge {
    listen: SocketAddr,
    workers: u16,
    verbose: bool,
    key: Secret,
}

impl Default for Edge {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8_080));
        Self { listen, workers: 4, verbose: false, key: Secret::default() }
    }
}

/// A section without defaults: all of it or nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mail {
    host: String,
    port: u16,
}

/// A folder with a file of this text.
fn written(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("souk.toml"), text).expect("a file in it");
    folder
}

/// A process to be configured: its file, its environment and its flags.
#[derive(Default)]
struct Sources {
    file: Option<&'static str>,
    env: &'static [(&'static str, &'static str)],
    flags: &'static [&'static str],
}

impl Sources {
    fn load(&self) -> Result<Process, ConfigErrors> {
        let folder = self.file.map(written);
        let path = folder.as_ref().map(|folder| folder.path().join("souk.toml"));
        let env = self.env.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let flags: Vec<_> = self.flags.iter().filter_map(|flag| assignment(flag).ok()).collect();
        load("SOUK_CELL", path.as_deref(), env, &flags)
    }

    /// The mistakes as text, without the folder of the file.
    fn mistakes(&self) -> Vec<String> {
        let errors = self.load().expect_err("mistakes were made");
        let line = |mistake: &base_config::Mistake| {
            let text = mistake.to_string();
            let origin = mistake.origin.to_string();
            let short = origin.rsplit('/').next().unwrap_or_default().to_owned();
            text.replace(&origin, &short)
        };
        errors.0.iter().map(line).collect()
    }
}

#[test]
fn nothing_said_means_the_defaults() {
    let process = Sources::default().load().unwrap();
    assert_eq!((process.edge.workers, process.name.as_str()), (4, ""));
    assert!(process.mail.is_none());
}

#[test]
fn later_sources_win_key_by_key() {
    let process = Sources {
        file: Some("name = \"file\"\n[edge]\nworkers = 1\nverbose = true\n[labels]\nzone = \"a\""),
        env: &[
            ("SOUK_CELL__NAME", "env"),
            ("SOUK_CELL__EDGE__WORKERS", "2"),
            ("SOUK_CELL_OTHER", "not ours"),
            ("SOUK_ROUTER__NAME", "not ours"),
        ],
        flags: &["edge.workers=3", "labels.rack=7"],
    };
    let process = process.load().unwrap();
    assert_eq!(process.name, "env");
    assert_eq!((process.edge.workers, process.edge.verbose), (3, true));
    let labels: Vec<_> = process.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("rack", "7"), ("zone", "a")]);
}

#[test]
fn text_from_outside_is_what_the_setting_needs() {
    let process = Sources {
        env: &[
            ("SOUK_CELL__NAME", "8080"),
            ("SOUK_CELL__EDGE__LISTEN", "[::1]:9000"),
            ("SOUK_CELL__EDGE__KEY", "12345"),
            ("SOUK_CELL__EDGE__VERBOSE", "true"),
        ],
        flags: &["peers=[\"a\", \"b\"]"],
        ..Sources::default()
    };
    let process = process.load().unwrap();
    assert_eq!(process.name, "8080");
    assert_eq!(process.edge.listen.port(), 9_000);
    assert_eq!(process.edge.key.expose(), "12345");
    assert!(process.edge.verbose);
    assert_eq!(process.peers, ["a", "b"]);
}

#[test]
fn every_mistake_of_every_source_is_told_at_once() {
    let told = Sources {
        file: Some(
            "nmae = \"x\"\n\n[edge]\nworkers = \"many\"\nverbose = true\n\n[egde]\nworkers = 1\n",
        ),
        env: &[("SOUK_CELL__EDGE__WORKERS", "70000"), ("SOUK_CELL__EDGE____KEY", "x")],
        flags: &["edge.verbos=true", "colour=red", "edge.workers=2"],
    };
    assert_eq!(
        told.mistakes(),
        [
            "edge..key (environment variable SOUK_CELL__EDGE____KEY): a part of the key is empty",
            "nmae (souk.toml, line 1): unknown key; did you mean name?",
            "edge.workers (souk.toml, line 4): invalid type: string \"many\", expected u16",
            "egde (souk.toml, line 8): unknown key; did you mean edge?",
            "edge.workers (environment variable SOUK_CELL__EDGE__WORKERS): \
             invalid value: integer `70000`, expected u16",
            "edge.verbos (flag --set edge.verbos): unknown key; did you mean edge.verbose?",
            "colour (flag --set colour): \
             unknown key; known here are name, edge, peers, labels, mail, relays",
        ]
    );
}

#[test]
fn a_section_without_defaults_is_read_as_a_whole() {
    let whole = Sources {
        env: &[("SOUK_CELL__MAIL__PORT", "25")],
        flags: &["mail.host=1"],
        ..Sources::default()
    };
    let mail = whole.load().unwrap().mail.unwrap();
    assert_eq!((mail.host.as_str(), mail.port), ("1", 25));

    let half = Sources { flags: &["mail.port=25", "name=good"], ..Sources::default() };
    assert_eq!(half.mistakes(), ["mail (flag --set mail.port): missing field `host`"]);

    let replaced = Sources {
        file: Some("[mail]\nhost = \"old\""),
        flags: &["mail={ host = \"new\", port = 26 }"],
        ..Sources::default()
    };
    let mail = replaced.load().unwrap().mail.unwrap();
    assert_eq!((mail.host.as_str(), mail.port), ("new", 26), "what came later wins");

    let empty = Sources { file: Some("name = \"a\"\n[mail]\n"), ..Sources::default() };
    assert_eq!(empty.mistakes(), ["souk.toml, line 2: missing field `host`"]);
}

#[test]
fn a_broken_file_is_told_by_line_and_the_other_sources_are_still_checked() {
    let told = Sources {
        file: Some("name = \"a\"\n[edge\nworkers = \n"),
        flags: &["edge.workers=no"],
        ..Sources::default()
    };
    let told = told.mistakes();
    assert!(told[0].starts_with("souk.toml, line 2: "), "{told:?}");
    assert!(
        told.last().unwrap().starts_with("edge.workers (flag --set edge.workers): "),
        "{told:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let missing = PathBuf::from("/nowhere/souk.toml");
    let errors = load::<Process>("SOUK_CELL", Some(&missing), std::iter::empty(), &[]).unwrap_err();
    let told = errors.to_string();
    assert!(
        told.starts_with("1 mistake in the configuration\n  /nowhere/souk.toml: cannot be read")
    );
}

#[test]
fn a_table_in_place_of_a_value_is_told_and_so_is_the_reverse() {
    let told = Sources { flags: &["edge=5", "edge.workers.max=2"], ..Sources::default() };
    let told = told.mistakes();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("edge (flag --set edge): invalid type: integer `5`"), "{told:?}");
    assert!(told[1].starts_with("edge.workers.max (flag "), "{told:?}");
}

#[test]
fn a_wrong_entry_of_a_list_is_told_with_the_list() {
    let told = Sources { file: Some("[[relays]]\nhots = \"a\"\nport = 1"), ..Sources::default() };
    assert_eq!(
        told.mistakes(),
        ["relays (souk.toml, line 1): unknown key; did you mean relays.host?"]
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let secret = Sources { env: &[("SOUK_CELL__EDGE__KEY", "hunter2")], ..Sources::default() };
    let process = secret.load().unwrap();
    let printed = render(&process).unwrap();
    assert!(printed.contains("key = \"<secret>\""), "{printed}");
    assert!(!format!("{process:?}{printed}").contains("hunter2"));

    let told = Sources { file: Some("[edge]\nkey = 987654"), ..Sources::default() }.mistakes();
    assert_eq!(told, ["edge.key (souk.toml, line 2): a secret must be text in quotes"]);
    let told =
        Sources { file: Some("[edge]\nkey = \"<secret>\""), ..Sources::default() }.mistakes();
    assert!(told[0].contains("placeholder"), "{told:?}");
}

#[test]
fn the_example_is_read_again_as_the_defaults() {
    let example = render_example::<Process>().unwrap();
    assert!(example.contains("workers = 4") && example.contains("listen = \"127.0.0.1:8080\""));
    let folder = written(&example);
    let path = folder.path().join("souk.toml");
    let process: Process = load("SOUK_CELL", Some(&path), std::iter::empty(), &[]).unwrap();
    assert_eq!(render(&process).unwrap(), example);
}

#[test]
fn a_flag_needs_a_key_and_a_value() {
    assert_eq!(assignment("a.b=c=d"), Ok(("a.b".into(), "c=d".into())));
    assert_eq!(assignment("a="), Ok(("a".into(), String::new())));
    assert!(assignment("a").is_err() && assignment("=a").is_err());
}
