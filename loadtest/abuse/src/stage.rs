//! A router process with TLS before two stand-in cells: one owns one tenant, the other one all others.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use base_ids::{Epoch, Generation, Slot};
use base_testkit::{Child, Scratch, Stopped, eventually};
use loadtest_kit::files::last_lines;
use router_table::{Cell, Draft, LastGood, Pod};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;

use crate::cell::StandIn;

/// The name that the router's certificate is for.
pub(crate) const NAME: &str = "souk.example";
/// The tenant whose cell is its own.
pub(crate) const ALONE: &str = "users/alone";
/// How long a router may take to serve, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a router serves.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Addresses {
    /// Without TLS.
    pub http: SocketAddr,
    /// With TLS.
    pub https: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
}

/// A running router. Dropped, it is killed.
#[derive(Debug)]
pub struct Stage {
    addresses: Addresses,
    trusted: CertificateDer<'static>,
    router: Child,
    _prompt: StandIn,
    /// The cell of one tenant alone, which may be made to answer badly.
    pub(crate) apart: StandIn,
    scratch: Scratch,
}

impl Stage {
    /// Starts `souk-router` from the folder `binaries`, with `settings` in its configuration file (TOML, below those that the stage
    /// needs), and waits until it serves.
    ///
    /// Errors: the router cannot be started, or ends; its last words are told.
    pub async fn start(binaries: &Path, settings: &str) -> anyhow::Result<Self> {
        let scratch = Scratch::new("doors")?;
        let folder = scratch.path();
        let trusted = certify(folder)?;
        let (prompt, apart) = (StandIn::start()?, StandIn::start()?);
        keep_table(folder, [prompt.address(), apart.address()])?;
        let file = folder.join("router.toml");
        fs::write(&file, configuration(folder, settings))?;
        let log = File::create(folder.join("router.log"))?;
        let mut command = Command::new(binaries.join("souk-router"));
        command.arg("--config").arg(&file).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        let mut router = Child::start(&mut command).context("souk-router cannot be started")?;
        let addresses = addresses_of(&mut router, folder).await?;
        Ok(Self { addresses, trusted, router, _prompt: prompt, apart, scratch })
    }

    /// Where the router serves.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The certificate that it shows.
    pub fn trusted(&self) -> &CertificateDer<'static> {
        &self.trusted
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.router.pid()
    }

    /// Tells the router to end and waits for it.
    ///
    /// Errors: it ended before, or in a bad way, or not at all; its log is kept and named.
    pub async fn strike(mut self) -> anyhow::Result<()> {
        match self.router.stop(PATIENCE).await? {
            Stopped::Ended(status) if status.success() => Ok(()),
            stopped => {
                bail!("the router ended badly ({stopped:?}); see {}", self.scratch.keep().display())
            }
        }
    }
}

fn configuration(folder: &Path, settings: &str) -> String {
    let folder = folder.display();
    // Those who abuse and those who do not come from one address: what is measured is what is left when limits let all of them in.
    let endless = "{ per_second = 1000000, burst = 1000000 }";
    format!(
        "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndata_dir = \"{folder}\"\naddresses_file = \"{folder}/addresses.json\"\n\
         limits.address = {endless}\nlimits.tenant = {endless}\nlimits.routes = {{}}\n\
         {settings}\n\
         [tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"{folder}/tls.crt\"\nkey = \"{folder}/tls.key\"\n\
         [access_log]\nto = \"none\"\n"
    )
}

fn certify(folder: &Path) -> anyhow::Result<CertificateDer<'static>> {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()])?;
    fs::write(folder.join("tls.crt"), made.cert.pem())?;
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem())?;
    Ok(made.cert.der().clone())
}

/// Lays a table where the router looks for the last one that it knew.
fn keep_table(folder: &Path, cells: [SocketAddr; 2]) -> anyhow::Result<()> {
    let mut draft = Draft::new(Epoch(1));
    let mut add = |id: &str, address: SocketAddr| {
        let pods = vec![Pod::only(address, address, address)];
        let cell = Cell { id: id.parse()?, pods, signing_keys: Vec::new() };
        anyhow::Ok(draft.cell(cell))
    };
    let (prompt, apart) = (add("cell-1", cells[0])?, add("cell-2", cells[1])?);
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), prompt, Generation(1));
    }
    draft.place(&ALONE.parse()?, apart, Generation(1), false);
    LastGood::at(folder.join("routing-table")).save(&draft.build()?)?;
    Ok(())
}

async fn addresses_of(router: &mut Child, folder: &Path) -> anyhow::Result<Addresses> {
    let file = folder.join("addresses.json");
    let waited = eventually(PATIENCE, async || {
        if let Some(status) = router.ended()? {
            let words = last_lines(&folder.join("router.log"), 10);
            return Ok(Err(anyhow!("the router ended ({status}): {words}")));
        }
        Ok::<_, anyhow::Error>(Ok(serde_json::from_slice(&fs::read(&file)?)?))
    });
    waited.await.map_err(|late| late.last.context("the router does not serve"))?
}
