//! What is measured and in which order: all servers by turns, so that what the machine does meanwhile hits all alike.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use base_testkit::{Child, Scratch};
use loadtest_kit::figures::Figures;
use loadtest_kit::{Ports, say};

use crate::{
    keys::Keys,
    load::{ANSWER_LEN, Bench, CONNECTIONS, GENERATOR_SHARE_MAX, WARM_UP},
    meter,
    peers::{self, Site},
    server::Server,
    wire::Wire,
};

/// Most cells in a table.
const CELLS_MAX: usize = 16;

/// How thoroughly it is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where `souk-router`, `bare-pingora` and this program are.
    pub binaries: PathBuf,
    /// Repetitions.
    pub repeat: usize,
    /// Seconds of each load.
    pub seconds: u64,
    /// Requests of the shorter run under callgrind; 0 for none.
    pub counted: u64,
    /// How clients speak.
    pub wires: Vec<Wire>,
    /// Measures how cost and memory grow with cells and overrides.
    pub growth: bool,
    /// Measures only servers whose names contain one of these; all if there are none.
    pub only: Vec<String>,
    /// Keeps what the servers wrote.
    pub keep: bool,
    /// Where the JSON goes.
    pub json: PathBuf,
}

/// Measures everything; true if nothing was left out because the generator was too busy.
///
/// Errors: a program that cannot do without; a server that does not start or answers with anything but 200.
pub async fn run(plan: &Plan) -> anyhow::Result<bool> {
    let skipped = peers::install()?;
    let scratch = Scratch::new("bench-router")?;
    let mut ports = Ports::default();
    let cells = (1..=CELLS_MAX).map(|nth| ports.claim(&format!("cell {nth}")));
    let cells = cells.collect::<Result<_, _>>()?;
    let site = Site {
        binaries: plan.binaries.clone(),
        scratch: scratch.path().to_owned(),
        keys: Keys::make(scratch.path())?,
        ports: ports.into(),
        cells,
    };
    let _origin = start_origin(&site)?;
    let figures = Figures::new("a request through the router, beside others");
    let mut bench = Bench { plan, site, figures, left_out: 0 };
    let servers = bench.servers()?;
    let measured = bench.measure(&servers, !skipped.contains(&"valgrind")).await;
    for text in remarks(plan, &skipped) {
        bench.figures.remark(text);
    }
    // What was measured before something failed is worth having.
    bench.figures.publish(&plan.json)?;
    measured?;
    let whole = bench.left_out == 0;
    if !whole {
        say::bad(format!("{} runs were left out: the generator was too busy", bench.left_out));
    }
    if plan.keep {
        say::line(format!("kept: {}", scratch.keep().display()));
    }
    Ok(whole)
}

impl Bench<'_> {
    async fn measure(&mut self, servers: &[Server], has_valgrind: bool) -> anyhow::Result<()> {
        self.compare(servers).await?;
        if self.plan.growth {
            self.growth().await?;
        }
        // Last: callgrind counts the same on a machine that is busy.
        if self.plan.counted > 0 && has_valgrind {
            self.instructions(servers).await?;
            if self.plan.growth {
                self.growth_in_instructions().await?;
            }
        }
        Ok(())
    }
}

/// The cells' stand-in: this program, on the generators' core or on a third.
fn start_origin(site: &Site) -> anyhow::Result<Child> {
    let addresses: Vec<String> = site.cells.iter().map(SocketAddr::to_string).collect();
    let mut command = Command::new("taskset");
    command.args(["-c", &meter::origin_core().to_string()]).arg(std::env::current_exe()?).args([
        "origin",
        "--bytes",
        &ANSWER_LEN.to_string(),
        "--addresses",
        &addresses.join(","),
    ]);
    Child::start(command.stdin(Stdio::null())).context("the cells' stand-in")
}

fn remarks(plan: &Plan, skipped: &[&str]) -> Vec<String> {
    let Plan { seconds, repeat, .. } = plan;
    let share = GENERATOR_SHARE_MAX * 100.0;
    let mut remarks = vec![
        peers::versions().join("; "),
        format!(
            "each load: {seconds} s, {CONNECTIONS} connections, {ANSWER_LEN} bytes of answer, one request at a time on a connection, all servers by turns, {repeat} times after a warm-up of {WARM_UP} requests; server on core {}, generator on core 0, the cells' stand-in on core {}; a run whose generator used more than {share:.0} % of its core is made again and then left out",
            meter::server_core(),
            meter::origin_core(),
        ),
        "CPU: user + system from /proc over requests answered with 200, handshakes included; closed loop by h2load, HTTP/2 without TLS by prior knowledge".to_owned(),
        "latency: open model, from the intended begin, at half of 1 / the router's CPU per request, for all servers alike, those left out that could not keep up; added = through the server minus straight to the stand-in over plain HTTP/1.1 at the same rate".to_owned(),
        "instructions: callgrind, user space, the slope between N and 3 N requests, of two runs each the one with fewer".to_owned(),
        "the router does more than any peer: tenant from path and token, 1,000,000 overrides, token verified (EdDSA, remembered by its hash until it runs out), limits by address, class and tenant, the cell's gate, internal headers dropped and set, request id, trace, metrics, access log (1 % of what went well)".to_owned(),
        "HAProxy verifies the same claims signed with RS256 or ES256 (it knows no EdDSA) at every request, as it remembers none; nginx and bare Pingora verify nothing; none of the peers writes a log".to_owned(),
    ];
    remarks.extend(skipped.iter().map(|program| format!("skipped: {program} is not installed")));
    remarks
}
