//! Whether a request costs the same with more cells and more tenants placed by name.

use std::path::{Path, PathBuf};

use loadtest_kit::figures::Goal;
use loadtest_kit::say;

use crate::{
    callgrind,
    closed::{Asks, Loop, Until},
    load::{Bench, CONNECTIONS, WARM_UP},
    meter,
    server::{Running, Server},
    tables::{Size, placed},
    wire::Wire,
};

const CELLS: [Size; 3] = [
    Size { cells: 1, overrides: 100_000 },
    Size { cells: 4, overrides: 100_000 },
    Size { cells: 16, overrides: 100_000 },
];
const OVERRIDES: [Size; 3] = [
    Size { cells: 4, overrides: 1_000 },
    Size { cells: 4, overrides: 100_000 },
    Size { cells: 4, overrides: 1_000_000 },
];
/// How many times the least a request may cost with the most.
const FLAT: Goal = Goal::AtMost(1.05);
/// How many tenants are asked for, by turns.
const TENANTS_ASKED: usize = 10_000;

/// All sizes, each once.
fn sizes() -> Vec<Size> {
    let mut sizes = CELLS.to_vec();
    sizes.extend(OVERRIDES.into_iter().filter(|size| !CELLS.contains(size)));
    sizes
}

impl Bench<'_> {
    /// CPU per request and memory of routers with tables of several sizes.
    pub(crate) async fn growth(&mut self) -> anyhow::Result<()> {
        say::step("growth: cells and overrides");
        let mut all = Vec::new();
        for size in sizes() {
            let (server, paths) = self.sized(size)?;
            all.push((size, self.start(&server).await?, paths));
        }
        for (_, running, paths) in &all {
            asking(running, paths).run(Until::Requests(WARM_UP))?;
        }
        for _ in 0..self.plan.repeat {
            let mut costs = Vec::new();
            for (size, running, paths) in &all {
                let Some(cost) = self.cpu_us(running, &asking(running, paths))? else { continue };
                let name = format!("growth: CPU per request, {size}");
                self.figures.add(&name, "µs", Goal::None, cost);
                costs.push((*size, cost));
            }
            self.flatness("CPU", &costs);
        }
        for (size, running, _) in all {
            let resident_mb = meter::resident_mb(running.pid())?;
            let name = format!("growth: memory, {size}");
            self.figures.add(&name, "MB", Goal::AtMost(64.0), resident_mb);
            running.stop().await?;
        }
        Ok(())
    }

    /// The same in instructions, which nothing else on the machine disturbs.
    pub(crate) async fn growth_in_instructions(&mut self) -> anyhow::Result<()> {
        let mut counts = Vec::new();
        for size in sizes() {
            let (server, paths) = self.sized(size)?;
            let (asks, counted) = (Asks::File(&paths), self.plan.counted);
            let thousands =
                callgrind::per_request(&server, Wire::PLAIN, asks, counted, &self.site.scratch)
                    .await?;
            let name = format!("growth: user instructions per request, {size}");
            self.figures.add(&name, "k", Goal::None, thousands);
            counts.push((size, thousands));
        }
        self.flatness("user instructions", &counts);
        Ok(())
    }

    fn flatness(&mut self, what: &str, costs: &[(Size, f64)]) {
        let of = |size: Size| costs.iter().find(|(other, _)| *other == size).map(|(_, cost)| *cost);
        for (least, most) in [(CELLS[0], CELLS[2]), (OVERRIDES[0], OVERRIDES[2])] {
            if let Some((least_cost, most_cost)) = of(least).zip(of(most)) {
                let name = format!("growth: {what}, {most} / {least}");
                self.figures.add(&name, "×", FLAT, most_cost / least_cost);
            }
        }
    }

    /// A router with a table of this size, and a file of what it is asked for.
    fn sized(&self, size: Size) -> anyhow::Result<(Server, PathBuf)> {
        let server = self.site.router(size)?;
        let paths = self.site.scratch.join(format!("{}-{}.paths", size.cells, size.overrides));
        ask_of_many(&paths, size)?;
        Ok((server, paths))
    }
}

fn asking<'a>(running: &'a Running, paths: &'a Path) -> Loop<'a> {
    Loop { asks: Asks::File(paths), ..Loop::on(&running.server, Wire::PLAIN, CONNECTIONS) }
}

/// A file of paths that name tenants, placed by name or living in their slot, half and half.
fn ask_of_many(file: &Path, size: Size) -> anyhow::Result<()> {
    let step = (size.overrides / TENANTS_ASKED).max(1);
    let paths = (0..TENANTS_ASKED).map(|nth| {
        let which = if nth % 2 == 0 { nth * step % size.overrides } else { size.overrides + nth };
        format!("/v1/{}/orders?page_size=10", placed(which))
    });
    let text = paths.collect::<Vec<_>>().join("\n");
    std::fs::write(file, text)?;
    Ok(())
}
