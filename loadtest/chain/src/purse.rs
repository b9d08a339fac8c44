//! The service of a chain: coins are put into a purse and sent to another one, whose owner thanks for them.

use base_fault::{Fault, Status};
use base_ids::Tenant;
use cell_kernel::{
    Api, Asked, Decider, Done, Heard, Listener, NoFacts, Outbox, Rows, Seen, ServiceSpec,
    Unreadable, View,
};
use serde::{Deserialize, Serialize};

/// After so long a sender looks whether it was thanked; the thanks call it off.
const LOOK_AFTER: std::time::Duration = std::time::Duration::from_hours(1);

/// Declares a message of the contract.
macro_rules! words {
    ($name:ident { $($field:ident: $kind:ident $rust:ty = $tag:literal),* $(,)? }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(crate) struct $name { $(#[prost($kind, tag = $tag)] pub(crate) $field: $rust,)* }
        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "chain.v1";
        }
    };
}

words!(PutRequest { name: string String = "1", coins: int64 i64 = "2" });
words!(SendRequest { name: string String = "1", to: string String = "2", coins: int64 i64 = "3" });
words!(Purse { coins: int64 i64 = "1" });
words!(Coins { coins: int64 i64 = "1" });
words!(Thanks { coins: int64 i64 = "1" });
words!(LookAgain { coins: int64 i64 = "1" });
words!(Richness { tenant: string String = "1", coins: int64 i64 = "2" });

/// Purses.
pub(crate) struct Purses;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    coins: i64,
    thanks: i64,
}

#[derive(Debug, Serialize)]
pub(crate) enum Command {
    Put(i64),
    Send { to: Tenant, coins: i64 },
    Receive { from: Tenant, coins: i64 },
    HearThanks(i64),
    LookAgain,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Event {
    Put(i64),
    Sent { to: Tenant, coins: i64 },
    Received { from: Tenant, coins: i64 },
    Thanked(i64),
    Looked,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        match self {
            Self::Put(_) => "Put",
            Self::Sent { .. } => "Sent",
            Self::Received { .. } => "Received",
            Self::Thanked(_) => "Thanked",
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
            Event::Put(coins) | Event::Received { coins, .. } => state.coins += coins,
            Event::Sent { coins, .. } => state.coins -= coins,
            Event::Thanked(_) => state.thanks += 1,
            Event::Looked => {}
        }
    }

    fn decide(state: &State, command: &Command, (): &(), _: &Asked) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Send { coins, .. } if *coins > state.coins => {
                return Err(Refusal::TooFewCoins(state.coins));
            }
            Command::Put(coins) => Event::Put(*coins),
            Command::Send { to, coins } => Event::Sent { to: to.clone(), coins: *coins },
            Command::Receive { from, coins } => {
                Event::Received { from: from.clone(), coins: *coins }
            }
            Command::HearThanks(coins) => Event::Thanked(*coins),
            Command::LookAgain => Event::Looked,
        };
        Ok(vec![event])
    }
}

/// What is in a purse.
pub(crate) struct Contents;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) coins: i64,
    pub(crate) thanks: i64,
}

impl View<Purses> for Contents {
    const NAME: &'static str = "contents";
    type Row = Content;

    fn fold(seen: &Seen<'_, Purses>, rows: &mut Rows<Content>) {
        rows.put("purse", &Content { coins: seen.state.coins, thanks: seen.state.thanks });
    }
}

fn announce(seen: &Seen<'_, Purses>, outbox: &mut Outbox) {
    let (tenant, coins) = (seen.tenant.to_string(), seen.state.coins);
    outbox.publish(tenant.clone(), &Richness { tenant, coins });
    match seen.event {
        Event::Sent { to, coins } => {
            outbox.tell(to, Purses::SERVICE, &Coins { coins: *coins });
            let due = seen.at.after(LOOK_AFTER);
            outbox.remind(seen.tenant, Purses::SERVICE, due, &LookAgain { coins: *coins });
        }
        Event::Received { from, coins } => {
            outbox.tell(from, Purses::SERVICE, &Thanks { coins: *coins });
        }
        Event::Thanked(coins) => outbox.call_off(&LookAgain { coins: *coins }),
        Event::Put(_) | Event::Looked => {}
    }
}

/// The service.
pub(crate) fn spec() -> ServiceSpec<Purses> {
    let to =
        |text: &str| text.parse().map_err(|error| Fault::invalid_field("to", format!("{error}")));
    let purse = |done: &Done<'_, Purses>| Purse { coins: done.state.coins };
    let api = Api::new("chain.v1.Purses")
        .command("Put", |_, asked: &PutRequest| Ok(Command::Put(asked.coins)), purse)
        .command(
            "Send",
            move |_, asked: &SendRequest| {
                Ok(Command::Send { to: to(&asked.to)?, coins: asked.coins })
            },
            purse,
        );
    let listener = Listener::new()
        .on(|coins: &Coins, heard: &Heard<'_>| {
            Ok(Command::Receive { from: heard.from.tenant.clone(), coins: coins.coins })
        })
        .on(|thanks: &Thanks, _: &Heard<'_>| Ok::<_, Unreadable>(Command::HearThanks(thanks.coins)))
        .on(|_: &LookAgain, _: &Heard<'_>| Ok(Command::LookAgain));
    ServiceSpec::new(NoFacts, api).view::<Contents>().announce(announce).listen(listener)
}
