//! A toy service: purses. Coins are put in, sent to another tenant's purse, and come back if nobody thanks for them in time.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use base_fault::{Code, Fault, Status};
use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{
    Answer, Api, Asked, Decider, Done, Effect, Heard, Listener, No, NoFacts, Onward, Outbox,
    Replica, Request, Rows, Seen, ServiceSpec, Unreadable, Versioned, View,
};
use serde::{Deserialize, Serialize};

/// Declares a protobuf message of the toy's contract.
macro_rules! words {
    ($name:ident { $($field:ident: $kind:ident = $tag:literal),* $(,)? }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(crate) struct $name { $(#[prost($kind, tag = $tag)] pub(crate) $field: words!(@ $kind),)* }
        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "toy.v1";
        }
    };
    (@ string) => { String };
    (@ int64) => { i64 };
}

words!(PutRequest { name: string = "1", coins: int64 = "2" });
words!(SendRequest { name: string = "1", to: string = "2", coins: int64 = "3" });
words!(GetRequest { name: string = "1" });
words!(Purse { coins: int64 = "1", received: int64 = "2" });
words!(Coins { coins: int64 = "1" });
words!(Poison { text: string = "1" });
words!(Breaks {});
words!(LookAgain { coins: int64 = "1" });
words!(Richness { tenant: string = "1", coins: int64 = "2" });

pub(crate) struct Purses;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) coins: i64,
    received: i64,
}

#[derive(Debug, Serialize)]
pub(crate) enum Command {
    Put(i64),
    Send { to: Tenant, coins: i64 },
    Receive(i64),
    Panic,
    Interest(i64),
    LookAgain,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Event {
    Put(i64),
    Sent { to: Tenant, coins: i64 },
    Received(i64),
    Looked,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        match self {
            Self::Put(_) => "Put",
            Self::Sent { .. } => "Sent",
            Self::Received(_) => "Received",
            Self::Looked => "Looked",
        }
    }
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there are only {0} coins")]
    TooFewCoins(i64),
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        "too_few_coins"
    }

    fn status(&self) -> Status {
        Status::FailedPrecondition
    }
}

impl Decider for Purses {
    const SERVICE: &'static str = "purses";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    type Refusal = Refusal;

    fn stream(_: &Command) -> String {
        "purse".to_owned()
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Put(coins) => state.coins += coins,
            Event::Sent { coins, .. } => state.coins -= coins,
            Event::Received(coins) => {
                state.coins += coins;
                state.received += 1;
            }
            Event::Looked => {}
        }
    }

    fn decide(state: &State, command: &Command, (): &(), _: &Asked) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Put(coins) | Command::Interest(coins) => Ok(vec![Event::Put(*coins)]),
            Command::Send { coins, .. } if *coins > state.coins => {
                Err(Refusal::TooFewCoins(state.coins))
            }
            Command::Send { to, coins } => Ok(vec![Event::Sent { to: to.clone(), coins: *coins }]),
            Command::Receive(coins) => Ok(vec![Event::Received(*coins)]),

            Command::LookAgain => Ok(vec![Event::Looked]),
            Command::Panic => unreachable!("a bug, on purpose"),
        }
    }
}

pub(crate) struct PurseRows;

#[derive(Serialize, Deserialize)]
pub(crate) struct PurseRow {
    coins: i64,
    received: i64,
}

impl View<Purses> for PurseRows {
    const NAME: &'static str = "purses";
    type Row = PurseRow;

    fn fold(seen: &Seen<'_, Purses>, rows: &mut Rows<PurseRow>) {
        rows.put("purse", &PurseRow { coins: seen.state.coins, received: seen.state.received });
    }
}

/// How rich everybody is, in every cell.
pub(crate) struct Riches;

impl Replica for Riches {
    const NAME: &'static str = "riches";
    type Row = BTreeMap<String, i64>;

    fn hears() -> &'static [&'static str] {
        &["toy.v1.Richness"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(heard.read::<Richness>()?.tenant)
    }

    fn fold(
        before: Option<Self::Row>,
        heard: &Heard<'_>,
        rows: &mut Rows<Self::Row>,
    ) -> Result<(), Unreadable> {
        let told: Richness = heard.read()?;
        let mut row = before.unwrap_or_default();
        *row.entry("changes".to_owned()).or_default() += 1;
        row.insert("coins".to_owned(), told.coins);
        rows.put(told.tenant, &row);
        Ok(())
    }
}

