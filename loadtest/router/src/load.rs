//! Puts a load on one server: a closed loop for what a request costs, an open model for how long it takes.

use std::{net::SocketAddr, path::PathBuf, process::Command, time::Instant};

use anyhow::ensure;
use loadtest_kit::figures::Figures;

use crate::{
    closed::{Loop, Until},
    keys::Algorithm,
    meter,
    open::Told,
    peers::Site,
    plan::Plan,
    server::{Running, Server},
    tables::Size,
    wire::Wire,
};

/// What every client asks for: a path that needs its token.
pub(crate) const PATH: &str = "/v1/users/me/orders/0192f4a8-5c2e-7d4f-9a6b-3c8d2e1f0a9b";
/// Connections of every load.
pub(crate) const CONNECTIONS: usize = 64;
/// Requests before anything is measured.
pub(crate) const WARM_UP: u64 = 10_000;
/// A generator that needed more of its core has measured itself.
pub(crate) const GENERATOR_SHARE_MAX: f64 = 0.7;
/// How long an answer is, in bytes.
pub(crate) const ANSWER_LEN: usize = 1024;
/// How often a run is made again before its figure is left out.
const TRIES: usize = 3;
/// The table of the comparison with peers.
const USUAL: Size = Size { cells: 4, overrides: 1_000_000 };

/// A run with what it has found so far.
pub(crate) struct Bench<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) site: Site,
    pub(crate) figures: Figures,
    /// Figures for which the generator was too busy.
    pub(crate) left_out: usize,
}

impl Bench<'_> {
    /// All that are installed.
    pub(crate) fn servers(&self) -> anyhow::Result<Vec<Server>> {
        let router = Server { name: "router".to_owned(), ..self.site.router(USUAL)? };
        let mut servers = Vec::new();
        servers.extend(self.site.nginx()?);
        for verifying in [None, Some(Algorithm::Rs256), Some(Algorithm::Es256)] {
            servers.extend(self.site.haproxy(verifying)?);
        }
        servers.extend([self.site.bare_pingora()?, router]);
        let only = &self.plan.only;
        servers
            .retain(|server| only.is_empty() || only.iter().any(|part| server.name.contains(part)));
        Ok(servers)
    }

    fn log(&self, server: &Server) -> PathBuf {
        self.site.scratch.join(format!("{}.log", server.name.replace(' ', "-")))
    }

    /// Starts a server on a core of its own.
    pub(crate) async fn start(&self, server: &Server) -> anyhow::Result<Running> {
        let core = meter::server_core().to_string();
        server.start(&["taskset", "-c", &core], &self.log(server)).await
    }

    /// A closed loop; microseconds on the server's processor per request, or `None` if the generator was too busy each time.
    pub(crate) fn cpu_us(
        &mut self,
        running: &Running,
        asked: &Loop<'_>,
    ) -> anyhow::Result<Option<f64>> {
        for _ in 0..TRIES {
            let (before, generator) = (meter::cpu_ms(running.pid())?, Generator::begin()?);
            let answered = asked.run(Until::Seconds(self.plan.seconds))?;
            let spent_ms = meter::cpu_ms(running.pid())? - before;
            if generator.is_idle_enough()? {
                return Ok(Some(spent_ms * 1000.0 / answered));
            }
        }
        self.left_out += 1;
        Ok(None)
    }

    /// One run of the open model; `None` if the generator was too busy each time.
    pub(crate) fn open(
        &mut self,
        address: SocketAddr,
        wire: Wire,
        bearer: &str,
        rate: f64,
    ) -> anyhow::Result<Option<Told>> {
        for _ in 0..TRIES {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(std::env::current_exe()?).arg("open");
            for (flag, value) in [
                ("--address", address.to_string()),
                ("--rate", rate.to_string()),
                ("--seconds", self.plan.seconds.to_string()),
                ("--connections", CONNECTIONS.to_string()),
                ("--bearer", bearer.to_owned()),
                ("--path", PATH.to_owned()),
            ] {
                command.args([flag, &value]);
            }
            command.args(wire.tls.then_some("--tls")).args(wire.h2.then_some("--h2"));
            let generator = Generator::begin()?;
            let output = command.output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "the open model: {said}");
            if generator.is_idle_enough()? {
                return Ok(Some(serde_json::from_slice(&output.stdout)?));
            }
        }
        self.left_out += 1;
        Ok(None)
    }
}

/// Watches how busy the generator is that is started next and has ended when it is asked.
struct Generator {
    spent_ms: f64,
    begun: Instant,
}

impl Generator {
    fn begin() -> anyhow::Result<Self> {
        Ok(Self { spent_ms: meter::children_cpu_ms()?, begun: Instant::now() })
    }

    fn is_idle_enough(&self) -> anyhow::Result<bool> {
        let wall_ms = self.begun.elapsed().as_secs_f64() * 1000.0;
        Ok((meter::children_cpu_ms()? - self.spent_ms) / wall_ms <= GENERATOR_SHARE_MAX)
    }
}
