//! All engines once, from nothing to nothing: up, asked, killed and up again, down, and nobody left.

use std::{fs, path::Path, time::Instant};

use anyhow::ensure;
use loadtest_kit::say;

use crate::{
    engine::{NodeName, Wanted},
    place::Place,
    set::{Set, Standing},
};

/// Walks through it in a set of its own; true if everything holds.
///
/// Errors: what could not be carried out; whatever was started is down again.
pub async fn check(home: &Path, wanted: &Wanted) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let place = Place::at(home, "check")?;
    let mut set = Set::open(place)?;
    // What a check left that was killed.
    set.down(true).await?;
    set = Set::open(Place::at(home, "check")?)?;
    let walked = walk(&mut set, wanted).await;
    let folder = set.place().set_folder();
    set.down(true).await?;
    walked?;
    let left = mentioning(&folder)?;
    ensure!(left.is_empty(), "these go on: {}", left.join(", "));
    say::good(format!(
        "down, and no process is left ({:.0} s in all)",
        begun.elapsed().as_secs_f64()
    ));
    Ok(true)
}

async fn walk(set: &mut Set, wanted: &Wanted) -> anyhow::Result<()> {
    say::step("up");
    set.up(wanted).await?;
    let before = set.standings().await;
    for line in table(&before).lines() {
        say::line(line);
    }
    say::step("each killed with kill -9, and up again on its data and its port");
    for standing in &before {
        set.kill(standing.node).await?;
    }
    set.up(wanted).await?;
    let after = set.standings().await;
    let same = |(one, other): (&Standing, &Standing)| {
        one.address == other.address && one.pid != other.pid && other.answer.is_ok()
    };
    ensure!(
        before.len() == after.len() && before.iter().zip(&after).all(same),
        "{}",
        table(&after)
    );
    Ok(())
}

/// How nodes are, a line each.
pub fn table(standings: &[Standing]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(["node", "address", "process", "memory MB", "version"]);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for Standing { node, address, pid, resident_mb, answer } in standings {
        let node: &NodeName = node;
        table.add_row([
            node.to_string(),
            address.to_string(),
            or_dash(pid.map(|pid| pid.to_string())),
            or_dash(resident_mb.map(|mb| format!("{mb:.0}"))),
            answer.clone().unwrap_or_else(|why| format!("not ready: {why}")),
        ]);
    }
    table.to_string()
}

/// Processes whose command names the folder.
fn mentioning(folder: &Path) -> anyhow::Result<Vec<String>> {
    let (folder, me) = (folder.display().to_string(), std::process::id());
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(&folder) && pid != me.to_string() {
            found.push(format!("{pid} {}", command.split(' ').next().unwrap_or_default()));
        }
    }
    Ok(found)
}
