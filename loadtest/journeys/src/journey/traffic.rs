//! Visitors of every cell who come at fixed rates, over HTTP/1.1 and HTTP/2, whether earlier answers are there or not, and streams
//! that stay open.
//!
//! Nobody asks twice, so whatever goes wrong is seen. Only what a kept connection ended before a byte of it was written goes out on
//! another one, as with any client that keeps connections.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, sleep_until},
};

use super::record::{Record, Trouble};
use crate::{
    accounts::Made,
    http::{Api, Ask, Events},
    market::Market,
    people::{Basket, Buyer, Paying},
};

/// How long a purchase may take that is followed afterwards.
const PURCHASE: Duration = Duration::from_mins(1);
/// A stream that ended is opened again after so long, as its last word says; so is one that could not be opened.
const COME_BACK: Duration = Duration::from_millis(500);
/// Of so many requests one is a write.
const WRITES: usize = 3;

/// How much traffic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    /// Visitors of each cell; every second one speaks HTTP/2.
    pub(super) visitors: usize,
    /// Streams of each cell; every second one over HTTP/2.
    pub(super) streams: usize,
    /// Requests a second, of all visitors together.
    pub(super) per_second: u32,
}

/// Traffic that goes on until it is stopped. Dropped, it stops at once.
pub(super) struct Traffic {
    record: Arc<Mutex<Record>>,
    enough: watch::Sender<bool>,
    under_way: JoinSet<()>,
    buyers: Vec<Buyer>,
    /// The purchases that are followed.
    made: Vec<Made>,
}

/// Somebody who shops, and where.
#[derive(Clone)]
struct Visitor {
    buyer: Buyer,
    api: Api,
    cell: String,
    /// Vendor and offer, in the same cell: another cell's death is none of theirs.
    wanted: (String, String),
}

impl Traffic {
    /// Everybody fills a cart, those who will follow an order place it; then they come.
    ///
    /// Errors: those of the platform.
    pub(super) async fn begin(market: &Market, volume: Volume) -> anyhow::Result<Self> {
        let (mut visitors, mut followed, mut made) = (Vec::new(), Vec::new(), Vec::new());
        for cell in market.homes.cells() {
            for nth in 0..volume.visitors {
                let visitor = Visitor::of(market, cell, nth)?;
                visitor.buyer.fill(&visitor.lines()).await?;
                visitors.push(visitor);
            }
            for nth in 0..volume.streams {
                let visitor = Visitor::of(market, cell, nth)?;
                let (lines, paying) = (visitor.lines(), Paying::Cash);
                let basket = Basket { lines, paying, ship_what_you_can: false };
                let purchase = visitor.buyer.buy(&basket, PURCHASE).await?;
                let order = purchase.order.clone().context("a purchase without an order")?;
                made.push(Made { buyer: visitor.buyer.clone(), paying, purchase });
                followed.push((visitor, order));
            }
        }
        let (enough, is_enough) = watch::channel(false);
        let record = Arc::<Mutex<Record>>::default();
        let buyers = visitors.iter().map(|visitor| visitor.buyer.clone()).collect();
        let mut under_way = JoinSet::new();
        let (begun, count) = (Instant::now(), u32::try_from(visitors.len())?);
        let gap = Duration::from_secs(1) * count / volume.per_second;
        for (nth, visitor) in (0..).zip(visitors) {
            let first = begun + gap * nth / count;
            under_way.spawn(visitor.come(first, gap, is_enough.clone(), Arc::clone(&record)));
        }
        for (visitor, order) in followed {
            under_way.spawn(visitor.follow(order, is_enough.clone(), Arc::clone(&record)));
        }
        Ok(Self { record, enough, under_way, buyers, made })
    }

    /// Everybody who comes at a fixed rate.
    pub(super) fn buyers(&self) -> &[Buyer] {
        &self.buyers
    }

    /// Nobody comes any more; gives what was seen once every answer is there, and the purchases that were followed.
    pub(super) async fn end(mut self) -> (Record, Vec<Made>) {
        self.enough.send_replace(true);
        while self.under_way.join_next().await.is_some() {}
        (std::mem::take(&mut *self.record.lock()), self.made)
    }
}

