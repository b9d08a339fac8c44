//! Cassandra: one node, or a ring on addresses 127.0.0.1, 127.0.0.2 and so on.

use std::{fs, process::Command};

use anyhow::Context as _;

use super::{Installed, Site, filled, java, values};
use crate::{
    install::{jars, program},
    place::Place,
};

pub(super) const SETTINGS: &str = include_str!("../../recipes/cassandra/cassandra.yaml");
pub(super) const POM: &str = include_str!("../../recipes/cassandra/pom.xml");
const LOGBACK: &str = include_str!("../../recipes/cassandra/logback.xml");
/// What it opens of Java's own modules: the list that comes with it.
const JVM: &str = include_str!("../../recipes/cassandra/jvm.options");
/// What measures objects; an agent of the virtual machine.
const AGENT: &str = "jamm-0.4.0.jar";

pub(super) fn installed(place: &Place) -> anyhow::Result<Installed> {
    let jars = jars(place, "cassandra-5.0.9", POM)?;
    Ok(Installed { program: program("java", "openjdk-17-jre-headless")?, jars })
}

pub(super) fn command(
    site: &Site,
    mates: &[Site],
    installed: &Installed,
    place: &Place,
) -> anyhow::Result<Command> {
    let (folder, data) = (place.node(site.name), place.data(site.name));
    let seeds: Vec<_> =
        mates.iter().map(|mate| format!("{}:{}", mate.host(), mate.peer_port)).collect();
    let mut values = values(site, &data);
    values.push(("seeds", seeds.join(",")));
    values.push(("initial_token", initial_token(site.name.number, mates.len())));
    let authenticator = if site.asks_who { "Password" } else { "AllowAll" };
    values.push(("authenticator", format!("{authenticator}Authenticator")));
    let (settings, logging) = (folder.join("cassandra.yaml"), folder.join("logback.xml"));
    for (file, text) in [(&settings, filled(SETTINGS, &values)), (&logging, LOGBACK.to_owned())] {
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut command = java(installed);
    command.arg(format!("-javaagent:{}", installed.jars.join(AGENT).display()));
    command.args(JVM.lines());
    command.arg(format!("-Dcassandra.config=file://{}", settings.display()));
    command.arg(format!("-Dcassandra.storagedir={}", data.display()));
    command.arg(format!("-Dlogback.configurationFile={}", logging.display()));
    command.arg(format!("-Dcassandra.jmx.local.port={}", site.tools_port));
    command.args([
        "-Dcassandra-foreground=yes",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.ring_delay_ms=1000",
        "-Dcassandra.superuser_setup_delay_ms=0",
        "org.apache.cassandra.service.CassandraDaemon",
    ]);
    Ok(command)
}

/// What comes with it to look after a node, as `nodetool`; it is to be told what to do.
pub(super) fn nodetool(site: &Site, installed: &Installed, place: &Place) -> Command {
    let folder = place.node(site.name);
    let mut command = java(installed);
    command.args(JVM.lines());
    // It notes what it was told at home.
    command.arg(format!("-Duser.home={}", folder.display()));
    command.arg(format!("-Dlogback.configurationFile={}", folder.join("logback.xml").display()));
    command.arg("org.apache.cassandra.tools.NodeTool");
    command.args(["-h", "127.0.0.1", "-p", &site.tools_port.to_string()]);
    command
}

/// The nodes of a ring are equally far apart; a node alone takes any place.
fn initial_token(number: u8, nodes: usize) -> String {
    if nodes == 1 {
        return String::new();
    }
    let step = (1_i128 << 64) / i128::try_from(nodes).unwrap_or(1);
    let token = i128::from(i64::MIN) + step * i128::from(number - 1);
    format!("initial_token: {token}")
}

#[cfg(test)]
mod tests {
    use super::initial_token;

    #[test]
    fn nodes_of_a_ring_are_equally_far_apart() {
        assert_eq!(initial_token(1, 1), "");
        let tokens = [1, 2, 3].map(|number| initial_token(number, 3));
        assert_eq!(
            tokens,
            [
                "initial_token: -9223372036854775808",
                "initial_token: -3074457345618258603",
                "initial_token: 3074457345618258602"
            ]
        );
    }
}
