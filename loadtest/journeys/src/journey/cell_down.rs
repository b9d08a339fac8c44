//! A cell is away: others' buyers keep buying from living vendors, and a checkout with the dead cell's vendor says which line waits.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    rest::books_balance,
    stage::{Set, Stage},
};
use crate::{
    accounts::Made,
    http::{list, text},
    launch::Member,
    market::{Size, Stall},
    people::{Basket, Buyer, Paying, Purchase},
    say,
};

const PURCHASE: Duration = Duration::from_mins(1);
/// The dead vendor's deadline is in here.
const UNDONE: Duration = Duration::from_mins(4);
const SIZE: Size = Size { vendors_per_cell: 1, offers: 1, copies: 100 };
/// How many purchases are made beside the dead cell.
const BESIDE: usize = 10;

/// Walks the journey; true if only the dead cell's own suffer, and all books balance.
///
/// Errors: what could not be carried out at all.
pub async fn cell_down(stage: &Stage) -> anyhow::Result<bool> {
    let mut set = stage.set("cell-down", SIZE).await?;
    let dead = set.market.homes.cells().last().context("the fleet has no cells")?.clone();
    let member = set.fleet.members().into_iter().find(|member| member.to_string() == dead);
    let member: Member = member.context("the fleet does not know the cell")?;
    let mut made = Vec::new();
    let (living, theirs) = sides(&set, &dead)?;
    let both = Basket {
        lines: vec![line(&living), line(&theirs)],
        paying: Paying::Card,
        ship_what_you_can: false,
    };
    // The cart is filled before: what is known of the dead vendor's offers stays known.
    let waiting = set.market.visitor_of(&living.cell);
    waiting.fill(&both.lines).await?;
    let partial = set.market.visitor_of(&living.cell);
    partial.fill(&both.lines).await?;

    say::step(format!("kill -9 of {dead}; it stays away"));
    set.fleet.kill(member)?;
    let mut holds = beside(&set, &living, &dead, &mut made).await?;
    say::step("a checkout with a vendor of the dead cell says who is waited for");
    let (checkout, told) = place(&waiting, &both, &theirs).await?;
    holds &= told;
    let what_is_there = Basket { ship_what_you_can: true, ..both.clone() };
    let (partial_checkout, told) = place(&partial, &what_is_there, &theirs).await?;
    holds &= told;
    say::step(
        "the deadline passes: all or nothing ends without an order, ship-what-you-can without that vendor",
    );
    let ended = waiting.ended(&checkout, UNDONE).await?;
    holds &= judge("all or nothing", &ended, false, &theirs);
    made.push(Made { buyer: waiting, paying: both.paying, purchase: purchase(checkout, ended) });
    let ended = partial.ended(&partial_checkout, UNDONE).await?;
    holds &= judge("ship what you can", &ended, true, &theirs);
    made.push(Made {
        buyer: partial,
        paying: both.paying,
        purchase: purchase(partial_checkout, ended),
    });

    say::step(format!("{dead} comes back; what waited for it is heard"));
    set.fleet.restart(member)?;
    set.fleet.ready(member).await?;
    let buyer = set.market.visitor_of(&dead);
    let bought = buyer.buy(&both, PURCHASE).await?;
    holds &= bought.order.is_some();
    made.push(Made { buyer, paying: both.paying, purchase: bought });
    holds &= books_balance(&set, &made).await?;
    say::verdict(holds, format!("{dead} away: {} purchases, only its own had to wait", made.len()));
    stage.strike(set, holds).await
}

/// A vendor that stays and one that goes.
fn sides(set: &Set, dead: &str) -> anyhow::Result<(Stall, Stall)> {
    let living =
        set.market.stalls.iter().find(|stall| stall.cell != dead).context("no living vendor")?;
    let theirs =
        set.market.stalls_in(dead).into_iter().next().context("no vendor in the dead cell")?;
    Ok((living.clone(), theirs.clone()))
}

fn line(stall: &Stall) -> (String, String, i64) {
    (stall.vendor.name.clone(), stall.wares[0].offer.clone(), 1)
}

/// Buyers of the living cells buy as if nothing had happened.
async fn beside(
    set: &Set,
    living: &Stall,
    dead: &str,
    made: &mut Vec<Made>,
) -> anyhow::Result<bool> {
    let cells: Vec<String> =
        set.market.homes.cells().iter().filter(|cell| *cell != dead).cloned().collect();
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    let mut sold = 0;
    for nth in 0..BESIDE {
        let buyer = set.market.visitor_of(&cells[nth % cells.len()]);
        let paying = if nth.is_multiple_of(2) { Paying::Card } else { Paying::Cash };
        let since = Instant::now();
        let basket = Basket { lines: vec![line(living)], paying, ship_what_you_can: false };
        let purchase = buyer.buy(&basket, PURCHASE).await?;
        slowest = slowest.max(since.elapsed());
        sold += usize::from(purchase.order.is_some());
        made.push(Made { buyer, paying, purchase });
    }
    let text = format!(
        "{sold} of {BESIDE} purchases beside it in {:.1} s, the slowest {} ms",
        begun.elapsed().as_secs_f64(),
        slowest.as_millis()
    );
    say::verdict(sold == BESIDE, text);
    Ok(sold == BESIDE)
}

/// Places a checkout and waits until it names the vendor that it waits for.
async fn place(buyer: &Buyer, basket: &Basket, theirs: &Stall) -> anyhow::Result<(String, bool)> {
    let checkout = buyer.start_checkout(basket).await?;
    let name = text(&checkout, "/name")?.to_owned();
    let below = name.strip_prefix(&buyer.user).unwrap_or_default().to_owned();
    buyer.ask(&format!("{below}:place"), &json!({})).await?;
    let named = base_testkit::eventually(Duration::from_secs(20), async || {
        let found = buyer.read(&name).await.map_err(|error| format!("{error:#}"))?;
        let waits: Vec<&str> =
            list(&found, "/waitingFor").iter().filter_map(Value::as_str).collect();
        if waits == [theirs.vendor.name.as_str()] {
            Ok(())
        } else {
            Err(format!("it waits for {waits:?}"))
        }
    });
    match named.await {
        Ok(()) => {
            say::good(format!("{name} waits for {} alone", theirs.vendor.name));
            Ok((name, true))
        }
        Err(late) => {
            say::bad(format!("{name}: {late}"));
            Ok((name, false))
        }
    }
}

fn judge(what: &str, ended: &Value, with_order: bool, theirs: &Stall) -> bool {
    let ordered = ended["order"].as_str().is_some_and(|order| !order.is_empty());
    let named = list(ended, "/problems").iter().any(|problem| {
        problem["subject"].as_str().is_some_and(|subject| subject.starts_with(&theirs.vendor.name))
    });
    let text = format!("{what}: {} with problems {}", ended["status"], ended["problems"]);
    if ordered == with_order && named {
        say::good(text);
        return true;
    }
    say::bad(text);
    false
}

fn purchase(checkout: String, ended: Value) -> Purchase {
    let order = ended["order"].as_str().filter(|order| !order.is_empty()).map(str::to_owned);
    Purchase { checkout, order, ended }
}
