//! What can be configured, and what is wrong with a configuration, told all at once before a port is bound.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use base_fault::{Fault, chain};
use base_identity::{Passport, Role, authorities_of};
use router_limits::{GateConfig, LimitsConfig, Proxies};
use serde::{Deserialize, Serialize};
use tonic::transport::Endpoint;

use crate::{
    AccessLog, Entrance, HoldBounds, Patience, Tls, certificates::Certificates, ports::Places,
};

/// Configuration of a router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of this router among the fleet's, such as `router-1`.
    pub name: String,
    /// Where clients come in without TLS, HTTP/1.1 and HTTP/2 on one port: ip:port, port 0 for any free one; empty for no such port.
    pub listen: String,
    /// Where they come in with TLS. Without it there is no such port.
    pub tls: Option<Tls>,
    /// Where health, metrics and the table's state are: ip:port. Not to be reachable from outside.
    pub admin: String,
    /// Who the router is among the fleet's processes; it then speaks to cells and to the control plane with TLS alone. Without it
    /// it speaks plaintext to those on this machine, and takes no table that names others.
    pub identity: Option<base_identity::Config>,
    /// Where the control plane pushes tables from, such as `https://10.0.0.1:7400`; `http://` on this machine without an identity.
    /// Several that are one are all named, with commas between them: the one that leads is found. Without it the table on disk is
    /// all there is.
    pub control_plane: Option<String>,
    /// Directory of the last known good table; made if it does not exist.
    pub data_dir: PathBuf,
    /// How clients write the address of the platform, such as `https://souk.example`; empty for relative addresses.
    pub public_url: String,
    /// File that gets the bound addresses as JSON once the router serves.
    pub addresses_file: Option<PathBuf>,
    /// Unix socket by which a new process takes over the ports from the one that runs, which then drains and ends. Without it each binds its own.
    pub handover: Option<PathBuf>,
    /// Whether the guests' cookie is sent over TLS only.
    pub secure_cookies: bool,
    /// How often the router tells the control plane which table it holds, in milliseconds.
    pub beat_ms: u64,
    /// How long requests may take to end once the router is told to stop, in milliseconds.
    pub drain_ms: u64,
    /// How long the router waits for a cell.
    pub patience: Patience,
    /// What the router grants to clients.
    pub entrance: Entrance,
    /// A line for every request that ends badly and for a share of the others.
    pub access_log: AccessLog,
    /// How much may wait for held tenants.
    pub hold: HoldBounds,
    /// The proxies in front of the router, which say whose a request is.
    pub proxies: Proxies,
    /// How much senders may send.
    pub limits: LimitsConfig,
    /// How much each cell is given.
    pub cells: GateConfig,
    /// Logs and traces.
    pub telemetry: base_telemetry::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "router-1".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            tls: None,
            admin: "127.0.0.1:8081".to_owned(),
            identity: None,
            control_plane: None,
            data_dir: "router-data".into(),
            public_url: String::new(),
            addresses_file: None,
            handover: None,
            secure_cookies: false,
            beat_ms: 2_000,
            drain_ms: 5_000,
            patience: Patience::default(),
            entrance: Entrance::default(),
            access_log: AccessLog::default(),
            hold: HoldBounds::default(),
            proxies: Proxies::default(),
            limits: LimitsConfig::default(),
            cells: GateConfig::default(),
            telemetry: base_telemetry::Config::default(),
        }
    }
}

/// A configuration whose texts have been read.
pub(crate) struct Checked {
    pub(crate) places: Places,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) passport: Option<Passport>,
    /// Where the control planes are, as `host:port`.
    pub(crate) control_plane: Option<Vec<String>>,
    pub(crate) drain: Duration,
}

impl Config {
    /// All that is wrong with it.
    pub fn mistakes(&self) -> Vec<Fault> {
        self.check().err().unwrap_or_default()
    }

    fn passport(&self) -> Result<Option<Passport>, Fault> {
        let read = |files| Passport::read(files, Role::Router, Some(&self.name));
        self.identity.as_ref().map(read).transpose()
    }

    /// Where the control planes are, as `host:port`.
    fn places(&self) -> Result<Option<Vec<String>>, String> {
        let Some(urls) = &self.control_plane else { return Ok(None) };
        let places = authorities_of(urls, self.identity.is_some())?;
        for place in &places {
            Endpoint::from_shared(format!("http://{place}"))
                .map_err(|error| format!("`{place}` is not an address: {error}"))?;
        }
        Ok(Some(places))
    }

