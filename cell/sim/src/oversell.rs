//! The oversell storm: many more buyers than units of one offer, in every cell, all at once, with a crash in the middle.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{join_all, try_join_all};
use souk_proto::souk::{checkout::v1::checkout::Status, orders::v1::Order};

use crate::{
    accounts::{self, Books, Broken, LONG},
    chance::Chance,
    client::Refused,
    clock,
    days::{CallDay, Days, LATENCY_MS, WireDay, WriteDay},
    fleet::{CELLS, Counts, Fleet},
    market::{self, Market, NoMarket, STOCK},
    purchase::{Purchase, Went},
    rest,
    scenario::{Plan, Scenario},
    trial::{in_virtual_time, wrongs_of},
};

/// Milliseconds over which the buyers come.
const RUSH_MS: u64 = 300;

/// How big the storm is.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Buyers, over three cells.
    pub buyers: usize,
    /// Units; not less than what the market begins with.
    pub units: i64,
    /// How chance falls.
    pub seed: u64,
}

/// The accounts after the storm.
pub struct Report {
    storm: Storm,
    counts: Counts,
    ended: BTreeMap<String, usize>,
    shipped: i64,
    allocated: i64,
    on_hand: i64,
    kept: i64,
    price: i64,
    orders: usize,
    broken: Vec<Broken>,
    seconds: f64,
}

/// A crowd on the wires: some messages come twice, a few late, some without an answer.
struct Jostle(Chance);

impl Days for Jostle {
    fn write(&self, _: usize, _: u64) -> Option<WriteDay> {
        None
    }

    fn message(&self, _: u64) -> Option<WireDay> {
        if self.0.once_in(20) {
            return Some(WireDay::Twice);
        }
        if self.0.once_in(50) {
            return Some(WireDay::AnswerLost);
        }
        self.0.once_in(400).then_some(WireDay::Late)
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.0.within(0..LATENCY_MS))
    }

    fn call(&self, _: u64) -> Option<CallDay> {
        self.0.once_in(20).then_some(CallDay::AnswerLost)
    }
}

/// Lets the storm loose.
pub fn run(market: &Market, storm: Storm) -> Result<Report, NoMarket> {
    in_virtual_time(|| go(market, storm))
}

async fn go(market: &Market, storm: Storm) -> Result<Report, NoMarket> {
    let began = Instant::now();
    let chance = Chance::of(storm.seed);
    let days: Arc<dyn Days> = Arc::new(Jostle(Chance::of(chance.number())));
    let fleet = Fleet::start(market.world.fork(chance.number()), &days);
    let wanted = &market.listings[1];
    let more = storm.units - STOCK;
    if more > 0 {
        market::receive(&fleet, &wanted.owner, &wanted.vendor, &wanted.offer, more).await?;
    }
    rest::quiet(&fleet).await?;
    let plan = Plan { quantities: [0, 1], ..Scenario::Card.plan() };
    let users: Vec<_> = (0..storm.buyers)
        .map(|number| market::user_in(number % CELLS, 10 + number / CELLS))
        .collect();
    let purchases: Vec<_> = users
        .iter()
        .map(|user| Purchase::new(&fleet, &market.listings, plan, user.clone()))
        .collect();
    // Everybody is ready before anybody buys: otherwise those who come late would find the offer sold out already.
    let ready = try_join_all(purchases.iter().map(Purchase::prepare)).await?;
    let rush = purchases.iter().zip(ready).map(|(purchase, checkout)| {
        let wait = chance.within(0..RUSH_MS);
        async move {
            clock::millis(wait).await;
            purchase.finish(checkout).await
        }
    });
    let crash = async {
        clock::millis(RUSH_MS / 2).await;
        fleet.kill(fleet.home(&wanted.vendor));
    };
    let (went, ()) = futures_util::join!(join_all(rush), crash);
    let mut ends = BTreeMap::new();
    for went in &went {
        *ends.entry(ended(went)).or_default() += 1;
    }
    let wrong = |went: &&Result<_, Refused>| !matches!(went, Err(no) if no.is_sold_out());
    let mut broken: Vec<Broken> = went.iter().filter(wrong).flat_map(wrongs_of).collect();
    rest::rest(&fleet, LONG).await?;
    let counts = fleet.counts();
    let (books, found) = accounts::audit(&fleet, &market.listings, &users).await?;
    broken.extend(found);
    fleet.stop().await;
    let seconds = began.elapsed().as_secs_f64();
    let report =
        Report { counts, ended: ends, seconds, ..Report::of(storm, &books, &wanted.offer) };
    broken.extend(report.miscounted());
    Ok(Report { broken, ..report })
}

