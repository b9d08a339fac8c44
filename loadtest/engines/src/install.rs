//! How engines come here: from Maven's repository by a file that pins them, from Debian by its package manager. Once.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use loadtest_kit::say;

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
    run(&mut command).with_context(|| format!("{name} cannot be fetched; see what Maven says"))?;
    fs::rename(&half, &jars)?;
    Ok(jars)
}

/// A program of the system, installed by its package if it is not there.
///
/// Errors: it is not there and cannot be installed; says how to do it by hand.
pub(crate) fn program(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    if let Some(found) = on_path(name) {
        return Ok(found);
    }
    say::step(format!("installing {package}"));
    let by_hand = format!("install it by hand: apt-get install {package}");
    let Some(apt) = on_path("apt-get") else {
        bail!("there is no `{name}` here, and no apt-get to install it with; {by_hand}");
    };
    let install = || {
        let mut command = Command::new(&apt);
        command.args(["install", "--yes", "--no-install-recommends", "-qq", package]);
        // A package must not start its service on the usual port.
        run(command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1"))
    };
    if install().is_err() {
        // The lists of packages may be missing or old.
        run(Command::new(&apt).args(["update", "-qq"])).context(by_hand.clone())?;
        install().context(by_hand.clone())?;
    }
    on_path(name).with_context(|| format!("{package} has no `{name}`; {by_hand}"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    // Daemons lie where only the administrator's path leads.
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&folders)
        .chain(more)
        .map(|folder| folder.join(name))
        .find(|file| is_file(file))
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|seen| seen.is_file())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output();
    let done = done.with_context(|| format!("{program} cannot be started"))?;
    let said = [done.stdout, done.stderr].concat();
    ensure!(
        done.status.success(),
        "{program}: {}\n{}",
        done.status,
        String::from_utf8_lossy(&said)
    );
    Ok(())
}
