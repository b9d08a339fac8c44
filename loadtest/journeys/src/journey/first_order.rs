//! Purchases over cells while anybody may be killed at any moment: nothing is lost, nothing happens twice, nothing is left over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    kills::{Killed, all_ready, kill_somebody},
    rest::books_balance,
    stage::{Set, Stage},
};
use crate::{
    accounts::Made,
    http::refused_with,
    launch::{Ground, Member},
    market::{Market, Size},
    people::{Basket, Buyer, Keys, Paying, Purchase},
    say,
};

/// How long one purchase may take, kills and deadlines included.
const PURCHASE: Duration = Duration::from_mins(4);
const SIZE: Size = Size { vendors_per_cell: 2, offers: 3, copies: 1_000 };

/// What is to happen.
#[derive(Clone, Copy, Debug)]
pub struct FirstOrder {
    /// At least so many purchases.
    pub purchases: usize,
    /// So many kills; purchases go on until all have happened.
    pub kills: usize,
    /// Buyers at once.
    pub buyers: usize,
}

/// What the buyers have in common.
struct Shopping {
    market: Market,
    keys: Keys,
    wanted: usize,
    started: AtomicUsize,
    /// All kills have happened.
    calm: AtomicBool,
    made: Mutex<Vec<Made>>,
}

/// Walks the journey; true if all books balance.
///
/// Errors: what could not be carried out at all.
pub async fn first_order(stage: &Stage, asked: FirstOrder) -> anyhow::Result<bool> {
    let real = stage.ground.cassandra > 0;
    // On engines that they share each cell has two processes, of which one dies at a time.
    let ground = Ground { pods: if real { 2 } else { 1 }, ..stage.ground };
    let stage = &Stage { ground, ..stage.clone() };
    let mut set = stage.set("first-order", SIZE).await?;
    say::step(format!(
        "{} purchases by {} buyers at once, {} times kill -9",
        asked.purchases, asked.buyers, asked.kills
    ));
    let shopping = Arc::new(Shopping {
        market: set.market.clone(),
        keys: set.market.keys.clone(),
        wanted: asked.purchases,
        started: AtomicUsize::new(0),
        calm: AtomicBool::new(asked.kills == 0),
        made: Mutex::default(),
    });
    let mut buyers = JoinSet::new();
    for _ in 0..asked.buyers {
        buyers.spawn(buy_on(Arc::clone(&shopping)));
    }
    let killed = kill_all(&mut set, asked.kills).await;
    shopping.calm.store(true, Ordering::Relaxed);
    let killed = killed?;
    let mut holds = true;
    while let Some(bought) = buyers.join_next().await {
        if let Err(error) = bought? {
            say::bad(format!("a purchase did not end: {error:#}"));
            holds = false;
        }
    }
    let made = std::mem::take(&mut *shopping.made.lock());
    tell(&made, &killed);
    holds &= killed.unclear.is_empty();
    holds &= vendors_work(&set.market).await?;
    holds &= books_balance(&set, &made).await?;
    if stage.ground.between {
        holds &= kafka_was_used(&set).await?;
    }
    holds &= again_after_a_blackout(&mut set, &made).await?;
    let verdict = format!(
        "{} purchases, {} kills: nothing lost, doubled or left over",
        made.len(),
        asked.kills
    );
    say::verdict(holds, verdict);
    stage.strike(set, holds).await
}