/// How a purchase ended, in a word or two.
fn ended(went: &Result<Went, Refused>) -> String {
    let checkout = match went {
        Err(no) if no.is_sold_out() => return "out of stock".to_owned(),
        Err(no) => return no.code.clone(),
        Ok(went) => &went.checkout,
    };
    let stock = checkout.problems.iter().any(|problem| problem.code == "out_of_stock");
    match checkout.status() {
        Status::Completed => "completed".to_owned(),
        Status::Failed if stock => "out of stock".to_owned(),
        other => {
            let codes: Vec<&str> =
                checkout.problems.iter().map(|problem| problem.code.as_str()).collect();
            format!("{} {}", other.as_str_name().to_lowercase(), codes.join(" "))
        }
    }
}

impl Report {
    /// What the books say.
    fn of(storm: Storm, books: &Books, offer: &str) -> Self {
        let level = books.stock.iter().find(|level| level.offer == offer);
        let on_hand = level.map_or(0, |level| level.on_hand);
        let intents = books.bank.intents().iter();
        let price = |order: &Order| order.total.as_ref().map_or(0, |total| total.minor);
        Self {
            storm,
            counts: Counts::default(),
            ended: BTreeMap::new(),
            shipped: storm.units - on_hand,
            allocated: level.map_or(0, |level| level.allocated),
            on_hand,
            kept: intents.map(|it| it.taken - it.back.values().sum::<i64>()).sum(),
            price: books.orders.values().map(price).sum(),
            orders: books.orders.len(),
            broken: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Exactly what there is is sold, and nobody is turned away for another reason.
    fn miscounted(&self) -> Option<Broken> {
        let Storm { buyers, units, .. } = self.storm;
        let sold = usize::try_from(units).unwrap_or(0).min(buyers);
        let expected = [("completed", sold), ("out of stock", buyers - sold)];
        let expected = expected.into_iter().filter(|(_, count)| *count > 0);
        let expected: BTreeMap<String, usize> =
            expected.map(|(end, count)| (end.to_owned(), count)).collect();
        let what =
            || format!("ended {:?} with {} orders, not {expected:?}", self.ended, self.orders);
        let right = self.ended == expected && self.orders == sold;
        (!right).then(|| Broken { invariant: "oversell", what: what() })
    }

    /// What is broken.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Storm { buyers, units, seed } = self.storm;
        writeln!(f, "{buyers} buyers in {CELLS} cells, {units} units at one vendor, seed {seed}")?;
        for (end, count) in &self.ended {
            writeln!(f, "  {count:>6} {end}")?;
        }
        let Self { shipped, allocated, on_hand, kept, price, .. } = self;
        writeln!(
            f,
            "stock: {units} came in = {shipped} shipped + {on_hand} on hand ({allocated} sold and not shipped)"
        )?;
        writeln!(
            f,
            "money: {kept} kept by the card provider, {price} is what the orders cost (minor units)"
        )?;
        let Counts { writes, messages, calls } = &self.counts;
        writeln!(
            f,
            "work: {writes:?} writes by cell, {messages} messages on wires, {calls} calls to the provider"
        )?;
        for broken in &self.broken {
            writeln!(f, "broken: {broken}")?;
        }
        write!(f, "oversell: {} broken, {:.1} s", self.broken.len(), self.seconds)
    }
}
