//! The ring: load, gather, decide, commit. Commands to one stream, under the stream's lock.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use base_fault::{Code, Fault, Retry, Source};
use base_ids::{StreamName, Version};
use base_time::Timestamp;
use cell_kernel::{Asked, Caller, Decider, Done, Event as _, No};
use futures_util::FutureExt as _;
use xxhash_rust::xxh3::Xxh3;

use crate::{
    cache::Live,
    call::Unanswered,
    cell::{After, Inner},
    commit::{Draft, Grounds, json},
    kept::{read_no, write_no},
    ownership,
    port::{Append, Appended, HeardFrom, OutboxKey, Reply, ReplyKey, StoredEvent},
    reminders::Reminders,
    room::RoomOf,
    seal::Seal,
};

/// Writes the answer to a command.
pub(crate) type Encode<D> = dyn Fn(&Done<'_, D>) -> Vec<u8> + Send + Sync;

/// A command with where it comes from.
pub(crate) struct Order<'a, D: Decider> {
    pub(crate) stream: StreamName,
    pub(crate) command: D::Command,
    pub(crate) caller: Caller,
    pub(crate) trace: Option<[u8; 16]>,
    pub(crate) origin: Origin<'a, D>,
}

/// Where a command comes from.
pub(crate) enum Origin<'a, D: Decider> {
    /// Somebody called a method.
    Called {
        /// Under which key the answer is kept, and how it is closed.
        reply: Option<(ReplyKey, Box<Seal>)>,
        /// The version that the stream must have.
        if_match: Option<Version>,
        /// Writes the answer.
        encode: &'a Encode<D>,
    },
    /// A message was heard, or a call to the outside was answered.
    Heard {
        /// Which.
        heard: HeardFrom,
        /// The entry of this cell's outbox that is settled by it.
        settles: Option<OutboxKey>,
        /// Whether hearing it without effect need not be remembered (a timer: it asks to look again).
        forgettable: bool,
    },
}

impl<D: Decider> Order<'_, D> {
    /// The message that is heard with it, if it comes of one.
    fn heard(&self) -> Option<&HeardFrom> {
        match &self.origin {
            Origin::Heard { heard, .. } => Some(heard),
            Origin::Called { .. } => None,
        }
    }

    /// Whether it is remembered that its message was heard, even without effect.
    pub(crate) fn is_remembered(&self) -> bool {
        matches!(self.origin, Origin::Heard { forgettable: false, .. })
    }

    /// Whether both come of one message.
    pub(crate) fn hears_same(&self, other: &Self) -> bool {
        let id = |order: &Self| order.heard().map(|heard| heard.id);
        id(self).is_some() && id(self) == id(other)
    }

    /// Whether there is something to append: events, an answer to keep, or that a message was heard. A refused message is not heard:
    /// its sender, or whoever looks after dead letters, has to know.
    fn leaves_something(&self, events: bool, refused: bool) -> bool {
        match &self.origin {
            Origin::Called { reply, .. } => events || reply.is_some(),
            Origin::Heard { forgettable, .. } => !refused && (events || !forgettable),
        }
    }
}

/// How an order ended.
#[derive(Debug)]
pub(crate) enum Carried {
    /// It was done; the answer and the stream's version.
    Answered { response: Vec<u8>, version: Version, replayed: bool },
    /// The business said no.
    Refused(No),
}

/// How orders ended, one by one.
type Ends = Vec<Result<Carried, Unanswered>>;

/// Carries orders to one stream out: together in one append, or each alone if they do not go together. The caller has the stream's
/// lock.
pub(crate) async fn carry_out<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    slot: &mut Option<Live<D>>,
    orders: &[Order<'_, D>],
) -> Ends {
    if let Some(ends) = carry_out_at_once(room, cell, slot, orders).await {
        return ends;
    }
    let mut ends = Vec::with_capacity(orders.len());
    for order in orders {
        let alone = std::slice::from_ref(order);
        ends.extend(carry_out_at_once(room, cell, slot, alone).await.into_iter().flatten());
    }
    ends
}

