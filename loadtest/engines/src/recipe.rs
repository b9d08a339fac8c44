//! With what a node is started: files that are written before, a program and its arguments.

mod cassandra;
mod etcd;
mod kafka;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    engine::{Engine, NodeName},
    install::program,
    place::Place,
};

/// A node before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Site {
    pub(crate) name: NodeName,
    /// Where clients come in.
    pub(crate) client: SocketAddr,
    /// Where its like come in, on the same address; 0 for an engine of one node.
    pub(crate) peer_port: u16,
    /// Where its own tools come in; 0 if it has none, or it is not known yet.
    #[serde(default)]
    pub(crate) tools_port: u16,
    /// Whether it asks who comes in: `cassandra`, with the password `cassandra`.
    #[serde(default)]
    pub(crate) asks_who: bool,
}

impl Site {
    fn host(&self) -> IpAddr {
        self.client.ip()
    }

    fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.host(), self.peer_port)
    }
}

/// What is installed for an engine.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// The program.
    program: PathBuf,
    /// Its jars, if it is one of Java's.
    jars: PathBuf,
}

/// A program that needs nothing else.
fn native(program: PathBuf) -> Installed {
    Installed { program, jars: PathBuf::new() }
}

/// Installs what an engine needs, if it is not there; of etcd a current one, if that is wanted.
///
/// Errors: it cannot be had; with what to do.
pub(crate) fn installed(
    engine: Engine,
    place: &Place,
    current_etcd: bool,
) -> anyhow::Result<Installed> {
    match engine {
        Engine::Cassandra => cassandra::installed(place),
        Engine::Kafka => kafka::installed(place),
        Engine::Redis => Ok(native(program("redis-server", "redis-server")?)),
        Engine::Etcd => etcd::installed(place, current_etcd),
        // A program of ours, which lies beside the one that asks, and may be that one.
        Engine::S3 => Ok(native(std::env::current_exe()?.with_file_name("souk-engines"))),
    }
}

/// Writes a node's files and says how to start it. `mates` are all nodes of its engine, itself included.
///
/// Errors: those of the disk, and of what a new node is prepared with.
pub(crate) fn command(
    site: &Site,
    mates: &[Site],
    installed: &Installed,
    place: &Place,
) -> anyhow::Result<Command> {
    let data = place.data(site.name);
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let mut command = match site.name.engine {
        Engine::Cassandra => cassandra::command(site, mates, installed, place)?,
        Engine::Kafka => kafka::command(site, installed, place)?,
        Engine::Redis => redis(site, installed, &data),
        Engine::Etcd => etcd::command(site, mates, installed, &data),
        Engine::S3 => s3(site, installed, &data),
    };
    command.current_dir(place.node(site.name));
    Ok(command)
}

/// Cassandra's `nodetool` for a node that runs.
pub(crate) fn nodetool(site: &Site, installed: &Installed, place: &Place) -> Command {
    cassandra::nodetool(site, installed, place)
}

/// It keeps nothing: whatever is in it may be lost, and memory is bounded.
fn redis(site: &Site, installed: &Installed, data: &Path) -> Command {
    let mut command = Command::new(&installed.program);
    command.args(["--bind", &site.host().to_string(), "--port", &site.client.port().to_string()]);
    command.arg("--dir").arg(data).args(["--save", "", "--appendonly", "no"]);
    command.args(["--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru"]);
    command
}

fn s3(site: &Site, installed: &Installed, data: &Path) -> Command {
    let mut command = Command::new(&installed.program);
    command.args(["serve-s3", "--listen", &site.client.to_string(), "--folder"]).arg(data);
    command
}

/// What all engines of Java's are started with: little memory, and a start that does not wait for what pays off only later.
fn java(installed: &Installed) -> Command {
    let mut command = Command::new(&installed.program);
    command.args(["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    command.arg("-cp").arg(installed.jars.join("*"));
    command
}

/// A file in which `{name}` stands for a value.
fn filled(form: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(form.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The places that every form has.
fn values(site: &Site, data: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("host", site.host().to_string()),
        ("client_port", site.client.port().to_string()),
        ("peer_port", site.peer_port.to_string()),
        ("data", data.display().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Site, filled, values};
    use crate::engine::{Engine, NodeName};

    const COMPOSE: &str = include_str!("../../../infra/compose/compose.yaml");

    #[test]
    fn the_compose_file_has_the_versions_that_are_installed_here() {
        let modules = include_str!("../recipes/etcd/go.mod");
        let here = [
            ("cassandra:", "<version>", super::cassandra::POM),
            ("apache/kafka:", "<version>", super::kafka::POM),
            ("coreos/etcd:v", "go.etcd.io/etcd/server/v3 v", modules),
        ];
        for (image, before, recipe) in here {
            let after = COMPOSE.split(image).nth(1).unwrap_or_else(|| panic!("no {image}"));
            let version = after.lines().next().unwrap();
            assert!(recipe.contains(&format!("{before}{version}")), "{image}{version}");
        }
        for word in [crate::s3_server::ACCESS_KEY, crate::s3_server::SECRET_KEY] {
            assert!(COMPOSE.contains(word), "{word}");
        }
    }

    #[test]
    fn no_place_of_a_form_stays_empty() {
        let name = NodeName { engine: Engine::Kafka, number: 1 };
        let client = "127.0.0.1:9000".parse().unwrap();
        let site = Site { name, client, peer_port: 9001, tools_port: 0, asks_who: false };
        let mut values = values(&site, "/data".as_ref());
        values
            .extend(["initial_token", "seeds", "authenticator"].map(|name| (name, String::new())));
        for form in [super::kafka::SETTINGS, super::cassandra::SETTINGS] {
            let text = filled(form, &values);
            assert!(!text.contains(['{', '}']), "{text}");
            assert!(text.contains("9000") && text.contains("9001") && text.contains("/data"));
        }
    }
}