/// The bank pays interest on what is put in: a call to the outside that fails the first time.
#[derive(Default)]
pub(crate) struct Bank {
    calls: AtomicU32,
}

impl Effect<Purses> for Bank {
    type Call = i64;

    fn calls(&self, seen: &Seen<'_, Purses>) -> Vec<i64> {
        match seen.event {
            Event::Put(coins) if *coins >= 1_000 => vec![*coins / 10],
            _ => Vec::new(),
        }
    }

    fn perform<'a>(&'a self, call: &'a i64, _: &'a str) -> Answer<'a, Command> {
        let first = self.calls.fetch_add(1, Ordering::Relaxed) == 0;
        Box::pin(async move {
            if first {
                return Err(Fault::downstream(
                    Code::Unavailable,
                    Duration::from_millis(10),
                    "the bank is closed",
                ));
            }
            Ok(Command::Interest(*call))
        })
    }
}

fn announce(seen: &Seen<'_, Purses>, outbox: &mut Outbox) {
    let (tenant, coins) = (seen.tenant.to_string(), seen.state.coins);
    outbox.publish(tenant.clone(), &Richness { tenant, coins });
    if let Event::Received(coins) = seen.event {
        // They are back: nobody need look for them.
        outbox.call_off(&LookAgain { coins: *coins });
    }
    if let Event::Sent { to, coins } = seen.event {
        outbox.tell(to, Purses::SERVICE, &Coins { coins: *coins });
        if *coins == 13 {
            outbox.tell(to, Purses::SERVICE, &Poison { text: "not a coin".to_owned() });
        }
        let due = seen.at.after(Duration::from_mins(1));
        outbox.remind(seen.tenant, Purses::SERVICE, due, &LookAgain { coins: *coins });
    }
}

fn parse(name: &str) -> Result<Tenant, Fault> {
    name.parse().map_err(|error| Fault::invalid_field("to", format!("{error}")))
}

fn purse(done: &Done<'_, Purses>) -> Purse {
    Purse { coins: done.state.coins, received: done.state.received }
}

async fn get(request: Request, _: GetRequest) -> Result<Versioned<Purse>, No> {
    let found = request.reading.get::<Purses, PurseRows>(&request.tenant, "purse").await?;
    let Some(Versioned { row, version }) = found else {
        return Err(Fault::caller(Code::NotFound, "there is no purse").into());
    };
    Ok(Versioned { row: Purse { coins: row.coins, received: row.received }, version })
}

pub(crate) fn spec() -> ServiceSpec<Purses> {
    let api = Api::new("toy.v1.Purses")
        .command("Put", |_, asked: &PutRequest| Ok(Command::Put(asked.coins)), purse)
        .command(
            "Send",
            |_, asked: &SendRequest| {
                Ok(Command::Send { to: parse(&asked.to)?, coins: asked.coins })
            },
            purse,
        )
        .command("Break", |_, _: &GetRequest| Ok(Command::Panic), purse)
        .get("Get", get)
        .watch::<PurseRows, GetRequest, Purse>(
            "Watch",
            |_, _| Ok("purse".to_owned()),
            |row| Purse { coins: row.coins, received: row.received },
            |row| row.coins == 0,
        )
        .forward("GetOther", |_, asked: GetRequest| async move {
            let tenant = parse(&asked.name)?;
            Ok(Onward::to(tenant, "toy.v1.Purses/Get", &asked))
        })
        .forward("PutAnywhere", |request, asked: PutRequest| async move {
            let found = match request.went_to.clone() {
                Some(user) => user,
                None => parse(&format!("users/{}", request.new_id()))?,
            };
            Ok(Onward::to(found, "toy.v1.Purses/Put", &asked))
        });
    ServiceSpec::new(NoFacts, api)
        .view::<PurseRows>()
        .replica::<Riches>()
        .announce(announce)
        .listen(
            Listener::new()
                .on(|coins: &Coins, _: &Heard<'_>| Ok(Command::Receive(coins.coins)))
                .on(|poison: &Poison, _: &Heard<'_>| Err(Unreadable(poison.text.clone())))
                .on(|_: &Breaks, _: &Heard<'_>| Ok(Command::Panic))
                .on(|_: &LookAgain, _: &Heard<'_>| Ok(Command::LookAgain)),
        )
        .effect(Bank::default())
}

/// The time of a paused test.
pub(crate) struct TokioClock(pub(crate) tokio::time::Instant);

impl base_time::Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(1_000_000 + since)
    }
}