/// Decides again when somebody else was faster. `None` if the orders have to be carried out each alone, which one order never has to.
async fn carry_out_at_once<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    slot: &mut Option<Live<D>>,
    orders: &[Order<'_, D>],
) -> Option<Ends> {
    let stream = &orders[0].stream;
    for _ in 0..=cell.config.races_max {
        let remembered = slot.is_some();
        // The slot stays empty while the stream is being changed: whatever breaks this off, the next one loads anew.
        let live = match slot.take() {
            Some(live) => live,
            None => match load(cell, stream).await {
                Ok(live) => live,
                Err(fault) => return Some(all(orders, &fault.into())),
            },
        };
        match AssertUnwindSafe(turn(room, cell, orders, live)).catch_unwind().await {
            Ok(Turn::Ended(live, ends)) => {
                *slot = live;
                return Some(ends);
            }
            Ok(Turn::Still(live, ends)) => {
                if remembered && cell.stores.shared && !all_replayed(&ends) {
                    match is_behind(cell, stream, live.version).await {
                        Ok(false) => {}
                        Ok(true) => {
                            cell.metrics.lost_race(D::SERVICE);
                            continue;
                        }
                        Err(fault) => return Some(all(orders, &fault.into())),
                    }
                }
                *slot = Some(live);
                return Some(ends);
            }
            Ok(Turn::Lost) => cell.metrics.lost_race(D::SERVICE),
            Ok(Turn::Apart) => return None,
            // One of them must not spoil the others.
            Err(_) if orders.len() > 1 => return None,
            Err(_) => {
                cell.metrics.bug(D::SERVICE);
                let text = format!("{} failed to decide; the stream is unchanged", D::SERVICE);
                return Some(all(orders, &Fault::ours(Code::Internal, text).into()));
            }
        }
    }
    let text = format!("others kept changing {stream}; try again");
    Some(all(orders, &Fault::new(Code::Contended, Source::Us, Retry::Same, text).into()))
}

/// The same end for all.
fn all<D: Decider>(orders: &[Order<'_, D>], no: &Unanswered) -> Ends {
    orders.iter().map(|_| Err(no.clone())).collect()
}

/// Whether all ends were kept from before, which no newer state would change.
fn all_replayed(ends: &Ends) -> bool {
    ends.iter().all(|end| matches!(end, Ok(Carried::Answered { replayed: true, .. })))
}

/// Whether another process has appended to the stream since it had this version. An append finds out by itself; a decision that leaves
/// nothing to append, a refusal above all, has to ask.
async fn is_behind(
    cell: &Arc<Inner>,
    stream: &StreamName,
    version: Version,
) -> Result<bool, Fault> {
    let newer = cell.stores.journal.events(stream, version, 1).await?;
    Ok(!newer.is_empty())
}

enum Turn<D: Decider> {
    Ended(Option<Live<D>>, Ends),
    /// Nothing was to be appended.
    Still(Live<D>, Ends),
    Lost,
    /// Nothing is known to have happened, and it takes each alone to find out.
    Apart,
}

/// Decides one order after the other, each on what those before it have changed, and commits all of them.
async fn turn<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    orders: &[Order<'_, D>],
    mut live: Live<D>,
) -> Turn<D> {
    let stream = &orders[0].stream;
    let generation = match ownership::generation(&cell.table, &cell.id, &stream.tenant) {
        Ok(generation) => generation,
        Err(no) => return Turn::Ended(Some(live), all(orders, &no)),
    };
    let mut draft = Draft::new(stream.clone(), generation, live.version, cell.clock.now());
    let mut ends = Vec::with_capacity(orders.len());
    for order in orders {
        ends.push(decide(room, cell, order, &mut live, &mut draft).await);
    }
    if !draft.begun {
        return Turn::Still(live, ends);
    }
    let mut append = draft.finish();
    snapshot_if_long(&mut append, &mut live, cell);
    commit(cell, orders, append, live, ends).await
}

/// Decides an order, and adds to the draft what comes of it.
async fn decide<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    order: &Order<'_, D>,
    live: &mut Live<D>,
    draft: &mut Draft,
) -> Result<Carried, Unanswered> {
    let (asked, facts) = match prepare(room, cell, order, live, draft.at()).await? {
        Prepared::Ready { asked, facts } => (asked, facts),
        Prepared::Known(carried) => return Ok(carried),
    };
    let decided = D::decide(&live.state, &order.command, &facts, &asked);
    let (events, refusal) = match decided {
        Ok(events) => {
            let declined = if order.heard().is_none() { D::declined(&events) } else { None };
            (events, declined)
        }
        Err(refusal) => (Vec::new(), Some(refusal)),
    };
    let refused = refusal.map(|refusal| {
        cell.metrics.refused(D::SERVICE);
        No::refused(&refusal)
    });
    if order.leaves_something(!events.is_empty(), refused.is_some()) {
        let (command, facts) = (&order.command, &facts);
        let (trace, heard) = (order.trace, order.heard().cloned());
        let grounds =
            Grounds { stream: &order.stream, asked: &asked, command, facts, trace, heard };
        draft.add(&room.spec, live, &events, &grounds);
    }
    let carried = match refused {
        Some(no) => Carried::Refused(no),
        None => Carried::Answered {
            response: answer(order, &asked, live),
            version: live.version,
            replayed: false,
        },
    };
    finish(draft, order, &carried, cell, live.version);
    Ok(carried)
}