async fn kill_all(set: &mut Set, kills: usize) -> anyhow::Result<Killed> {
    let mut killed = Killed::default();
    let bar = say::progress("kills", kills);
    for turn in 0..kills {
        kill_somebody(set, turn, &mut killed).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    all_ready(set).await?;
    Ok(killed)
}

/// One buyer after the other, until there were enough and nobody is killed any more.
async fn buy_on(shopping: Arc<Shopping>) -> anyhow::Result<()> {
    loop {
        let nth = shopping.started.fetch_add(1, Ordering::Relaxed);
        if nth >= shopping.wanted && shopping.calm.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (buyer, basket) = shopping.plan(nth);
        let purchase = buy(&buyer, &basket).await?;
        shopping.made.lock().push(Made { buyer, paying: basket.paying, purchase });
    }
}

async fn buy(buyer: &Buyer, basket: &Basket) -> anyhow::Result<Purchase> {
    buyer.buy(basket, PURCHASE).await
}

impl Shopping {
    /// A new visitor of one cell who buys from a vendor in each of two others; every third one at home and in another.
    fn plan(&self, nth: usize) -> (Buyer, Basket) {
        let cells = self.market.homes.cells();
        let home = nth % cells.len();
        let first = usize::from(!(nth / cells.len()).is_multiple_of(3));
        let sellers = (first..cells.len().min(first + 2)).map(|step| (home + step) % cells.len());
        let mut lines = Vec::new();
        for cell in sellers.map(|nth| &cells[nth]) {
            let stall = *self.keys.pick(&self.market.stalls_in(cell));
            let ware = self.keys.pick(&stall.wares);
            let quantity = 1 + i64::from(self.keys.percent(30));
            lines.push((stall.vendor.name.clone(), ware.offer.clone(), quantity));
        }
        let paying = match self.keys.below(10) {
            0 => Paying::DeclinedCard,
            1..=6 => Paying::Card,
            _ => Paying::Cash,
        };
        (self.market.visitor_of(&cells[home]), Basket { lines, paying, ship_what_you_can: false })
    }
}

/// Whether anything came over Kafka to the processes that run now: what tenants of one cell tell each other does.
async fn kafka_was_used(set: &Set) -> anyhow::Result<bool> {
    let mut heard = 0;
    for member in set.fleet.members() {
        if matches!(member, Member::Cell(_) | Member::Pod(..)) {
            let page = set.fleet.admin_page(member, "/metrics").await?;
            let count =
                page.lines().find_map(|line| line.strip_prefix("cell_kafka_received_total "));
            heard += count.and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    let text = format!(
        "{heard} messages between tenants of one cell came over Kafka since the last kills"
    );
    say::verdict(heard > 0, text);
    Ok(heard > 0)
}

fn tell(made: &[Made], killed: &Killed) {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for Made { purchase, paying, .. } in made {
        let status = purchase.ended["status"].as_str().unwrap_or_default();
        let problems = purchase.problems().join(", ");
        *ends.entry(format!("{paying:?}: {status} {problems}").trim().to_owned()).or_default() += 1;
    }
    for (end, count) in ends {
        say::line(format!("{count:>6}  {end}"));
    }
    for (who, times) in &killed.times {
        say::line(format!("{times:>6}  {who}"));
    }
    for (answer, times) in &killed.said {
        say::line(format!("{times:>6}  {answer}"));
    }
    killed.unclear.iter().for_each(say::bad);
}

/// Vendors answer: some ship, some deliver, some reject, some have not looked yet.
async fn vendors_work(market: &Market) -> anyhow::Result<bool> {
    say::step("vendors work their orders");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for stall in &market.stalls {
        for order in stall.vendor.orders().await? {
            if order["status"] != json!("CONFIRMED") {
                continue;
            }
            let name = order["name"].as_str().unwrap_or_default();
            let course: &[&str] = match market.keys.below(8) {
                0 | 1 => &["reject"],
                2 => &["accept"],
                3 | 4 => &["accept", "ship"],
                5 | 6 => &["accept", "ship", "deliver"],
                _ => &[],
            };
            for verb in course {
                let body = match *verb {
                    "reject" => json!({"reason": "the copy is damaged"}),
                    "ship" => json!({"carrier": "Barid", "trackingNumber": "B-1"}),
                    _ => json!({}),
                };
                match stall.vendor.work(name, verb, &body).await {
                    Ok(_) => *counts.entry(verb).or_default() += 1,
                    // A part that is cancelled in the meantime cannot be worked any more.
                    Err(error) if refused_with(&error).is_some() => {
                        say::line(format!("{verb} {name}: {error:#}"));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    say::good(format!("{counts:?}"));
    Ok(true)
}

/// Everybody is killed at once and started again: the books are the same.
async fn again_after_a_blackout(set: &mut Set, made: &[Made]) -> anyhow::Result<bool> {
    say::step("kill -9 of everybody at once, and a fresh start");
    let members = set.fleet.members();
    for member in &members {
        set.fleet.kill(*member)?;
    }
    for node in set.fleet.engines().nodes() {
        set.fleet.engines().kill(node).await?;
    }
    set.fleet.engines().back().await?;
    for member in members {
        set.fleet.restart(member)?;
    }
    all_ready(set).await?;
    books_balance(set, made).await
}
