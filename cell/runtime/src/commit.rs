//! Turns decisions into one append: their events with their causes, rows, messages and calls.

use std::collections::BTreeMap;

use base_ids::{Generation, MessageId, StreamName, Version};
use base_time::Timestamp;
use cell_kernel::{
    Asked, CalledOff, Decider, Event as _, Outbox, Posted, Seen, ServiceSpec, Table,
};
use serde::Serialize;

use crate::{
    cache::Live,
    port::{
        Append, Errand, HeardAt, HeardFrom, Message, NewEvent, OutboxEntry, OutboxKey, Reply,
        ReplyKey, RowWrite, ToldTo,
    },
    reminders::Reminders,
};

/// Kind of the messages that stand for calls to the outside world.
pub(crate) const EFFECT: &str = "effect";

/// What a decision is committed with, besides its events.
pub(crate) struct Grounds<'a, D: Decider> {
    pub(crate) stream: &'a StreamName,
    pub(crate) asked: &'a Asked,
    pub(crate) command: &'a D::Command,
    pub(crate) facts: &'a D::Facts,
    pub(crate) trace: Option<[u8; 16]>,
    pub(crate) heard: Option<HeardFrom>,
}

/// The same fields as [`crate::port::Cause`], borrowed: written straight to bytes, since every append has one.
#[derive(Serialize)]
struct CauseOf<'a, C, F> {
    actor: String,
    command: &'a C,
    facts: &'a F,
    trace: Option<[u8; 16]>,
    heard: &'a Option<HeardFrom>,
    told: &'a [ToldTo],
}

/// Row changes, the last one of each row.
pub(crate) type Writes = BTreeMap<(Table, String), RowWrite>;

/// An append while decisions are added to it.
pub(crate) struct Draft {
    append: Append,
    rows: Writes,
    /// Whether anything was added.
    pub(crate) begun: bool,
}

/// What hangs on the events of one decision, and goes into the draft that they belong to.
struct Hanging<'a> {
    draft: &'a mut Draft,
    told_at: Version,
    told: Vec<ToldTo>,
}

impl Draft {
    /// An append of nothing to a stream of that version.
    pub(crate) fn new(
        stream: StreamName,
        generation: Generation,
        expected: Version,
        at: Timestamp,
    ) -> Self {
        let append = Append {
            stream,
            generation,
            expected,
            at,
            events: Vec::new(),
            rows: Vec::new(),
            outbox: Vec::new(),
            public: Vec::new(),
            reply: None,
            heard: Vec::new(),
            settles: Vec::new(),
            snapshot: None,
        };
        Self { append, rows: Writes::new(), begun: false }
    }

    /// Keeps the answer under the caller's key.
    pub(crate) fn keep(&mut self, key: ReplyKey, reply: Reply) {
        self.append.reply = Some((key, reply));
    }

    /// Settles an entry of this cell's outbox.
    pub(crate) fn settle(&mut self, key: OutboxKey) {
        if !self.append.settles.contains(&key) {
            self.append.settles.push(key);
        }
    }

    /// When everything in it happens.
    pub(crate) fn at(&self) -> Timestamp {
        self.append.at
    }

    /// Folds a decision's events into `live` and adds them to the append that makes them durable. From here on `live` is ahead of the
    /// journal: it is kept only if the append is done.
    pub(crate) fn add<D: Decider>(
        &mut self,
        spec: &ServiceSpec<D>,
        live: &mut Live<D>,
        events: &[D::Event],
        grounds: &Grounds<'_, D>,
    ) {
        self.begun = true;
        // What is told names the version after the whole decision, where its cause is found.
        let told_at = Version(live.version.0 + events.len() as u64);
        let mut hanging = Hanging { draft: self, told_at, told: Vec::new() };
        for event in events {
            D::evolve(&mut live.state, event);
            live.version = live.version.next();
            let seen = Seen {
                tenant: &grounds.asked.tenant,
                key: &grounds.stream.key,
                event,
                state: &live.state,
                version: live.version,
                at: grounds.asked.at,
            };
            hang(spec, &seen, grounds, &mut live.reminders, &mut hanging);
        }
        let cause = CauseOf {
            actor: grounds.asked.caller.name(),
            command: grounds.command,
            facts: grounds.facts,
            trace: grounds.trace,
            heard: &grounds.heard,
            told: &hanging.told,
        };
        let cause = (!events.is_empty()).then(|| json(&cause));
        let append = &mut self.append;
        let news = events.iter().map(|event| NewEvent {
            kind: event.kind(),
            body: json(event),
            cause: None,
        });
        append.events.extend(news);
        if let Some(last) = append.events.last_mut()
            && cause.is_some()
        {
            last.cause = cause;
        }
        let heard = grounds.heard.as_ref();
        append.heard.extend(heard.map(|heard| HeardAt { id: heard.id, version: told_at }));
        live.tail += events.len() as u64;
    }

