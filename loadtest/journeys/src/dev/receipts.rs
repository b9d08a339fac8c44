//! Runs the printed commands and looks in all three cells whether what they promise has happened.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base_testkit::eventually;
use serde_json::{Value, json};

use super::{
    commands::Command,
    record::{Person, Pick, Record},
};
use crate::{
    http::{Api, list, minor, number, text},
    launch::Fleet,
    people::{Account, Buyer, Keys, Vendor},
    say,
};

/// The line that tells this program, and not people, which order it was.
const MARK: &str = "order-of-the-check: ";

/// How long an order's news may take to reach its vendors.
const NEWS: Duration = Duration::from_secs(10);

/// Runs the commands, prints the receipts; true if everything is as it should be.
pub(super) async fn check(
    fleet: &Fleet,
    api: &Api,
    record: &Record,
    commands: &[Command],
) -> anyhow::Result<bool> {
    let keys = Keys::of_seed(rand::random());
    let mut vendors = Vec::new();
    for pick in &record.picks {
        let vendor = Vendor::known(&pick.vendor, &sign_in(api, &pick.owner).await?, api, &keys);
        let before = level(&vendor, pick).await?;
        vendors.push((pick, vendor, before));
    }
    say::step("running the ten commands");
    let order = run(commands).await?;
    let buyer = Buyer::registered(sign_in(api, &record.shopper).await?, api, &keys);
    // A completed checkout has told the order; the order tells its vendors.
    let group = confirmed(async || buyer.read(&order).await).await?;
    let payment = buyer.read(text(&group, "/payment")?).await?;
    say::step("receipts");
    let mut holds =
        receipt(fleet, &order, &group["status"], minor(&group, "/total"), "CONFIRMED").await?;
    let name = text(&payment, "/name")?;
    holds &= receipt(fleet, name, &payment["status"], minor(&payment, "/kept"), "CAPTURED").await?;
    let mut sum = 0;
    for (pick, vendor, before) in &vendors {
        let part = list(&group, "/parts").iter().find(|part| part["vendor"] == json!(pick.vendor));
        let part = part.with_context(|| format!("{order} has no part of {}", pick.vendor))?;
        let path = format!("/orders/{}", text(part, "/order")?);
        let child = confirmed(async || vendor.read(&path).await).await?;
        sum += minor(&child, "/total");
        holds &= receipt(
            fleet,
            text(&child, "/name")?,
            &child["status"],
            minor(&child, "/total"),
            "CONFIRMED",
        )
        .await?;
        let after = level(vendor, pick).await?;
        let sold = number(&after, "/allocated") - number(before, "/allocated");
        let available = number(before, "/available") - number(&after, "/available");
        let stock = format!(
            "{}/stock/{}: {sold} allocated, {available} fewer available",
            pick.vendor, pick.offer
        );
        say::verdict(sold == 1 && available == 1, &stock);
        holds &= sold == 1 && available == 1;
    }
    let even = sum == minor(&group, "/total") && sum == minor(&payment, "/kept");
    say::verdict(
        even,
        format!(
            "parts {sum} = group {} = paid {}",
            minor(&group, "/total"),
            minor(&payment, "/kept")
        ),
    );
    Ok(holds && even)
}

/// Reads until the status is the one that a paid order has, or for long enough; judging is for the receipt.
async fn confirmed(read: impl AsyncFn() -> anyhow::Result<Value>) -> anyhow::Result<Value> {
    let found = eventually(NEWS, async || {
        let found = read().await.map_err(Err)?;
        if found["status"] == json!("CONFIRMED") { Ok(found) } else { Err(Ok(found)) }
    });
    found.await.or_else(|late| late.last)
}

async fn sign_in(api: &Api, person: &Person) -> anyhow::Result<Account> {
    Account::sign_in(api, &person.email, &person.password).await
}

async fn level(vendor: &Vendor, pick: &Pick) -> anyhow::Result<Value> {
    vendor.read(&format!("/stock/{}", pick.offer)).await
}

/// Runs the commands as one script; returns the order that they end in.
async fn run(commands: &[Command]) -> anyhow::Result<String> {
    let begin = "set -euo pipefail".to_owned();
    let each = commands.iter().map(|Command { why, line }| format!("echo '# {why}'\n{line}"));
    let end = format!("echo \"{MARK}$ORDER\"");
    let script = std::iter::once(begin).chain(each).chain([end]).collect::<Vec<_>>().join("\n");
    let mut bash = tokio::process::Command::new("bash");
    let output = bash
        .args(["-c", &script])
        .kill_on_drop(true)
        .output()
        .await
        .context("bash cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in said.lines().filter(|line| !line.starts_with(MARK)) {
        say::line(shortened(line));
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "the commands ended with {}: {complaint}", output.status);
    let order = said.lines().find_map(|line| line.strip_prefix(MARK)).unwrap_or_default();
    ensure!(order.contains("/orders/"), "the commands did not end in an order: {complaint}");
    Ok(order.to_owned())
}

/// Prints where something lives and how it stands.
async fn receipt(
    fleet: &Fleet,
    name: &str,
    status: &Value,
    amount: i64,
    expected: &str,
) -> anyhow::Result<bool> {
    let tenant: Vec<&str> = name.splitn(3, '/').collect();
    let place = fleet
        .ctl(&["tenants", "where", &tenant[..2.min(tenant.len())].join("/"), "-o", "json"])
        .await?;
    let place: Value = serde_json::from_str(&place)?;
    let cell = place["cell"]
        .as_str()
        .or(place.pointer("/cell/id").and_then(Value::as_str))
        .unwrap_or("nobody");
    let holds = *status == json!(expected);
    say::verdict(
        holds,
        format!("{cell}: {name} is {status}, {}.{:02} MAD", amount / 100, amount % 100),
    );
    Ok(holds)
}

fn shortened(line: &str) -> String {
    const MAX: usize = 400;
    if line.chars().count() <= MAX {
        return line.to_owned();
    }
    format!("{} …", line.chars().take(MAX).collect::<String>())
}