enum Prepared<D: Decider> {
    Ready { asked: Asked, facts: D::Facts },
    Known(Carried),
}

async fn prepare<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    order: &Order<'_, D>,
    live: &Live<D>,
    at: Timestamp,
) -> Result<Prepared<D>, Unanswered> {
    let tenant = order.stream.tenant.clone();
    if let Origin::Called { reply, if_match, .. } = &order.origin {
        if let Some((key, seal)) = reply
            && let Some(kept) = cell.stores.journal.reply(&tenant, key).await?
        {
            cell.metrics.replayed(D::SERVICE);
            return replay(kept, seal).map(Prepared::Known);
        }
        if let Some(wanted) = if_match
            && *wanted != live.version
        {
            let text =
                format!("the resource has version {}, not {wanted}; read it again", live.version);
            return Err(Fault::caller(Code::VersionMismatch, text).into());
        }
    }
    let asked = Asked { tenant, caller: order.caller.clone(), at };
    let gather = room.spec.gather().gather(&live.state, &order.command, &asked);
    let limit = Duration::from_millis(cell.config.gather_ms_max);
    let facts = tokio::time::timeout(limit, gather).await.map_err(|_| {
        let text = format!("what {} had to learn first did not come in time", D::SERVICE);
        Fault::downstream(Code::DeadlineExceeded, limit, text)
    })??;
    Ok(Prepared::Ready { asked, facts })
}

fn answer<D: Decider>(order: &Order<'_, D>, asked: &Asked, live: &Live<D>) -> Vec<u8> {
    match &order.origin {
        Origin::Called { encode, .. } => encode(&Done {
            asked,
            command: &order.command,
            state: &live.state,
            version: live.version,
        }),
        Origin::Heard { .. } => Vec::new(),
    }
}

/// Adds to the draft what the origin asks for besides events.
fn finish<D: Decider>(
    draft: &mut Draft,
    order: &Order<'_, D>,
    carried: &Carried,
    cell: &Arc<Inner>,
    version: Version,
) {
    match &order.origin {
        Origin::Called { reply: Some((key, seal)), .. } => {
            let answer = match carried {
                Carried::Answered { response, .. } => Ok(response.clone()),
                Carried::Refused(no) => Err(write_no(no)),
            };
            let until = draft.at().after(Duration::from_secs(cell.config.reply_hours * 3600));
            draft.keep(key.clone(), seal.close(answer, version, until));
        }
        Origin::Heard { settles: Some(key), .. } if matches!(carried, Carried::Answered { .. }) => {
            draft.settle(*key);
        }
        Origin::Called { .. } | Origin::Heard { .. } => {}
    }
}

