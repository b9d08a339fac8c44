//! The router and its peers: CPU and latency by turns, memory, instructions.

use anyhow::{Context as _, ensure};
use loadtest_kit::figures::Goal;
use loadtest_kit::say;

use crate::{
    callgrind,
    closed::{Asks, Loop, Until},
    load::{Bench, CONNECTIONS, PATH, WARM_UP},
    meter,
    server::{Running, Server},
    wire::Wire,
};

/// What the router is called among the servers.
const OURS: &str = "router";
/// The router's CPU per request may be so many times that of a peer.
const RATIOS: [(&str, Goal); 5] = [
    ("bare Pingora", Goal::AtMost(1.25)),
    ("HAProxy RS256", Goal::AtMost(1.0)),
    ("HAProxy ES256", Goal::AtMost(1.0)),
    ("HAProxy", Goal::None),
    ("nginx", Goal::None),
];

/// A goal that only the router has.
fn ours(server: &Server, most: f64) -> Goal {
    if server.name == OURS { Goal::AtMost(most) } else { Goal::None }
}

impl Bench<'_> {
    /// CPU, latency and memory.
    pub(crate) async fn compare(&mut self, servers: &[Server]) -> anyhow::Result<()> {
        let mut all = Vec::new();
        for server in servers {
            all.push(self.start(server).await?);
        }
        for wire in self.plan.wires.clone() {
            say::step(format!("{wire}: {} servers, {} times", all.len(), self.plan.repeat));
            // The first load of each only warms: connections, caches, allocators.
            for running in &all {
                Loop::on(&running.server, wire, CONNECTIONS).run(Until::Requests(WARM_UP))?;
            }
            for nth in 1..=self.plan.repeat {
                let costs = self.costs(wire, &all)?;
                let told: Vec<_> =
                    costs.iter().map(|(name, cost)| format!("{name} {cost:.1}")).collect();
                say::line(format!("{nth} of {}: {} µs", self.plan.repeat, told.join(", ")));
                self.latencies(wire, &all, &costs)?;
            }
        }
        for running in all {
            let name = format!("memory, {}", running.server.name);
            let resident_mb = meter::resident_mb(running.pid())?;
            self.figures.add(&name, "MB", ours(&running.server, 64.0), resident_mb);
            running.stop().await?;
        }
        Ok(())
    }

    /// Microseconds per request of each server, once.
    fn costs(&mut self, wire: Wire, all: &[Running]) -> anyhow::Result<Vec<(String, f64)>> {
        let mut costs = Vec::new();
        for running in all {
            let asked = Loop::on(&running.server, wire, CONNECTIONS);
            let Some(cost) = self.cpu_us(running, &asked)? else { continue };
            let name = running.server.name.clone();
            self.figures.add(&format!("{wire}: CPU per request, {name}"), "µs", Goal::None, cost);
            costs.push((name, cost));
        }
        for (peer, goal) in RATIOS {
            if let Some((router, other)) = cost_of(&costs, OURS).zip(cost_of(&costs, peer)) {
                let name = format!("{wire}: CPU, router / {peer}");
                self.figures.add(&name, "×", goal, router / other);
            }
        }
        Ok(costs)
    }

    /// What each server adds to the stand-in's own latency, at half of the rate that the router could serve.
    fn latencies(
        &mut self,
        wire: Wire,
        all: &[Running],
        costs: &[(String, f64)],
    ) -> anyhow::Result<()> {
        let Some(ours_us) = cost_of(costs, OURS) else { return Ok(()) };
        let rate = 0.5e6 / ours_us;
        let cell = *self.site.cells.first().context("there is no cell")?;
        let bearer = all.first().map(|running| running.server.bearer.clone()).unwrap_or_default();
        let Some(direct) = self.open(cell, Wire::PLAIN, &bearer, rate)? else { return Ok(()) };
        // Whoever could not keep up would only show how long its queue grew.
        let keeps_up = |server: &Server| {
            cost_of(costs, &server.name).is_some_and(|cost| cost <= 1.5 * ours_us)
        };
        for Running { server, .. } in all.iter().filter(|running| keeps_up(&running.server)) {
            let told = self.open(server.address(wire), wire, &server.bearer, rate)?;
            let Some(through) = told else { continue };
            ensure!(through.failed == 0, "{} failed {} requests", server.name, through.failed);
            let name = |what: &str| format!("{wire}: {what} added at 50 % load, {}", server.name);
            let added = [
                ("p50", 0.15, through.p50_ms - direct.p50_ms),
                ("p99", 1.0, through.p99_ms - direct.p99_ms),
            ];
            for (what, goal, added_ms) in added {
                self.figures.add(&name(what), "ms", ours(server, goal), added_ms);
            }
            if through.dropped > 0 {
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
                let dropped = through.dropped as f64;
                self.figures.add(&name("requests dropped, not"), "", Goal::None, dropped);
            }
        }
        Ok(())
    }

    /// Instructions of all servers over all wires.
    pub(crate) async fn instructions(&mut self, servers: &[Server]) -> anyhow::Result<()> {
        let counted = self.plan.counted;
        say::step(format!("instructions, from {counted} to {} requests", 3 * counted));
        for wire in self.plan.wires.clone() {
            for server in servers {
                let (asks, scratch) = (Asks::Path(PATH), &self.site.scratch);
                let thousands =
                    callgrind::per_request(server, wire, asks, counted, scratch).await?;
                let goal = if wire == Wire::PLAIN { ours(server, 120.0) } else { Goal::None };
                let name = format!("{wire}: user instructions per request, {}", server.name);
                self.figures.add(&name, "k", goal, thousands);
                say::line(format!("{name}: {thousands:.1} k"));
            }
        }
        Ok(())
    }
}

fn cost_of(costs: &[(String, f64)], name: &str) -> Option<f64> {
    costs.iter().find(|(other, _)| other == name).map(|(_, cost)| *cost)
}
