//! A small world for the laws: one buyer, some vendors, and a post that delivers late, twice and in any order.

use std::collections::BTreeMap;

use base_ids::{MessageId, ResourceId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Asked, Caller, Decider as _, Heard, Listener, Outbox, Posted, Seen, Words};

use super::TERMS;
use crate::{Command, Event, Orders, Refusal, State, announce, listen, wire};

/// One message on its way.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) tenant: Tenant,
    pub(super) service: &'static str,
    pub(super) kind: String,
    pub(super) body: Vec<u8>,
    pub(super) due: Option<Timestamp>,
    from: StreamName,
    version: Version,
}

/// One stream as it is.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) state: State,
    pub(super) history: Vec<Event>,
}

/// Streams, and the post between them.
pub(super) struct World {
    pub(super) streams: BTreeMap<StreamName, Stream>,
    /// Letters to orders that have not been delivered for the last time.
    pub(super) post: Vec<Letter>,
    /// Letters to other services.
    pub(super) abroad: Vec<Letter>,
    pub(super) now: Timestamp,
    listener: Listener<Orders>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            streams: BTreeMap::new(),
            post: Vec::new(),
            abroad: Vec::new(),
            now: Timestamp::default(),
            listener: listen::listener(),
        }
    }

    /// Gives a command to a tenant, and posts what follows.
    pub(super) fn ask(&mut self, tenant: &Tenant, command: &Command) -> Result<(), Refusal> {
        let key = Orders::stream(command);
        let name = stream(tenant, &key);
        let stream = self.streams.entry(name.clone()).or_default();
        let asked =
            Asked { tenant: tenant.clone(), caller: Caller::platform("story"), at: self.now };
        let mut outboxes = Vec::new();
        for event in Orders::decide(&stream.state, command, &TERMS, &asked)? {
            Orders::evolve(&mut stream.state, &event);
            stream.history.push(event.clone());
            let version = Version(stream.history.len() as u64);
            let seen = Seen {
                tenant,
                key: &key,
                event: &event,
                state: &stream.state,
                version,
                at: self.now,
            };
            let mut outbox = Outbox::default();
            announce::announce(&seen, &mut outbox);
            outboxes.push((version, outbox));
        }
        for (version, outbox) in outboxes {
            self.send(&name, version, outbox);
        }
        Ok(())
    }

    /// Delivers a letter; once more later, if `again`.
    pub(super) fn deliver(&mut self, place: usize, again: bool) {
        let letter = if again { self.post[place].clone() } else { self.post.swap_remove(place) };
        let heard = Heard {
            id: MessageId::derived(&letter.from, letter.version, 0),
            kind: &letter.kind,
            body: &letter.body,
            from: &letter.from,
            version: letter.version,
            at: self.now,
        };
        let command = self.listener.hear(&heard).expect("orders hears what it tells itself");
        let command = command.expect("and can read it");
        self.ask(&letter.tenant, &command).expect("a message is never refused");
    }

    /// Someone else tells orders something.
    pub(super) fn tell<M: Words>(&mut self, tenant: &Tenant, message: &M) {
        self.post.push(Letter {
            tenant: tenant.clone(),
            service: Orders::SERVICE,
            kind: M::full_name(),
            body: message.encode_to_vec(),
            due: None,
            from: "users/leila/checkout/c1".parse().unwrap(),
            version: Version(1),
        });
    }

    /// Payments gives a share back for each time that it is asked.
    pub(super) fn payments_answers(&mut self) {
        let asked: Vec<_> = self.told_abroad::<wire::RefundShare>().collect();
        for (buyer, ask) in asked {
            let group: ResourceId = ask.group.parse().unwrap();
            let state = &self.streams[&stream(&buyer, &format!("group-{group}"))].state;
            let (draft, _) = state.group().unwrap().child(&ask.order.parse().unwrap()).unwrap();
            let amount = Some(cell_words::money(draft.total));
            let (payment, order) = (ask.payment, ask.order);
            let back = wire::ShareRefunded { payment, order, amount, group: ask.group };
            self.tell(&buyer, &back);
        }
    }

    /// Delivers everything, letters to come included, and lets all the time pass that anybody waits for.
    pub(super) fn settle(&mut self) {
        while !self.post.is_empty() {
            let due = self.post.iter().position(|letter| letter.due <= Some(self.now));
            match due {
                Some(place) => self.deliver(place, false),
                None => self.now = self.post.iter().filter_map(|letter| letter.due).min().unwrap(),
            }
        }
    }

    /// What other services were told of one kind.
    pub(super) fn told_abroad<M: Words>(&self) -> impl Iterator<Item = (Tenant, M)> {
        let letters = self.abroad.iter().filter(|letter| letter.kind == M::full_name());
        letters.map(|letter| (letter.tenant.clone(), M::decode(&*letter.body).unwrap()))
    }

    fn send(&mut self, from: &StreamName, version: Version, outbox: Outbox) {
        for posted in outbox.into_posted() {
            let Posted::To { tenant, service, kind, body, due } = posted else {
                unreachable!("orders publishes nothing")
            };
            let letter = Letter { tenant, service, kind, body, due, from: from.clone(), version };
            if service == Orders::SERVICE {
                self.post.push(letter);
            } else {
                self.abroad.push(letter);
            }
        }
    }
}

fn stream(tenant: &Tenant, key: &str) -> StreamName {
    StreamName::new(tenant.clone(), Orders::SERVICE, key).unwrap()
}