fn snapshot_if_long<D: Decider>(append: &mut Append, live: &mut Live<D>, cell: &Arc<Inner>) {
    // A snapshot costs its size: it is taken when the events behind the last one have come to weigh about as much.
    let wait = cell.config.snapshot_events_min.max(live.snapshot_size as u64 / 256);
    if live.tail >= wait && !append.events.is_empty() {
        let snapshot = json(&live.state);
        live.snapshot_size = snapshot.len();
        live.tail = 0;
        append.snapshot = Some(snapshot);
    }
}

async fn commit<D: Decider>(
    cell: &Arc<Inner>,
    orders: &[Order<'_, D>],
    append: Append,
    mut live: Live<D>,
    ends: Ends,
) -> Turn<D> {
    let after = After::of(&append);
    let proof = Proof::of(&append);
    let appended = match cell.stores.journal.append(append).await {
        Err(fault) if fault.code() == Code::OutcomeUnknown => {
            cell.metrics.unknown_outcome();
            if orders.len() > 1 {
                // Each alone finds out whether it was heard.
                cell.relay.rescan();
                return Turn::Apart;
            }
            match proof.read_back(cell).await {
                Ok(ReadBack::Known(appended)) => appended,
                Ok(ReadBack::Done) => {
                    // Where its reminders stand in the outbox is not known.
                    live.reminders = Reminders::default();
                    return Turn::Ended(Some(live), ends);
                }
                Ok(ReadBack::NotDone) => return Turn::Lost,
                Err(fault) => return Turn::Ended(None, all(orders, &fault.into())),
            }
        }
        Err(fault) => return Turn::Ended(None, all(orders, &fault.into())),
        Ok(appended) => appended,
    };
    match appended {
        Appended::Done { commit } => {
            cell.metrics.appended(D::SERVICE);
            live.reminders.committed(commit);
            cell.committed(after, commit);
            Turn::Ended(Some(live), ends)
        }
        Appended::Conflict { .. } => Turn::Lost,
        Appended::Fenced => {
            cell.metrics.fenced();
            match ownership::generation(&cell.table, &cell.id, &proof.stream.tenant) {
                // A newer table came between the decision and the append.
                Ok(now) if now != proof.generation => Turn::Lost,
                // The fence is ahead of the table, closed for a change that is under way.
                Ok(_) => {
                    let epoch = cell.table.load().epoch();
                    Turn::Ended(None, all(orders, &Unanswered::Held { epoch }))
                }
                Err(no) => Turn::Ended(None, all(orders, &no)),
            }
        }
        Appended::AlreadyHeard { .. } if orders.len() > 1 => Turn::Apart,
        Appended::AlreadyHeard { version, .. } => {
            let known = Carried::Answered { response: Vec::new(), version, replayed: true };
            Turn::Ended(None, vec![Ok(known)])
        }
        Appended::AlreadyReplied(kept) => {
            cell.metrics.replayed(D::SERVICE);
            let [Order { origin: Origin::Called { reply: Some((_, seal)), .. }, .. }] = orders
            else {
                let text = "an append without an idempotency key was answered by one";
                return Turn::Ended(None, all(orders, &Fault::ours(Code::Internal, text).into()));
            };
            Turn::Ended(None, vec![replay(kept, seal)])
        }
    }
}

/// How to tell, after an unknown outcome, whether the append of one order happened.
struct Proof {
    stream: StreamName,
    generation: base_ids::Generation,
    expected: Version,
    events: usize,
    /// XXH3-128 of the events' bodies and the cause.
    written: u128,
    heard: Option<base_ids::MessageId>,
    reply: Option<ReplyKey>,
}

impl Proof {
    fn of(append: &Append) -> Self {
        Self {
            stream: append.stream.clone(),
            generation: append.generation,
            expected: append.expected,
            events: append.events.len(),
            written: hash_of(
                append.events.iter().map(|event| &*event.body),
                append.events.last().and_then(|event| event.cause.as_deref()),
            ),
            heard: append.heard.first().map(|heard| heard.id),
            reply: append.reply.as_ref().map(|(key, _)| key.clone()),
        }
    }

    /// Reads back what happened; never guesses. What hangs on the append is found by scanning the outbox.
    async fn read_back(&self, cell: &Arc<Inner>) -> Result<ReadBack, Fault> {
        cell.relay.rescan();
        let journal = &cell.stores.journal;
        if let Some(id) = self.heard {
            let found = journal.heard(&self.stream.tenant, &self.stream.service, id).await?;
            let known = found.map(|(stream, version)| Appended::AlreadyHeard { stream, version });
            return Ok(known.map_or(ReadBack::NotDone, ReadBack::Known));
        }
        if let Some(key) = &self.reply {
            let found = journal.reply(&self.stream.tenant, key).await?;
            return Ok(found.map_or(ReadBack::NotDone, |kept| {
                ReadBack::Known(Appended::AlreadyReplied(kept))
            }));
        }
        let found = journal.events(&self.stream, self.expected, self.events).await?;
        let cause = found.last().and_then(|event| event.cause.as_deref());
        let same = found.len() == self.events
            && hash_of(found.iter().map(|event| &*event.body), cause) == self.written;
        Ok(if same { ReadBack::Done } else { ReadBack::NotDone })
    }
}

fn hash_of<'a>(bodies: impl Iterator<Item = &'a [u8]>, cause: Option<&'a [u8]>) -> u128 {
    let mut hasher = Xxh3::new();
    for part in bodies.chain(cause) {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.digest128()
}

/// What reading back an unknown outcome told.
enum ReadBack {
    /// The append is there.
    Done,
    /// It is not there, and will not come: the store has answered for it.
    NotDone,
    /// Its message or its key is there, by this append or by another.
    Known(Appended),
}

fn replay(kept: Reply, seal: &Seal) -> Result<Carried, Unanswered> {
    let version = kept.version;
    match seal.open(kept)? {
        Ok(response) => Ok(Carried::Answered { response, version, replayed: true }),
        Err(no) => Ok(Carried::Refused(read_no(&no)?)),
    }
}

async fn load<D: Decider>(cell: &Arc<Inner>, stream: &StreamName) -> Result<Live<D>, Fault> {
    let loaded = cell.stores.journal.load(stream, Version(0)).await?;
    let (mut live, snapshot_size) = match &loaded.snapshot {
        None => (Live::new(D::State::default(), Version(0)), 0),
        Some((version, bytes)) => {
            let state = serde_json::from_slice(bytes)
                .map_err(|error| unreadable(stream, "the snapshot", error))?;
            (Live::new(state, *version), bytes.len())
        }
    };
    live.snapshot_size = snapshot_size;
    for stored in &loaded.events {
        D::evolve(&mut live.state, &read_event::<D>(stream, stored)?);
        live.version = stored.version;
    }
    live.tail = loaded.events.len() as u64;
    Ok(live)
}

/// Reads a stored event of a stream.
pub(crate) fn read_event<D: Decider>(
    stream: &StreamName,
    stored: &StoredEvent,
) -> Result<D::Event, Fault> {
    D::Event::read(&stored.body).map_err(|error| {
        unreadable(stream, &format!("event {} ({})", stored.version, stored.kind), error)
    })
}

fn unreadable(stream: &StreamName, what: &str, error: serde_json::Error) -> Fault {
    Fault::ours(Code::StoreBroken, format!("{what} of {stream} cannot be read")).because(error)
}
