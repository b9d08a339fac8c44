//! All processes of a fleet together.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use base_identity::Role;
use base_testkit::eventually;
use loadtest_engines::NodeName;
use serde::{Deserialize, Serialize};

use super::{
    Engines, Ground, Homes, Member, Place, Ports, Program, Trusted,
    identities::Identities,
    spec::{Addresses, Setting},
};
use crate::{
    http::{Api, Plain},
    say,
};

/// Says where everybody is.
const FILE: &str = "fleet.json";
/// How long everybody together may take to be ready.
const READY_PATIENCE: Duration = Duration::from_mins(1);
/// The same where each cell lays out a keyspace first, or an engine has just come back.
const ON_ENGINES_PATIENCE: Duration = Duration::from_mins(4);

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the programs are.
    pub binaries: PathBuf,
    /// Where the fleet keeps what it keeps.
    pub place: Place,
    /// How many cells.
    pub cells: u16,
    /// What is logged, such as `info` or `warn`.
    pub log: String,
    /// Ports to prefer when there is nothing to remember.
    pub wished: BTreeMap<String, u16>,
    /// On what everybody keeps what they keep.
    pub ground: Ground,
}

/// Says where everybody is; `soukctl` reads `control_plane`, people the rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FleetFile {
    control_plane: String,
    /// Folder of an operator's identity.
    identity: PathBuf,
    router: String,
    /// The certificate that clients believe.
    authority: PathBuf,
    stripe: String,
    /// Admin ports, by process.
    admin: BTreeMap<String, String>,
    cells: u16,
    #[serde(default)]
    ground: Ground,
    ports: BTreeMap<String, u16>,
    /// The process that started everybody and stops them.
    started_by: u32,
}

/// Somebody who ended without being asked.
#[derive(Debug)]
pub struct Ended {
    /// Who.
    pub member: Member,
    /// How.
    pub status: ExitStatus,
}

/// A running fleet. Dropping it kills everybody.
#[derive(Debug)]
pub struct Fleet {
    place: Place,
    binaries: PathBuf,
    addresses: Addresses,
    programs: Vec<Program>,
    /// Behind the programs, so that they are dropped last.
    engines: Engines,
    ground: Ground,
    operator: PathBuf,
    authority: PathBuf,
    trusted: Trusted,
    plain: Plain,
}

