//! The ports to the stores: what the runtime asks of a journal, an outbox, a public log, and of the fences that keep zombies out.
//!
//! One shared suite (`conformance`) says what each must do, and runs on every implementation. Reads of rows go through
//! [`cell_kernel::RowSource`].

use std::{sync::Arc, time::Duration};

use base_ids::{CellId, Generation, MessageId, Slot, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Answer, RowSource, Table};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The stores of one cell.
#[derive(Clone)]
pub struct Stores {
    /// Streams.
    pub journal: Arc<dyn Journal>,
    /// Rows of views and replicas.
    pub rows: Arc<dyn RowSource>,
    /// Messages that wait to be heard, timers, dead letters.
    pub outbox: Arc<dyn OutboxStore>,
    /// Messages for everyone.
    pub public: Arc<dyn PublicLog>,
    /// Which tenants may be written, under which generation.
    pub fences: Arc<dyn Fences>,
    /// Whether other processes of the cell write to them too, so that what this one remembers may be behind.
    pub shared: bool,
}

/// Streams of events, and what is kept with them.
pub trait Journal: Send + Sync + 'static {
    /// Appends to one stream, everything in the [`Append`] or nothing, and answers only when it is durable. A fault with code
    /// `outcome_unknown` means that it may have happened.
    fn append(&self, append: Append) -> Answer<'_, Appended>;

    /// The newest snapshot, if there is one newer than `after`, and the events behind it (or behind `after`).
    fn load<'a>(&'a self, stream: &'a StreamName, after: Version) -> Answer<'a, Loaded>;

    /// Up to `limit` events of a stream behind `after`, snapshots not considered.
    fn events<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<StoredEvent>>;

    /// Where a message was heard: the stream, and its version after it.
    fn heard<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: &'a str,
        id: MessageId,
    ) -> Answer<'a, Option<(StreamName, Version)>>;

    /// What was answered under an idempotency key.
    fn reply<'a>(&'a self, tenant: &'a Tenant, key: &'a ReplyKey) -> Answer<'a, Option<Reply>>;

    /// Up to `limit` streams of a tenant, of one service if given, with their versions, in order of their names after `after`.
    fn streams<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: Option<&'a str>,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Vec<(StreamName, Version)>>;

    /// Forgets replies whose time is over, and notes of heard messages older than any sender would try again. Says how many.
    fn sweep(&self, now: Timestamp) -> Answer<'_, usize>;
}

/// One append: events and everything that must become true with them.
#[derive(Clone, Debug)]
pub struct Append {
    /// Which stream.
    pub stream: StreamName,
    /// The generation under which the caller believes to own the tenant. Checked with the write (Invariant owner-1).
    pub generation: Generation,
    /// The version that the stream must have.
    pub expected: Version,
    /// When.
    pub at: Timestamp,
    /// The events; may be none (a refusal that is kept under its idempotency key, a message that changed nothing).
    pub events: Vec<NewEvent>,
    /// Rows of the service's own views.
    pub rows: Vec<RowWrite>,
    /// Messages and effects on their way.
    pub outbox: Vec<OutboxEntry>,
    /// Messages for everyone: key, message.
    pub public: Vec<(String, Message)>,
    /// The answer to keep under the caller's idempotency key.
    pub reply: Option<(ReplyKey, Reply)>,
    /// The messages that this append hears, each once. If one was heard before, nothing is appended.
    pub heard: Vec<HeardAt>,
    /// Outbox entries of this cell that this append settles.
    pub settles: Vec<OutboxKey>,
    /// A snapshot of the state after the events.
    pub snapshot: Option<Vec<u8>>,
}

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its kind.
    pub kind: &'static str,
    /// The event as JSON.
    pub body: Vec<u8>,
    /// On the last event of each decision: its [`Cause`] as JSON.
    pub cause: Option<Vec<u8>>,
}

/// A message that an append hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardAt {
    /// Its id.
    pub id: MessageId,
    /// The stream's version after the events that it gave rise to.
    pub version: Version,
}

/// How an append ended, if it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable. `commit` numbers the store's commits; outbox entries got the keys `(due, commit, 0..)`.
    Done {
        /// Number of the commit.
        commit: u64,
    },
    /// Somebody else appended first.
    Conflict {
        /// The stream's version.
        head: Version,
    },
    /// The tenant is not owned, or not under that generation.
    Fenced,
    /// A message was heard before, by this stream at this version; of several, the first that was.
    AlreadyHeard {
        /// The stream.
        stream: StreamName,
        /// Its version after the message.
        version: Version,
    },
    /// Something was answered under this idempotency key before.
    AlreadyReplied(Reply),
}

