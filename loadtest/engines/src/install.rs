//! How engines come here: from Maven's repository by a file that pins them, from Debian by its package manager. Once.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context as _;
use loadtest_kit::{
    packages::{finish, found, install},
    say,
};

use crate::place::Place;

/// Copies what a pom names, and all that it needs, into a folder.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The jars of an engine, installed if they are not there.
///
/// `name` is the engine with its version, `pom` pins what it is made of.
///
/// Errors: no Java or Maven and no way to get it; the repository cannot be reached.
pub(crate) fn jars(place: &Place, name: &str, pom: &str) -> anyhow::Result<PathBuf> {
    let folder = place.installed().join(name);
    let jars = folder.join("jars");
    // Copied beside it and moved at the end, so that a half of it is never taken for the whole.
    if jars.is_dir() {
        return Ok(jars);
    }
    program("java", "openjdk-17-jre-headless")?;
    let maven = program("mvn", "maven")?;
    say::step(format!("installing {name}"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join("pom.xml"), pom)?;
    let half = folder.join("jars.half");
    let _ = fs::remove_dir_all(&half);
    let mut command = Command::new(maven);
    command.current_dir(&folder).args(["-B", "-q", COPY, "-DincludeScope=runtime"]);
    command.arg(format!("-DoutputDirectory={}", half.display()));
    finish(&mut command)
        .with_context(|| format!("{name} cannot be fetched; see what Maven says"))?;
    fs::rename(&half, &jars)?;
    Ok(jars)
}

/// A program of the system, installed by its package if it is not there.
///
/// Errors: it is not there and cannot be installed; says how to do it by hand.
pub(crate) fn program(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    if let Some(found) = found(name) {
        return Ok(found);
    }
    install(&[package])?;
    found(name).with_context(|| format!("{package} has no `{name}`"))
}
