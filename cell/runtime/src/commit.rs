//! Turns decided events into one append: the events with their cause, rows, messages, calls and the answer to keep.

use std::collections::BTreeMap;

use base_ids::{Generation, MessageId, StreamName, Version};
use cell_kernel::{
    Asked, CalledOff, Decider, Event as _, Outbox, Posted, Seen, ServiceSpec, Table,
};
use serde::Serialize;

use crate::{
    cache::Live,
    port::{
        Append, Errand, HeardFrom, Message, NewEvent, OutboxEntry, OutboxKey, RowWrite, ToldTo,
    },
    reminders::Reminders,
};

/// Kind of the messages that stand for calls to the outside world.
pub(crate) const EFFECT: &str = "effect";

/// What a decision is committed with, besides its events.
pub(crate) struct Grounds<'a, D: Decider> {
    pub(crate) stream: &'a StreamName,
    pub(crate) generation: Generation,
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

/// What hangs on the events of one append.
#[derive(Default)]
struct Hanging {
    told_at: Version,
    rows: Writes,
    outbox: Vec<OutboxEntry>,
    public: Vec<(String, Message)>,
    told: Vec<ToldTo>,
    settles: Vec<OutboxKey>,
}

/// Folds `events` into `live` and builds the append that makes them durable. From here on `live` is ahead of the journal: it is
/// kept only if the append is done.
pub(crate) fn append_of<D: Decider>(
    spec: &ServiceSpec<D>,
    live: &mut Live<D>,
    events: &[D::Event],
    grounds: &Grounds<'_, D>,
) -> Append {
    let expected = live.version;
    // What is told names the version after the whole append, where its cause is found.
    let told_at = Version(expected.0 + events.len() as u64);
    let mut hanging = Hanging { told_at, ..Hanging::default() };
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
    Append {
        stream: grounds.stream.clone(),
        generation: grounds.generation,
        expected,
        at: grounds.asked.at,
        events: events
            .iter()
            .map(|event| NewEvent { kind: event.kind(), body: json(event) })
            .collect(),
        cause: json(&cause),
        rows: hanging.rows.into_values().collect(),
        outbox: hanging.outbox,
        public: hanging.public,
        reply: None,
        heard: grounds.heard.as_ref().map(|heard| heard.id),
        settles: hanging.settles,
        snapshot: None,
    }
}

fn hang<D: Decider>(
    spec: &ServiceSpec<D>,
    seen: &Seen<'_, D>,
    grounds: &Grounds<'_, D>,
    reminders: &mut Reminders,
    hanging: &mut Hanging,
) {
    fold_views(spec, seen, &mut hanging.rows);
    let mut outbox = Outbox::default();
    spec.told(seen, &mut outbox);
    for CalledOff { kind, body } in outbox.take_called_off() {
        hanging.settles.extend(reminders.call_off(&kind, &body));
    }
    for posted in outbox.into_posted() {
        if let Posted::To { tenant, service, kind, body, due: Some(due) } = &posted
            && *tenant == grounds.stream.tenant
            && *service == D::SERVICE
        {
            let replaced = reminders.post(kind, body, *due, hanging.outbox.len());
            hanging.settles.extend(replaced);
        }
        hang_message(posted, grounds, hanging);
    }
    for call in spec.calls(seen) {
        let message = message(EFFECT.to_owned(), call, grounds, hanging);
        let id = message.id;
        hanging.outbox.push(OutboxEntry {
            errand: Errand::Perform { message },
            due: None,
            tries: 0,
        });
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

fn hang_message<D: Decider>(posted: Posted, grounds: &Grounds<'_, D>, hanging: &mut Hanging) {
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
            hanging.outbox.push(OutboxEntry { errand, due, tries: 0 });
        }
        Posted::Public { key, kind, body } => {
            // Of several of one key and kind only the last is told: they would name one version, and replicas tell by it what
            // they know already.
            let same =
                |(told, message): &&mut (String, Message)| *told == key && message.kind == kind;
            if let Some((_, superseded)) = hanging.public.iter_mut().find(same) {
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
            hanging.public.push((key, message));
        }
    }
}

fn message<D: Decider>(
    kind: String,
    body: Vec<u8>,
    grounds: &Grounds<'_, D>,
    hanging: &Hanging,
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
