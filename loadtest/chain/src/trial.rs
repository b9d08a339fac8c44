//! One chain: coins are put in and sent, heard, thanked for, and the thanks heard; something happens at one point, and at rest all of it
//! is there once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use base_fault::Retry;
use base_ids::{StreamName, Tenant, Version};
use base_testkit::eventually;
use base_time::{Clock as _, SystemClock};
use cell_kernel::No;
use cell_runtime::Unanswered;
use cell_scylla::Call;

use crate::{
    pod::Pod,
    point::Point,
    purse::{Content, Contents, Purses, PutRequest, SendRequest},
};

/// How long a chain may take to come to rest, a take-over included.
const PATIENCE: Duration = Duration::from_mins(1);
/// A caller that was told to come back comes back after so long.
const COME_BACK: Duration = Duration::from_millis(50);
/// Coins that are put in, and sent.
const PUT: i64 = 10;
const SENT: i64 = 4;
/// Public messages that are read at once.
const PAGE: usize = 500;

/// A keyspace on which chain after chain is tried.
pub(crate) struct Ground {
    config: cell_scylla::Config,
    pod: Pod,
    /// So far the public log has been read.
    read_to: u64,
    chains: u64,
}

/// What came of a chain.
pub(crate) struct Verdict {
    /// Whether what was planned has happened.
    pub(crate) met: bool,
    /// What does not hold at rest.
    pub(crate) broken: Vec<String>,
    /// The changes that it made, by what for.
    pub(crate) changes: BTreeMap<&'static str, usize>,
    /// Processes that died.
    pub(crate) deaths: usize,
}

/// Who has part in a chain.
struct People {
    sender: Tenant,
    receiver: Tenant,
}

impl Ground {
    /// A cell on the keyspace.
    ///
    /// Errors: it does not open.
    pub(crate) async fn open(config: cell_scylla::Config) -> anyhow::Result<Self> {
        let pod = Pod::open(&config).await?;
        Ok(Self { config, pod, read_to: 0, chains: 0 })
    }