impl Visitor {
    fn of(market: &Market, cell: &str, nth: usize) -> anyhow::Result<Self> {
        let api = market.api.apart();
        let api = if nth.is_multiple_of(2) { api } else { api.over_http2() };
        let buyer = market.visitor_of(cell);
        let stall = market.stalls_in(cell).into_iter().next().context("a cell without vendors")?;
        let wanted = (stall.vendor.name.clone(), stall.wares[0].offer.clone());
        Ok(Self { buyer, api, cell: cell.to_owned(), wanted })
    }

    fn lines(&self) -> Vec<(String, String, i64)> {
        let (vendor, offer) = self.wanted.clone();
        vec![(vendor, offer, 1)]
    }

    /// Comes every `gap`, from `first` on.
    async fn come(
        self,
        first: Instant,
        gap: Duration,
        mut enough: watch::Receiver<bool>,
        record: Arc<Mutex<Record>>,
    ) {
        let mut asked = JoinSet::new();
        let mut intended = first;
        for nth in 0_usize.. {
            tokio::select! {
                _ = enough.wait_for(|enough| *enough) => break,
                () = sleep_until(intended.into()) => {}
            }
            let (visitor, record) = (self.clone(), Arc::clone(&record));
            asked.spawn(async move {
                let writes = nth.is_multiple_of(WRITES);
                let went = visitor.ask(writes, nth).await;
                record
                    .lock()
                    .note(intended, went.map_err(|what| visitor.trouble(what, writes, intended)));
            });
            while asked.try_join_next().is_some() {}
            intended += gap;
        }
        while asked.join_next().await.is_some() {}
    }

    /// Asks once, and never again whatever comes; what went wrong in a few words.
    async fn ask(&self, writes: bool, nth: usize) -> Result<(), String> {
        let caller = self.buyer.caller().await.map_err(|error| in_words(&error))?;
        let cart = format!("/v1/{}/carts/main", self.buyer.user);
        let ask = if writes {
            let ((vendor, offer), quantity) = (&self.wanted, (1 + nth % 9).to_string());
            let line = json!({"vendor": vendor, "offer": offer, "quantity": quantity});
            Ask::post(format!("{cart}:changeLine"), &line).key(format!("{}-{nth}", self.buyer.user))
        } else {
            Ask::get(cart)
        };
        let answer = self.api.once(&ask.by(&caller)).await.map_err(|error| in_words(&error))?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(format!("{status} {}", answer.code())),
        }
    }

    /// Follows an order; comes back when it is asked to.
    async fn follow(
        self,
        order: String,
        mut enough: watch::Receiver<bool>,
        record: Arc<Mutex<Record>>,
    ) {
        loop {
            let begun = Instant::now();
            let watched = tokio::select! {
                _ = enough.wait_for(|enough| *enough) => return,
                watched = self.watch(&order, &record) => watched,
            };
            match watched {
                Ok(()) => record.lock().streams.asked_back += 1,
                Err(what) => record.lock().fail(self.trouble(what, false, begun)),
            }
            sleep(COME_BACK).await;
        }
    }

    /// Watches an order until the stream is asked to come back.
    async fn watch(&self, order: &str, record: &Mutex<Record>) -> Result<(), String> {
        let words = |error: anyhow::Error| format!("stream: {}", in_words(&error));
        let caller = self.buyer.caller().await.map_err(words)?;
        let ask = Ask::get(format!("/v1/{order}:watch")).by(&caller);
        let opened = self.api.stream(&ask.header("accept", "text/event-stream")).await;
        let mut stream = opened.and_then(Events::of).map_err(words)?;
        let mut first = true;
        while stream.next().await.map_err(words)?.is_some() {
            if std::mem::take(&mut first) {
                record.lock().streams.opened += 1;
            }
        }
        if stream.asked_back() { Ok(()) } else { Err("stream: it ended without a word".into()) }
    }

    fn trouble(&self, what: String, writes: bool, from: Instant) -> Trouble {
        let (cell, user) = (self.cell.clone(), self.buyer.user.clone());
        Trouble { cell, user, what, writes, from, to: Instant::now() }
    }
}

/// The innermost cause: the outer ones name paths and ports.
fn in_words(error: &anyhow::Error) -> String {
    error.root_cause().to_string()
}