impl Fleet {
    /// Starts everybody and waits until all are ready; says what it does.
    ///
    /// Errors: another fleet runs in the place; no port is free; a process that does not become ready, with its last words.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        let begun = Instant::now();
        refuse_if_used(plan.place.root())?;
        let remembered: Option<FleetFile> = plan.place.read(FILE);
        if let Some(file) = &remembered {
            ensure!(
                file.cells == plan.cells,
                "the fleet in {} has {} cells; start it with --cells {0}, or with --fresh",
                plan.place.root().display(),
                file.cells
            );
            ensure!(
                file.ground == plan.ground,
                "the fleet in {} keeps its data on other engines; start it with those, or with --fresh",
                plan.place.root().display()
            );
        }
        let mut ports = Ports::remembered(remembered.map_or(plan.wished, |file| file.ports));
        let addresses = Addresses::claim(&mut ports, plan.cells, plan.ground)?;
        for remark in ports.take_remarks() {
            say::line(remark);
        }
        // Installed beside what is built, for all fleets.
        let home = plan.binaries.parent().unwrap_or(&plan.binaries).join("engines");
        let folder = plan.place.root().join("engines");
        let engines = Engines::start(plan.ground, &home, &folder).await?;
        let identities = Identities::of(&plan.place)?;
        let setting = Setting {
            binaries: &plan.binaries,
            place: &plan.place,
            at: &addresses,
            identities: &identities,
            filter: &plan.log,
            engines: &engines,
            ground: plan.ground,
        };
        let programs = setting.programs()?;
        let mut fleet = Self {
            place: plan.place,
            binaries: plan.binaries,
            addresses,
            programs,
            engines,
            ground: plan.ground,
            operator: identities.issue(Role::Operator, "dev")?,
            authority: identities.authority_file(),
            trusted: identities.trusted()?,
            plain: Plain::new(),
        };
        fleet.tell_where(&ports)?;
        let patience = fleet.patience();
        for program in &mut fleet.programs {
            program.start()?;
        }
        for program in &mut fleet.programs {
            let left = patience.saturating_sub(begun.elapsed());
            program.ready(&fleet.plain, left.max(Duration::from_secs(1))).await?;
            say::good(format!("{} ({} ms)", program.name, begun.elapsed().as_millis()));
        }
        fleet.settled().await?;
        say::good(format!("every slot has an owner ({} ms)", begun.elapsed().as_millis()));
        Ok(fleet)
    }

    fn tell_where(&self, ports: &Ports) -> anyhow::Result<()> {
        let at = &self.addresses;
        let admins = self.admins().into_iter();
        let admin = admins.map(|(member, at)| (member.to_string(), at)).collect();
        let file = FleetFile {
            control_plane: self.control_plane(),
            identity: self.operator.clone(),
            router: self.router(),
            authority: self.authority.clone(),
            stripe: url(at.stripe),
            admin,
            cells: u16::try_from(at.cells.len())?,
            ground: self.ground,
            ports: ports.by_listener().clone(),
            started_by: std::process::id(),
        };
        self.place.write(FILE, &file)
    }

    /// Waits until every slot has an owner: cells are ready before all of them have registered.
    async fn settled(&self) -> anyhow::Result<()> {
        let settled = eventually(self.patience(), async || {
            let homes = self.homes().await?;
            ensure!(homes.are_whole(), "slots have no owner yet");
            anyhow::Ok(())
        });
        settled.await.map_err(|late| late.last)
    }

    /// Where clients go.
    pub fn router(&self) -> String {
        format!("https://{}", self.addresses.router)
    }

    /// Where the router takes clients without TLS: for bytes that no client would send, and for the payment stand-in.
    pub fn router_plain(&self) -> SocketAddr {
        self.addresses.router_plain
    }

    /// A client of the router.
    pub fn api(&self, patience: Duration) -> Api {
        Api::at(&self.router(), &self.trusted, patience)
    }

    /// The file with the certificate that clients believe.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The folder with an operator's identity.
    pub fn operator(&self) -> &Path {
        &self.operator
    }

    /// Where the control plane is; all of them, with commas, if there are several.
    pub fn control_plane(&self) -> String {
        self.addresses.planes()
    }

    /// Where the payment stand-in is.
    pub fn stripe(&self) -> String {
        url(self.addresses.stripe)
    }

    /// The admin ports, by process.
    pub fn admins(&self) -> Vec<(Member, String)> {
        let at = &self.addresses;
        let cells = at.pods().map(|(member, cell)| (member, url(cell.admin)));
        let planes = (1..).zip(&at.control_planes).map(|(number, plane)| {
            let member = if number == 1 { Member::ControlPlane } else { Member::Replica(number) };
            (member, url(plane.admin))
        });
        let router = (Member::Router, url(at.router_admin));
        planes.chain([router]).chain(cells).collect()
    }

    /// Whether a cell keeps what it keeps on engines, and not on its own disk.
    pub fn is_on_engines(&self, cell: &str) -> bool {
        (1..)
            .take(self.addresses.cells.len())
            .any(|number| self.ground.bears(number) && Member::Cell(number).to_string() == cell)
    }

    /// Where the fleet keeps what it keeps.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The program `soukctl`.
    pub fn soukctl(&self) -> PathBuf {
        self.binaries.join("soukctl")
    }

    /// Everybody.
    pub fn members(&self) -> Vec<Member> {
        self.programs.iter().map(|program| program.member).collect()
    }

    /// The processes that run, by member.
    pub fn pids(&self) -> Vec<(Member, u32)> {
        self.programs.iter().filter_map(|program| Some((program.member, program.pid()?))).collect()
    }

    /// The nodes of engines that run.
    pub fn node_pids(&self) -> Vec<(NodeName, u32)> {
        self.engines.pids()
    }

    /// `kill -9`.
    ///
    /// Errors: those of the kernel.
    pub fn kill(&mut self, member: Member) -> anyhow::Result<()> {
        self.program(member)?.kill()
    }

    /// Starts somebody again who was killed or stopped.
    ///
    /// Errors: those of starting.
    pub fn restart(&mut self, member: Member) -> anyhow::Result<()> {
        self.program(member)?.start()
    }

    /// Has another process of somebody take its ports over, and waits until the one before has ended and the other is ready; says
    /// how long that took.
    ///
    /// Errors: the other does not come up, or the one before does not end well.
    pub async fn follow(&mut self, member: Member) -> anyhow::Result<Duration> {
        let patience = self.patience();
        let took = self.program(member)?.follow(patience).await?;
        self.ready(member).await?;
        Ok(took)
    }

    /// Asks somebody to end, and waits.
    ///
    /// Errors: those of the kernel.
    pub async fn stop_one(&mut self, member: Member) -> anyhow::Result<()> {
        self.program(member)?.stop().await
    }

    /// Waits until somebody is ready.
    ///
    /// Errors: it ended, or took too long.
    pub async fn ready(&mut self, member: Member) -> anyhow::Result<()> {
        let (plain, patience) = (self.plain.clone(), self.patience());
        self.program(member)?.ready(&plain, patience).await
    }

    /// Whether somebody is ready, asked once.
    ///
    /// Errors: it ended.
    pub async fn is_ready(&mut self, member: Member) -> anyhow::Result<bool> {
        let plain = self.plain.clone();
        self.program(member)?.is_ready(&plain).await
    }

    /// What somebody's admin port says of a path.
    ///
    /// Errors: nobody answers, or not with 200.
    pub async fn admin_page(&self, member: Member, path: &str) -> anyhow::Result<String> {
        let admins = self.admins();
        let (_, address) = (admins.iter())
            .find(|(of, _)| *of == member)
            .with_context(|| format!("{member} has no admin port"))?;
        let (status, text) = self.plain.get(&format!("{address}{path}")).await?;
        anyhow::ensure!(status == 200, "{member} answers {path} with {status}");
        Ok(text)
    }

    /// Everybody who has ended without being asked.
    ///
    /// Errors: those of the kernel.
    pub fn ended(&mut self) -> anyhow::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        for program in &mut self.programs {
            if let Some(status) = program.ended()? {
                ended.push(Ended { member: program.member, status });
            }
        }
        Ok(ended)
    }

    /// Who owns which slot, as the control plane says.
    ///
    /// Errors: `soukctl` fails.
    pub async fn homes(&self) -> anyhow::Result<Homes> {
        let text = self.ctl(&["slots", "list", "--runs", "-o", "json"]).await?;
        Homes::read(&text)
    }

    /// Runs `soukctl`; returns what it prints.
    ///
    /// Errors: its exit code is not 0; what it said is in the error.
    pub async fn ctl(&self, args: &[&str]) -> anyhow::Result<String> {
        let mut command = tokio::process::Command::new(self.soukctl());
        command.args(["--control-plane", &self.control_plane()]).arg("--identity");
        command.arg(&self.operator).args(args).kill_on_drop(true);
        let output = command.output().await.context("soukctl cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "soukctl {}: {}", args.join(" "), said.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The engines on which everybody is; it has no nodes where everybody is on their own disk.
    pub fn engines(&mut self) -> &mut Engines {
        &mut self.engines
    }

    /// Stops everybody: those first who ask others.
    ///
    /// Errors: those of the kernel.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for program in self.programs.iter_mut().rev() {
            program.stop().await?;
        }
        self.engines.stop().await
    }

    fn patience(&self) -> Duration {
        if self.ground == Ground::DISKS { READY_PATIENCE } else { ON_ENGINES_PATIENCE }
    }

    fn program(&mut self, member: Member) -> anyhow::Result<&mut Program> {
        let found = self.programs.iter_mut().find(|program| program.member == member);
        found.with_context(|| format!("the fleet has no {member}"))
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Refuses a directory that a running fleet uses: its data must not be touched by another.
///
/// Errors: one does.
pub fn refuse_if_used(root: &Path) -> anyhow::Result<()> {
    let Ok(bytes) = std::fs::read(root.join(FILE)) else { return Ok(()) };
    let file = serde_json::from_slice::<FleetFile>(&bytes).ok();
    let owner = file.and_then(|file| running_fleet(file.started_by));
    ensure!(
        owner.is_none(),
        "{} is used by a running fleet ({}); stop that one first",
        root.display(),
        owner.unwrap_or_default()
    );
    Ok(())
}

/// The process, if it lives and is one of ours.
fn running_fleet(pid: u32) -> Option<String> {
    if pid == std::process::id() {
        return None;
    }
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    name.starts_with("souk-journeys").then(|| format!("pid {pid}"))
}
