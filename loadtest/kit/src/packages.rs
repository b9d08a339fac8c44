//! Programs that are not ours: found where they lie, or installed by Debian's package manager.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::say;

/// Where a program is: on the path, or where only the administrator's path leads.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from);
    let places = env::split_paths(&path).chain(more).map(|folder| folder.join(program));
    places.into_iter().find(|file| is_file(file))
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|seen| seen.is_file())
}

/// Installs packages, and says so.
///
/// Errors: there is no package manager, or it cannot install them; says how to do it by hand.
pub fn install(packages: &[&str]) -> anyhow::Result<()> {
    say::step(format!("installing {}", packages.join(", ")));
    let by_hand = || format!("install it by hand: apt-get install {}", packages.join(" "));
    let apt = found("apt-get").context("there is no apt-get").with_context(by_hand)?;
    let install = || {
        let mut command = Command::new(&apt);
        command.args(["install", "--yes", "--no-install-recommends", "-qq"]).args(packages);
        // A package must not start its service on the usual port.
        finish(command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1"))
    };
    if install().is_err() {
        // The lists of packages may be missing or old.
        finish(Command::new(&apt).args(["update", "-qq"])).with_context(by_hand)?;
        install().with_context(by_hand)?;
    }
    Ok(())
}

/// Runs a command that asks nothing, to its end.
///
/// Errors: it cannot be started, or it fails, with all that it has said.
pub fn finish(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output();
    let done = done.with_context(|| format!("{program} cannot be started"))?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(done.status.success(), "{program}: {}\n{said}", done.status);
    Ok(())
}