    /// The append, with everything that was added.
    pub(crate) fn finish(self) -> Append {
        Append { rows: self.rows.into_values().collect(), ..self.append }
    }
}

fn hang<D: Decider>(
    spec: &ServiceSpec<D>,
    seen: &Seen<'_, D>,
    grounds: &Grounds<'_, D>,
    reminders: &mut Reminders,
    hanging: &mut Hanging<'_>,
) {
    fold_views(spec, seen, &mut hanging.draft.rows);
    let mut outbox = Outbox::default();
    spec.told(seen, &mut outbox);
    for CalledOff { kind, body } in outbox.take_called_off() {
        hanging.draft.append.settles.extend(reminders.call_off(&kind, &body));
    }
    for posted in outbox.into_posted() {
        if let Posted::To { tenant, service, kind, body, due: Some(due) } = &posted
            && *tenant == grounds.stream.tenant
            && *service == D::SERVICE
        {
            let ordinal = hanging.draft.append.outbox.len();
            let replaced = reminders.post(kind, body, *due, ordinal);
            hanging.draft.append.settles.extend(replaced);
        }
        hang_message(posted, grounds, hanging);
    }
    for call in spec.calls(seen) {
        let message = message(EFFECT.to_owned(), call, grounds, hanging);
        let id = message.id;
        let errand = Errand::Perform { message };
        hanging.draft.append.outbox.push(OutboxEntry { errand, due: None, tries: 0 });
        let kind = EFFECT.to_owned();
        hanging.told.push(ToldTo { id, tenant: None, service: EFFECT.to_owned(), kind, due: None });
    }
}

/// Folds one event into the rows of the service's views.
pub(crate) fn fold_views<D: Decider>(spec: &ServiceSpec<D>, seen: &Seen<'_, D>, rows: &mut Writes) {
    for view in spec.views() {
        let table = Table { service: D::SERVICE, name: view.name };
        for change in (view.fold)(seen) {
            // Of several changes of one row the last one stays: a batch has no order within a key.
            let write =
                RowWrite { table, key: change.key.clone(), row: change.row, version: seen.version };
            rows.insert((table, change.key), write);
        }
    }
}

fn hang_message<D: Decider>(posted: Posted, grounds: &Grounds<'_, D>, hanging: &mut Hanging<'_>) {
    match posted {
        Posted::To { tenant, service, kind, body, due } => {
            let message = message(kind.clone(), body, grounds, hanging);
            let told = ToldTo {
                id: message.id,
                tenant: Some(tenant.clone()),
                service: service.to_owned(),
                kind,
                due,
            };
            hanging.told.push(told);
            let errand = Errand::Deliver { to: tenant, service: service.to_owned(), message };
            hanging.draft.append.outbox.push(OutboxEntry { errand, due, tries: 0 });
        }
        Posted::Public { key, kind, body } => {
            // Of several of one key and kind only the last is told: they would name one version, and replicas tell by it what
            // they know already.
            let version = hanging.told_at;
            let same = |(told, message): &&mut (String, Message)| {
                *told == key && message.kind == kind && message.version == version
            };
            if let Some((_, superseded)) = hanging.draft.append.public.iter_mut().find(same) {
                superseded.body = body;
                return;
            }
            let message = message(kind.clone(), body, grounds, hanging);
            hanging.told.push(ToldTo {
                id: message.id,
                tenant: None,
                service: String::new(),
                kind,
                due: None,
            });
            hanging.draft.append.public.push((key, message));
        }
    }
}

fn message<D: Decider>(
    kind: String,
    body: Vec<u8>,
    grounds: &Grounds<'_, D>,
    hanging: &Hanging<'_>,
) -> Message {
    let version = hanging.told_at;
    let id = MessageId::derived(grounds.stream, version, hanging.told.len());
    Message {
        id,
        from: grounds.stream.clone(),
        version,
        kind,
        body,
        at: grounds.asked.at,
        trace: grounds.trace,
    }
}

/// JSON of what services keep. They are plain data with text keys, which always serialise.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data with text keys always serialises")
}
