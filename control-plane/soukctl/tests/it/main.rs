//! The program as scripts see it: exit codes, and its calls over real connections.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fleet;
mod identities;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

fn soukctl(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soukctl"));
    command
        .current_dir(directory)
        .env_remove("SOUKCTL_CONTROL_PLANE")
        .env_remove("SOUKCTL_IDENTITY")
        .args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An address where nobody listens: the port was free a moment ago.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_control_plane_that_does_not_answer_is_code_3() {
    let directory = tempfile::tempdir().unwrap();
    let output = soukctl(directory.path(), &["--control-plane", &nobody(), "cells", "list"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("cannot be reached: Connection refused"), "{}", said(&output));
}

#[test]
fn a_command_line_that_makes_no_sense_is_code_2() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["cells", "count"][..],
        &["cells", "list"],
        &["tenants", "where", "Atlas"],
        &["--control-plane", "x", "doctor"],
    ] {
        let output = soukctl(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_development_fleet_above_the_current_directory_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (run, below) = (directory.path().join(".souk/dev"), directory.path().join("docs/guide"));
    fs::create_dir_all(&run).unwrap();
    fs::create_dir_all(&below).unwrap();
    let address = nobody();
    fs::write(
        run.join("fleet.json"),
        format!(r#"{{"control_plane":"http://{address}","routers":[]}}"#),
    )
    .unwrap();
    let output = soukctl(&below, &["doctor"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains(&address), "{}", said(&output));
    fs::write(run.join("fleet.json"), "{}").unwrap();
    assert_eq!(soukctl(&below, &["doctor"]).status.code(), Some(2));
}

#[test]
fn help_names_the_exit_codes() {
    let output = soukctl(Path::new("."), &["--help"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("3  somebody does not answer"));
}