    pub(crate) fn check(&self) -> Result<Checked, Vec<Fault>> {
        let mut mistakes = self.telemetry.mistakes();
        mistakes.extend(self.access_log.mistakes());
        let mut wrong = |field: &str, problem: String| {
            mistakes.push(Fault::invalid_field(field, problem));
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=40).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            wrong("name", format!("`{}` is not 1 to 40 of a-z, 0-9 and -", self.name));
        }
        let mut address = |field: &str, text: &str| {
            let parsed = text.parse::<SocketAddr>();
            if parsed.is_err() {
                wrong(
                    field,
                    format!("`{text}` is not an address: expected ip:port, such as 127.0.0.1:8080"),
                );
            }
            parsed.ok()
        };
        let mut places = Vec::new();
        let plain = Some(&self.listen).filter(|text| !text.is_empty());
        let tls = self.tls.as_ref().map(|tls| &tls.listen);
        let fields = [("listen", plain), ("tls.listen", tls), ("admin", Some(&self.admin))];
        for (field, text) in fields {
            let place = text.and_then(|text| address(field, text));
            places.push((field, place));
        }
        if plain.is_none() && tls.is_none() {
            wrong("listen", "is empty, and there is no TLS: clients could not come in".to_owned());
        }
        for (at, (field, place)) in places.iter().enumerate() {
            let fixed = place.filter(|place| place.port() != 0);
            let same = |other: &&(&str, Option<SocketAddr>)| fixed.is_some() && other.1 == fixed;
            if let Some((other, _)) = places[..at].iter().find(same) {
                wrong(field, format!("is the same address as {other}"));
            }
        }
        let certificates = self.tls.as_ref().map(Certificates::read).transpose();
        let certificates = certificates.unwrap_or_else(|fault| {
            wrong("tls", chain(&fault));
            None
        });
        let passport = self.passport().unwrap_or_else(|fault| {
            wrong("identity", chain(&fault));
            None
        });
        let control_plane = self.places().unwrap_or_else(|problem| {
            wrong("control_plane", problem);
            None
        });
        let url = &self.public_url;
        let schemes = ["http://", "https://"];
        if !url.is_empty()
            && (url.ends_with('/') || !schemes.iter().any(|scheme| url.starts_with(scheme)))
        {
            wrong(
                "public_url",
                format!(
                    "`{url}` is not an address: expected https://host without a slash at the end"
                ),
            );
        }
        if self.data_dir.as_os_str().is_empty() {
            wrong("data_dir", "is empty".to_owned());
        }
        for (field, problem) in self.hold.mistakes() {
            wrong(field, problem.to_owned());
        }
        for (field, problem) in self.limits.mistakes() {
            wrong(&format!("limits.{field}"), problem.to_owned());
        }
        for (field, problem) in self.cells.mistakes() {
            wrong(&format!("cells.{field}"), problem.to_owned());
        }
        for (field, problem) in self.entrance.mistakes() {
            wrong(&format!("entrance.{field}"), problem);
        }
        let look_ms = self.tls.as_ref().map_or(1, |tls| tls.look_ms);
        let waits = [
            ("tls.look_ms", look_ms),
            ("beat_ms", self.beat_ms),
            ("patience.connect_ms", self.patience.connect_ms),
            ("patience.read_ms", self.patience.read_ms),
            ("patience.stream_read_ms", self.patience.stream_read_ms),
            ("patience.write_ms", self.patience.write_ms),
            ("patience.idle_ms", self.patience.idle_ms),
        ];
        for (field, _) in waits.into_iter().filter(|(_, millis)| *millis == 0) {
            wrong(field, "must be longer than 0".to_owned());
        }
        match places[..] {
            [(_, plain), (_, tls), (_, Some(admin))] if mistakes.is_empty() => Ok(Checked {
                places: Places { plain, tls, admin, send_bytes: self.entrance.send_bytes },
                certificates: certificates.map(Arc::new),
                passport,
                control_plane,
                drain: Duration::from_millis(self.drain_ms),
            }),
            _ => Err(mistakes),
        }
    }
}

impl base_program::Settings for Config {
    const PROGRAM: &'static str = "souk-router";

    fn instance(&self) -> String {
        self.name.clone()
    }

    fn telemetry(&mut self) -> &mut base_telemetry::Config {
        &mut self.telemetry
    }

    fn mistakes(&self) -> Vec<String> {
        Config::mistakes(self).iter().map(|fault| fault.context().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Entrance, GateConfig, LimitsConfig, Tls};

    #[test]
    fn the_defaults_are_sound() {
        assert!(Config::default().mistakes().is_empty());
    }

    #[test]
    fn all_mistakes_are_told_together() {
        let mut config = Config {
            name: "Router 1".into(),
            listen: "localhost".into(),
            admin: "127.0.0.1".into(),
            control_plane: Some("10.0.0.1:7400".into()),
            public_url: "souk.example".into(),
            beat_ms: 0,
            limits: LimitsConfig { places: 1, ..LimitsConfig::default() },
            cells: GateConfig { streams_max: 0, ..GateConfig::default() },
            entrance: Entrance { send_bytes: 4_096, ..Entrance::default() },
            ..Config::default()
        };
        config.telemetry.filter = "loud".into();
        let fields: Vec<_> =
            (config.mistakes().iter()).map(|fault| fault.fields()[0].field.clone()).collect();
        assert_eq!(
            fields,
            [
                "telemetry.filter",
                "name",
                "listen",
                "admin",
                "control_plane",
                "public_url",
                "limits.places",
                "cells.streams_max",
                "entrance.send_bytes",
                "beat_ms"
            ]
        );
    }

    #[test]
    fn two_ports_cannot_be_one() {
        let config = Config { admin: Config::default().listen, ..Config::default() };
        assert_eq!(config.mistakes().len(), 1);
    }

    #[test]
    fn clients_come_in_somewhere_and_certificates_are_read_first() {
        let config = Config { listen: String::new(), ..Config::default() };
        assert!(config.mistakes()[0].context().contains("could not come in"));
        let config = Config { tls: Some(Tls::default()), ..config };
        let mistakes = config.mistakes();
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].context().contains("tls.crt cannot be used"), "{mistakes:?}");
    }
}