/// A row of a view to set or take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowWrite {
    /// Which table.
    pub table: Table,
    /// The row's key.
    pub key: String,
    /// The row as JSON; `None` takes it away.
    pub row: Option<Vec<u8>>,
    /// Version of the stream that the change belongs to.
    pub version: Version,
}

/// A message between tenants, or for everyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The stream whose events gave rise to it.
    pub from: StreamName,
    /// The stream's version after the decision that told it, whose cause is kept there.
    pub version: Version,
    /// Full name of the protobuf message.
    pub kind: String,
    /// The encoded message.
    pub body: Vec<u8>,
    /// When it was told.
    pub at: Timestamp,
    /// W3C trace id.
    pub trace: Option<[u8; 16]>,
}

/// What waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// What it is.
    pub errand: Errand,
    /// Not before this time; `None` for at once.
    pub due: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u32,
}

/// What is to be done with an outbox entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Make `service` of `to` hear the message.
    Deliver {
        /// Whom.
        to: Tenant,
        /// Which of its services.
        service: String,
        /// What.
        message: Message,
    },
    /// Make the call to the outside world that an event of stream `message.from` gave rise to; `message.body` is the call.
    Perform {
        /// The call; its id is the idempotency key.
        message: Message,
    },
}

impl Errand {
    /// The message, or the call.
    pub fn message(&self) -> &Message {
        match self {
            Self::Deliver { message, .. } | Self::Perform { message } => message,
        }
    }
}

/// How long a note of a heard message is kept at least: longer than any sender tries, and than an operator lets a dead letter lie.
pub const HEARD_KEPT: Duration = Duration::from_hours(24 * 90);

/// Where an entry stands in the outbox: by due time (0 for at once), then by commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutboxKey {
    /// Unix milliseconds; 0 for at once.
    pub due_ms: u64,
    /// Number of the commit that posted it.
    pub commit: u64,
    /// Its place in that commit.
    pub ordinal: u16,
}

impl OutboxKey {
    /// The key of the `ordinal`-th entry that `commit` posts.
    pub fn posted(due: Option<Timestamp>, commit: u64, ordinal: u16) -> Self {
        Self { due_ms: Self::due_ms_of(due), commit, ordinal }
    }

    /// A due time as it stands in a key; 0 for at once.
    pub fn due_ms_of(due: Option<Timestamp>) -> u64 {
        due.map_or(0, |due| u64::try_from(due.as_millis()).unwrap_or(0))
    }

    /// When the entry is due.
    pub fn due(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.due_ms).unwrap_or(i64::MAX))
    }
}

/// Why events were appended; kept with the last event of each decision, so that any decision can be explained and replayed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Who asked.
    pub actor: String,
    /// The command.
    pub command: serde_json::Value,
    /// The facts that the decision used.
    pub facts: serde_json::Value,
    /// W3C trace id.
    pub trace: Option<[u8; 16]>,
    /// The message that was heard, if one was.
    pub heard: Option<HeardFrom>,
    /// What was told.
    pub told: Vec<ToldTo>,
}

/// A heard message, in a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardFrom {
    /// Its id.
    pub id: MessageId,
    /// The stream it came from.
    pub from: StreamName,
    /// The version there.
    pub version: Version,
    /// Its kind.
    pub kind: String,
}

/// A told message, in a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldTo {
    /// Its id.
    pub id: MessageId,
    /// Whom; `None` for everyone.
    pub tenant: Option<Tenant>,
    /// Which service; empty for everyone, `effect` for the outside world.
    pub service: String,
    /// Its kind.
    pub kind: String,
    /// Not before.
    pub due: Option<Timestamp>,
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its version.
    pub version: Version,
    /// Its kind.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// The event as JSON.
    pub body: Vec<u8>,
    /// On the last event of a decision: its [`Cause`] as JSON.
    pub cause: Option<Vec<u8>>,
}

/// What a stream's state is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// A snapshot: its version and the state as JSON.
    pub snapshot: Option<(Version, Vec<u8>)>,
    /// The events behind it.
    pub events: Vec<StoredEvent>,
}

/// Under what an answer is kept: who asked, and the key they gave. The tenant comes on top.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyKey {
    /// Who asked.
    pub caller: String,
    /// The idempotency key: 1 to 255 visible ASCII characters.
    pub key: String,
}

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// By which the same request is known again; tells nothing of it.
    pub request: u128,
    /// The answer, closed so that only who repeats the request can open it. Inside: as the edge encodes it, an encoded response, or
    /// a "no" as JSON; of a call that went on, the name of the tenant that it went to, who keeps the answer.
    pub answer: Result<Vec<u8>, Vec<u8>>,
    /// The stream's version after it.
    pub version: Version,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// Messages on their way, timers, and those that could not be heard.