    /// The cell ends in order.
    ///
    /// Errors: the engine cannot be told.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.pod.close().await
    }

    /// Tries a chain of new people, with something at a point of it or on a good day.
    ///
    /// Errors: another process cannot be started.
    pub(crate) async fn chain(&mut self, point: Option<&Point>) -> anyhow::Result<Verdict> {
        self.chains += 1;
        let id = uuid::Uuid::now_v7().simple();
        let people = People {
            sender: format!("users/a-{id}").parse()?,
            receiver: format!("users/b-{id}").parse()?,
        };
        let before = self.changes();
        if let Some(Point { what, nth, mishap }) = point {
            self.pod.store.mishaps().plan(what, *nth, *mishap);
        }
        let mut deaths = 0;
        let mut broken = Vec::new();
        if let Err(error) = self.walk(&people, &mut deaths).await {
            broken.push(format!("{error:#}"));
        }
        let met = deaths > 0 || self.pod.store.mishaps().are_over();
        let changes = if deaths == 0 { since(&before, self.changes()) } else { BTreeMap::new() };
        if !met {
            // It is not to happen to the next one.
            let next = Pod::open(&self.config).await?;
            std::mem::replace(&mut self.pod, next).close().await?;
        }
        Ok(Verdict { met, broken, changes, deaths })
    }

    async fn walk(&mut self, people: &People, deaths: &mut usize) -> anyhow::Result<()> {
        let sender = &people.sender;
        let put = PutRequest { name: sender.to_string(), coins: PUT };
        let (name, to) = (sender.to_string(), people.receiver.to_string());
        let send = SendRequest { name, to, coins: SENT };
        let first = self.surely(sender, ("Put", "k-put"), &put, deaths).await?;
        let second = self.surely(sender, ("Send", "k-send"), &send, deaths).await?;
        let read_to = self.at_rest(people, deaths).await?;
        let again = [
            self.surely(sender, ("Put", "k-put"), &put, deaths).await?,
            self.surely(sender, ("Send", "k-send"), &send, deaths).await?,
        ];
        ensure!(again == [first, second], "what is asked again is answered otherwise");
        // What was asked again has changed nothing.
        self.laws(people).await.map_err(|broken| anyhow::anyhow!(broken))?;
        self.read_to = read_to;
        Ok(())
    }

    /// Asks until it is done, as a careful client does, at whoever lives.
    async fn surely(
        &mut self,
        tenant: &Tenant,
        method: (&str, &str),
        request: &impl prost::Message,
        deaths: &mut usize,
    ) -> anyhow::Result<Vec<u8>> {
        let begun = Instant::now();
        loop {
            let asked = tokio::select! {
                asked = self.pod.ask(tenant, method, request) => Some(asked),
                () = self.pod.store.mishaps().death() => None,
            };
            match asked {
                None => self.follow(deaths).await?,
                Some(Ok(answered)) => return Ok(answered.response),
                Some(Err(Unanswered::No(No::Fault(fault)))) if fault.retry() != Retry::Never => {
                    if begun.elapsed() > PATIENCE {
                        bail!("{}: {}", method.0, base_fault::chain(&fault));
                    }
                    tokio::time::sleep(COME_BACK).await;
                }
                Some(Err(unanswered)) => bail!("{}: {unanswered:?}", method.0),
            }
        }
    }

    /// Another process comes after one that died.
    async fn follow(&mut self, deaths: &mut usize) -> anyhow::Result<()> {
        *deaths += 1;
        let next = Pod::open(&self.config).await.context("after a crash")?;
        std::mem::replace(&mut self.pod, next).die().await;
        Ok(())
    }

    /// Waits until everything holds; returns how far the public log was read.
    async fn at_rest(&mut self, people: &People, deaths: &mut usize) -> anyhow::Result<u64> {
        loop {
            let rested = tokio::select! {
                rested = eventually(PATIENCE, async || self.laws(people).await) => Some(rested),
                () = self.pod.store.mishaps().death() => None,
            };
            match rested {
                None => self.follow(deaths).await?,
                Some(Ok(read_to)) => return Ok(read_to),
                Some(Err(late)) => bail!("not at rest after {PATIENCE:?}: {}", late.last),
            }
        }
    }

    /// What must hold at rest; returns how far the public log was read.
    async fn laws(&self, people: &People) -> Result<u64, String> {
        let text = |fault| base_fault::chain(&fault);
        let stores = self.pod.cell.stores();
        let mut told: BTreeMap<StreamName, Vec<u64>> = BTreeMap::new();
        let mut read_to = self.read_to;
        loop {
            let messages = stores.public.after(read_to, PAGE).await.map_err(text)?;
            let Some((last, _)) = messages.last() else { break };
            read_to = *last;
            for (_, message) in messages {
                told.entry(message.from).or_default().push(message.version.0);
            }
        }
        let sides: [(&Tenant, &[&str], Content); 2] = [
            (&people.sender, &["Put", "Sent", "Thanked"], Content { coins: PUT - SENT, thanks: 1 }),
            (&people.receiver, &["Received"], Content { coins: SENT, thanks: 0 }),
        ];
        for (tenant, kinds, content) in sides {
            let stream: StreamName =
                format!("{tenant}/purses/purse").parse().map_err(|error| format!("{error}"))?;
            let events = stores.journal.events(&stream, Version(0), PAGE).await.map_err(text)?;
            let found: Vec<_> = events.iter().map(|event| &*event.kind).collect();
            law(found == kinds, || format!("the events of {tenant} are {found:?}"))?;
            let reading = self.pod.cell.reading();
            let row = reading.get::<Purses, Contents>(tenant, "purse").await.map_err(text)?;
            let row = row.map(|found| found.row);
            law(row.as_ref() == Some(&content), || format!("the row of {tenant} is {row:?}"))?;
            let told = told.remove(&stream).unwrap_or_default();
            let each_once: Vec<u64> = (1..=kinds.len() as u64).collect();
            law(told == each_once, || format!("of {tenant} everyone was told {told:?}"))?;
        }
        let on_way = self.pod.cell.on_way();
        law(on_way == 0, || format!("{on_way} messages are on their way"))?;
        let due = stores.outbox.due(SystemClock.now(), None, PAGE).await.map_err(text)?;
        law(due.is_empty(), || format!("{} messages wait to be told", due.len()))?;
        let dead = stores.outbox.dead(PAGE).await.map_err(text)?;
        law(dead.is_empty(), || format!("{} dead letters", dead.len()))?;
        Ok(read_to)
    }

    /// The changes that this process has made so far.
    fn changes(&self) -> BTreeMap<&'static str, usize> {
        let mut changes = BTreeMap::new();
        for (call, what, times) in self.pod.store.counts().all() {
            if matches!(call, Call::Write | Call::ConditionalWrite) {
                *changes.entry(what).or_default() += usize::try_from(times).unwrap_or(usize::MAX);
            }
        }
        changes
    }
}

fn law(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn since(
    before: &BTreeMap<&'static str, usize>,
    after: BTreeMap<&'static str, usize>,
) -> BTreeMap<&'static str, usize> {
    let added = after
        .into_iter()
        .map(|(what, times)| (what, times - before.get(what).copied().unwrap_or_default()));
    added.filter(|(_, times)| *times > 0).collect()
}
