//! The servers that are compared: their programs, found or installed, and their configurations, filled in from `peers/`.

use std::{
    cell::RefCell,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use loadtest_kit::{
    Ports,
    packages::{self, found},
    say,
};

use crate::{
    keys::{Algorithm, Keys},
    server::Server,
    tables::{self, Size},
};
use anyhow::{Context as _, ensure};

const NGINX: &str = include_str!("../peers/nginx.conf");
const HAPROXY: &str = include_str!("../peers/haproxy.cfg");
const HAPROXY_JWT: &str = include_str!("../peers/haproxy-jwt.cfg");
const ROUTER: &str = include_str!("../peers/router.toml");

/// Programs that are not ours, and the packages of Debian that have them.
const TOOLS: [(&str, &str); 5] = [
    ("nginx", "nginx-light"),
    ("haproxy", "haproxy"),
    ("h2load", "nghttp2-client"),
    ("valgrind", "valgrind"),
    ("openssl", "openssl"),
];

/// Those of them without which nothing can be measured.
const NEEDED: [&str; 2] = ["h2load", "openssl"];

/// Where things are during one run.
pub(crate) struct Site {
    /// Where `souk-router` and `bare-pingora` are.
    pub(crate) binaries: PathBuf,
    pub(crate) scratch: PathBuf,
    pub(crate) keys: Keys,
    pub(crate) ports: RefCell<Ports>,
    /// The addresses of the cells' stand-in.
    pub(crate) cells: Vec<SocketAddr>,
}

/// Installs what is not there, if that can be done, and says so; names the programs that are still missing.
///
/// Errors: one without which nothing can be measured is missing.
pub(crate) fn install() -> anyhow::Result<Vec<&'static str>> {
    let missing = || TOOLS.iter().filter(|(program, _)| found(program).is_none());
    let missing_packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if missing_packages.is_empty() {
        return Ok(Vec::new());
    }
    // What can be measured without is measured.
    if let Err(error) = packages::install(&missing_packages) {
        say::bad(format!("{error:#}"));
    }
    let skipped: Vec<&str> = missing().map(|(program, _)| *program).collect();
    for program in &skipped {
        ensure!(
            !NEEDED.contains(program),
            "{program} is missing and nothing can be measured without"
        );
        say::bad(format!("skipped: {program} is not installed and cannot be"));
    }
    Ok(skipped)
}

/// What each of the tools calls itself.
pub(crate) fn versions() -> Vec<String> {
    let asked =
        [("nginx", "-v"), ("haproxy", "-v"), ("h2load", "--version"), ("valgrind", "--version")];
    let said = asked.iter().filter_map(|(program, flag)| {
        let output = Command::new(found(program)?).arg(flag).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        let line = String::from_utf8_lossy(&text).lines().next()?.to_owned();
        Some(line.trim_start_matches("nginx version: ").to_owned())
    });
    said.chain(["Pingora 0.9.1".to_owned()]).collect()
}

impl Site {
    /// An address that nobody else has, neither here nor on this machine.
    fn claim(&self, name: &str, listener: &str) -> anyhow::Result<SocketAddr> {
        self.ports.borrow_mut().claim(&format!("{name} {listener}"))
    }

    fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.scratch.join(name.replace([' ', ','], "-"));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn cell(&self) -> anyhow::Result<SocketAddr> {
        self.cells.first().copied().context("there is no cell")
    }

    /// nginx, if it is there.
    pub(crate) fn nginx(&self) -> anyhow::Result<Option<Server>> {
        let Some(program) = found("nginx") else { return Ok(None) };
        let claim = |listener| self.claim("nginx", listener);
        let (plain, plain_h2, tls) = (claim("plain")?, claim("h2")?, claim("tls")?);
        let folder = self.folder("nginx")?;
        let config = fill(
            NGINX,
            &[
                ("scratch", &folder.display()),
                ("plain", &plain),
                ("plain_h2", &plain_h2),
                ("tls", &tls),
                ("origin", &self.cell()?),
                ("certificate", &self.keys.certificate().display()),
                ("key", &self.keys.key().display()),
            ],
        );
        let path = write(&folder.join("nginx.conf"), &config)?;
        Ok(Some(Server {
            name: "nginx".to_owned(),
            program: words(&program, &["-c", &path, "-p", &folder.display().to_string()]),
            plain,
            plain_h2,
            tls,
            bearer: self.keys.bearer(Algorithm::EdDsa)?,
            verifies: false,
        }))
    }