pub trait OutboxStore: Send + Sync + 'static {
    /// Up to `limit` entries with a due time up to `now`, in key order, after `after`.
    fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Answer<'_, Vec<(OutboxKey, OutboxEntry)>>;

    /// The due time of the first entry that is not due yet.
    fn next_due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>>;

    /// Takes entries away that are heard. Need not be durable: a message that is told again is heard once.
    fn settle(&self, keys: Vec<OutboxKey>) -> Answer<'_, ()>;

    /// Puts an entry among the dead letters; durable when it answers. `key` is the outbox entry that it replaces, if it came
    /// from this cell's outbox. Parking the same message again changes nothing.
    fn park(&self, key: Option<OutboxKey>, letter: DeadLetter) -> Answer<'_, ()>;

    /// Up to `limit` dead letters, oldest first.
    fn dead(&self, limit: usize) -> Answer<'_, Vec<DeadLetter>>;

    /// Puts a dead letter back into the outbox, due at once and with no tries. False if there is none with this id.
    fn replay(&self, id: MessageId) -> Answer<'_, bool>;

    /// Forgets a dead letter. False if there is none with this id.
    fn drop_dead(&self, id: MessageId) -> Answer<'_, bool>;

    /// Changes when entries have come that no append of this process has posted: those of a process that was taken over from. A store
    /// that only one process has open never says so.
    fn arrivals(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}

/// A message that could not be heard, or a call that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What was to be done.
    pub errand: Errand,
    /// Why it could not.
    pub why: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was given up.
    pub at: Timestamp,
}

/// The cell's messages for everyone, and how far the cell has followed those of others.
pub trait PublicLog: Send + Sync + 'static {
    /// Up to `limit` messages behind a position, in order, with their positions. Positions rise, with gaps where messages were
    /// forgotten ([`PublicLog::forget_superseded`]).
    fn after(&self, position: u64, limit: usize) -> Answer<'_, Vec<(u64, Message)>>;

    /// Forgets messages for which a newer one of the same key and kind stands, and says how many. The newest `keep` positions neither
    /// go nor make others go. So whoever follows at most that far behind sees every message, whoever begins at 0 sees the newest of
    /// each key and kind, and the log is never longer than there are of those, and `keep`.
    fn forget_superseded(&self, keep: u64) -> Answer<'_, usize>;

    /// The newest position, and a signal of each change; 0 for none.
    fn head(&self) -> watch::Receiver<u64>;

    /// How far the messages of `source` have been applied here; 0 for none.
    fn cursor<'a>(&'a self, source: &'a CellId) -> Answer<'a, u64>;

    /// Writes replica rows and moves the cursor from `from` to `to`, in one step; false (and nothing written) if the cursor is not at `from`.
    fn apply<'a>(
        &'a self,
        source: &'a CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> Answer<'a, bool>;
}

/// What of the key space is fenced as one: a slot, or a tenant placed by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// All tenants of a slot that are not placed by name.
    Slot(Slot),
    /// One tenant.
    Tenant(Tenant),
}

/// Whether a scope may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fence {
    /// By whoever holds this generation.
    Open(Generation),
    /// By nobody: it has left, or is about to. Appends under this generation or an older one are refused for ever.
    Closed(Generation),
}

impl Fence {
    /// The generation it was set under.
    pub fn generation(self) -> Generation {
        match self {
            Self::Open(generation) | Self::Closed(generation) => generation,
        }
    }

    /// Whether this fence may be set where `now` stands: it is newer, or closes the same generation. To set a fence again changes nothing.
    pub fn replaces(self, now: Option<Self>) -> bool {
        let closes =
            matches!((now, self), (Some(Self::Open(open)), Self::Closed(closed)) if open == closed);
        closes || now.is_none_or(|now| self.generation() > now.generation())
    }
}

/// The fences. Kept in the journal's store and checked with each append.
pub trait Fences: Send + Sync + 'static {
    /// Sets fences, durable when it answers. A fence never goes back to an older generation, and a closed one is opened only by a
    /// newer one; such entries are passed over. Says how many were set.
    fn set(&self, fences: Vec<(Scope, Fence)>) -> Answer<'_, usize>;

    /// The fence that holds for a tenant: its own, else its slot's; `None` if this cell never owned it.
    fn of<'a>(&'a self, tenant: &'a Tenant) -> Answer<'a, Option<Fence>>;

    /// All fences.
    fn all(&self) -> Answer<'_, Vec<(Scope, Fence)>>;
}
