//! What can be set about a control plane.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use base_fault::{Fault, chain};
use base_identity::{Passport, Role, must_be_loopback};
use serde::{Deserialize, Serialize};

/// Settings of the control plane. Every one of them has a default that works on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where cells, routers and operators reach it. Port 0 takes any free one. Only on a loopback address without an identity.
    pub listen: SocketAddr,
    /// Who it is among the fleet's processes, which it then lets in by theirs. Without it the port speaks plaintext.
    pub identity: Option<base_identity::Config>,
    /// Where health, readiness and metrics are. Port 0 takes any free one.
    pub admin: SocketAddr,
    /// Where its state lies, if it is the only control plane; made if it does not exist. One process at a time.
    pub data_dir: PathBuf,
    /// The etcd in which the state lies instead. Several control planes on one etcd are one: one of them leads, another takes over.
    pub etcd: Option<cp_etcd::Config>,
    /// What it is called among several, in their logs.
    pub name: String,
    /// Where cells, routers and operators reach it among several, as `host:port`; as they have it in their own settings. Without it
    /// the address that it listens on.
    pub advertise: Option<String>,
    /// Where it writes the addresses that it took, as JSON.
    pub addresses_file: Option<PathBuf>,
    /// How many cells must have registered before slots get their first homes.
    pub settle_at: u32,
    /// How often a cell shall beat, in milliseconds.
    pub beat_ms: u32,
    /// After how many missed beats a cell is shown as not alive.
    pub beats_missed_max: u32,
    /// Logs and traces.
    pub telemetry: base_telemetry::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7400)),
            identity: None,
            admin: SocketAddr::from(([127, 0, 0, 1], 7401)),
            data_dir: "souk-control-plane".into(),
            etcd: None,
            name: "control-plane".to_owned(),
            advertise: None,
            addresses_file: None,
            settle_at: 1,
            beat_ms: 1000,
            beats_missed_max: 5,
            telemetry: base_telemetry::Config::default(),
        }
    }
}

impl Config {
    /// Reads the identity, if there is one.
    ///
    /// Errors: its files cannot be used.
    pub(crate) fn passport(&self) -> Result<Option<Passport>, Fault> {
        let read = |files| Passport::read(files, Role::ControlPlane, None);
        self.identity.as_ref().map(read).transpose()
    }

    /// For how long a cell that is silent counts as alive.
    pub(crate) fn silence_max(&self) -> Duration {
        Duration::from_millis(u64::from(self.beat_ms) * u64::from(self.beats_missed_max))
    }
}

impl base_program::Settings for Config {
    const PROGRAM: &'static str = "souk-control-plane";

    fn instance(&self) -> String {
        self.name.clone()
    }

    fn telemetry(&mut self) -> &mut base_telemetry::Config {
        &mut self.telemetry
    }

    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut check = |holds: bool, text: String| {
            if !holds {
                mistakes.push(text);
            }
        };
        let same = self.listen == self.admin && self.listen.port() != 0;
        check(!same, format!("listen and admin are both {}; they need a port each", self.listen));
        check(!self.data_dir.as_os_str().is_empty(), "data_dir is empty; name a directory".into());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=40).contains(&self.name.len()) && self.name.bytes().all(plain);
        check(is_name, format!("name `{}` is not 1 to 40 of a-z, 0-9 and -", self.name));
        if let Some(advertise) = &self.advertise {
            let port = advertise.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            let text = format!("advertise is `{advertise}`; expected host:port, without a scheme");
            check(port.is_some_and(|port| port > 0) && !advertise.contains('/'), text);
        }
        for mistake in self.etcd.iter().flat_map(cp_etcd::Config::mistakes) {
            check(false, format!("etcd: {mistake}"));
        }
        check(self.settle_at > 0, "settle_at is 0; at least one cell must register".into());
        let beat = self.beat_ms;
        check((50..=60_000).contains(&beat), format!("beat_ms is {beat}; 50 to 60000 make sense"));
        let missed = self.beats_missed_max;
        check(
            (2..=1000).contains(&missed),
            format!("beats_missed_max is {missed}; 2 to 1000 make sense"),
        );
        match self.passport() {
            Ok(Some(_)) => {}
            Ok(None) => {
                let problem = must_be_loopback(self.listen);
                mistakes.extend(problem.map(|problem| format!("listen: {problem}")));
            }
            Err(fault) => mistakes.push(format!("identity: {}", chain(&fault))),
        }
        mistakes.extend(self.telemetry.mistakes().iter().map(ToString::to_string));
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use base_program::Settings as _;

    use super::Config;

    #[test]
    fn the_defaults_are_right_and_all_mistakes_are_told_together() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let wrong = Config {
            admin: Config::default().listen,
            data_dir: "".into(),
            settle_at: 0,
            beat_ms: 1,
            beats_missed_max: 0,
            name: "Control Plane".into(),
            advertise: Some("https://cp-1:7400".into()),
            etcd: Some(cp_etcd::Config { endpoints: vec![], ..Default::default() }),
            ..Config::default()
        };
        assert_eq!(wrong.mistakes().len(), 8);
    }

    #[test]
    fn without_an_identity_it_listens_on_its_own_machine_alone() {
        let listen = "10.0.0.5:7400".parse().unwrap();
        let mistakes = Config { listen, ..Config::default() }.mistakes();
        assert!(mistakes[0].contains("soukctl identity authority"), "{mistakes:?}");
        let identity = Some(base_identity::Config::default());
        let mistakes = Config { listen, identity, ..Config::default() }.mistakes();
        assert!(mistakes[0].starts_with("identity: identity.crt cannot be used"), "{mistakes:?}");
        assert_eq!(mistakes.len(), 1);
    }
}