    /// HAProxy, verifying tokens of one algorithm or none, if it is there.
    pub(crate) fn haproxy(&self, verifying: Option<Algorithm>) -> anyhow::Result<Option<Server>> {
        let Some(program) = found("haproxy") else { return Ok(None) };
        let name = verifying
            .map_or("HAProxy".to_owned(), |algorithm| format!("HAProxy {}", algorithm.name()));
        let folder = self.folder(&name)?;
        let claim = |listener| self.claim(&name, listener);
        let (plain, plain_h2, tls) = (claim("plain")?, claim("h2")?, claim("tls")?);
        let verification = verifying.map_or_else(String::new, |algorithm| {
            fill(
                HAPROXY_JWT,
                &[
                    ("algorithm", &algorithm.name()),
                    ("public_key", &self.keys.public(algorithm).display()),
                ],
            )
        });
        let config = fill(
            HAPROXY,
            &[
                ("plain", &plain),
                ("plain_h2", &plain_h2),
                ("tls", &tls),
                ("origin", &self.cell()?),
                ("both", &self.keys.both().display()),
                ("verification", &verification.trim()),
            ],
        );
        let path = write(&folder.join("haproxy.cfg"), &config)?;
        Ok(Some(Server {
            name,
            program: words(&program, &["-db", "-f", &path]),
            plain,
            plain_h2,
            tls,
            bearer: self.keys.bearer(verifying.unwrap_or(Algorithm::EdDsa))?,
            verifies: verifying.is_some(),
        }))
    }

    pub(crate) fn bare_pingora(&self) -> anyhow::Result<Server> {
        let claim = |listener| self.claim("bare Pingora", listener);
        let (plain, tls) = (claim("plain")?, claim("tls")?);
        let program = self.binaries.join("bare-pingora");
        let (certificate, key) = (self.keys.certificate(), self.keys.key());
        Ok(Server {
            name: "bare Pingora".to_owned(),
            program: words(
                &program,
                &[
                    "--plain",
                    &plain.to_string(),
                    "--tls",
                    &tls.to_string(),
                    "--origin",
                    &self.cell()?.to_string(),
                    "--certificate",
                    &certificate.display().to_string(),
                    "--key",
                    &key.display().to_string(),
                ],
            ),
            plain,
            plain_h2: plain,
            tls,
            bearer: self.keys.bearer(Algorithm::EdDsa)?,
            verifies: false,
        })
    }

    /// The full router, with a table of this size and limits that let one address ask for all.
    pub(crate) fn router(&self, size: Size) -> anyhow::Result<Server> {
        let name = format!("router, {size}");
        let claim = |listener| self.claim(&name, listener);
        let (plain, admin, tls) = (claim("plain")?, claim("admin")?, claim("tls")?);
        let folder = self.folder(&name)?;
        tables::lay(&folder, size, &self.cells, &self.keys)?;
        let config = fill(
            ROUTER,
            &[
                ("plain", &plain),
                ("admin", &admin),
                ("tls", &tls),
                ("folder", &folder.display()),
                ("certificate", &self.keys.certificate().display()),
                ("key", &self.keys.key().display()),
            ],
        );
        let path = write(&folder.join("router.toml"), &config)?;
        Ok(Server {
            name,
            program: words(&self.binaries.join("souk-router"), &["--config", &path]),
            plain,
            plain_h2: plain,
            tls,
            bearer: self.keys.bearer(Algorithm::EdDsa)?,
            verifies: true,
        })
    }
}

fn words(program: &Path, args: &[&str]) -> Vec<String> {
    let program = program.display().to_string();
    std::iter::once(program).chain(args.iter().map(|arg| (*arg).to_owned())).collect()
}

fn write(path: &Path, text: &str) -> anyhow::Result<String> {
    fs::write(path, text)?;
    Ok(path.display().to_string())
}

/// Puts values in the place of their names in braces.
fn fill(text: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), &value.to_string());
    }
    text
}
