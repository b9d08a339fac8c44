//! etcd: Debian's, or a current one that is built from Go's modules.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;
use loadtest_kit::{packages::finish, say};

use super::{Installed, Site, native};
use crate::{install::program, place::Place};

const MODULE: &str = include_str!("../../recipes/etcd/go.mod");
const SUMS: &str = include_str!("../../recipes/etcd/go.sum");

/// The program, installed if it is not there.
pub(super) fn installed(place: &Place, current: bool) -> anyhow::Result<Installed> {
    if !current {
        return Ok(native(program("etcd", "etcd-server")?));
    }
    let folder = place.installed().join("etcd-3.6.5");
    // Go calls it by the last part of its path.
    let built = folder.join("bin/server");
    if !built.exists() {
        let go = program("go", "golang-go")?;
        say::step("building etcd 3.6.5 from its modules: about a minute on two cores");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (file, text) in [("go.mod", MODULE), ("go.sum", SUMS)] {
            fs::write(folder.join(file), text)?;
        }
        let mut command = Command::new(go);
        command.current_dir(&folder).env("GOBIN", folder.join("bin"));
        command.env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
        command.args(["install", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "tool"]);
        finish(&mut command).context("etcd cannot be built; see what Go says")?;
    }
    Ok(native(built))
}

pub(super) fn command(site: &Site, mates: &[Site], installed: &Installed, data: &Path) -> Command {
    let (client, peer) = (format!("http://{}", site.client), format!("http://{}", site.peer()));
    let all: Vec<_> =
        mates.iter().map(|mate| format!("{}=http://{}", mate.name, mate.peer())).collect();
    let mut command = Command::new(&installed.program);
    command.args(["--name", &site.name.to_string()]).arg("--data-dir").arg(data);
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.args(["--initial-cluster", &all.join(",")]);
    // What was so before is kept for an hour, as docs/operations/engines.md says.
    command.args(["--auto-compaction-mode", "periodic", "--auto-compaction-retention", "1h"]);
    command
}
