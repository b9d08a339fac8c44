//! Kafka in KRaft mode: one process that is broker and controller.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::{Installed, Site, filled, java, values};
use crate::{
    install::{jars, program},
    place::Place,
};

pub(super) const SETTINGS: &str = include_str!("../../recipes/kafka/server.properties");
pub(super) const POM: &str = include_str!("../../recipes/kafka/pom.xml");
const LOGGING: &str = include_str!("../../recipes/kafka/log4j2.properties");
/// Which cluster the data is of: 16 bytes in base 64. Each set has data of its own, so one id does for all.
const CLUSTER: &str = "c291ay1sb2ctb24tb25l";

pub(super) fn installed(place: &Place) -> anyhow::Result<Installed> {
    let jars = jars(place, "kafka-4.3.1", POM)?;
    Ok(Installed { program: program("java", "openjdk-17-jre-headless")?, jars })
}

pub(super) fn command(
    site: &Site,
    installed: &Installed,
    place: &Place,
) -> anyhow::Result<Command> {
    let (folder, data) = (place.node(site.name), place.data(site.name));
    let (settings, logging) = (folder.join("server.properties"), folder.join("log4j2.properties"));
    let files = [(&settings, filled(SETTINGS, &values(site, &data))), (&logging, LOGGING.into())];
    for (file, text) in files {
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let run = |class: &str| {
        let mut command = java(installed);
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display())).arg(class);
        command
    };
    if !data.join("meta.properties").exists() {
        format(run("kafka.tools.StorageTool"), &settings)?;
    }
    let mut command = run("kafka.Kafka");
    command.arg(&settings);
    Ok(command)
}

/// Prepares an empty folder for a broker.
fn format(mut tool: Command, settings: &Path) -> anyhow::Result<()> {
    tool.args(["format", "--ignore-formatted", "-t", CLUSTER, "-c"]).arg(settings);
    let done = tool.stdin(Stdio::null()).output().context("java cannot be started")?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(done.status.success(), "Kafka's folder cannot be prepared: {}\n{said}", done.status);
    Ok(())
}
