//! All that the stand-in remembers, changed only by rows that are also written to the log.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::card::Method;
use crate::charge::{Charge, ChargeStatus, Refund, RefundStatus};
use crate::event::Event;
use crate::idempotency::Answer;
use crate::intent::{Intent, Status};
use crate::webhook::{Delivery, DeliveryState};

/// One change: the new state of one object, or a fresh start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Row {
    Intent(Box<Intent>),
    Charge(Box<Charge>),
    Refund(Box<Refund>),
    Method(Method),
    Event(Box<Event>),
    Answer(Box<Answer>),
    Delivery(Box<Delivery>),
    Wipe,
}

/// Objects of one kind by id, in the order they came.
#[derive(Debug, Clone)]
pub(crate) struct Shelf<T> {
    by_id: HashMap<String, T>,
    order: Vec<String>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { by_id: HashMap::new(), order: Vec::new() }
    }
}

impl<T> Shelf<T> {
    /// Puts an object in its place and gives back what stood there.
    fn put(&mut self, id: &str, object: T) -> Option<T> {
        let old = self.by_id.insert(id.to_owned(), object);
        if old.is_none() {
            self.order.push(id.to_owned());
        }
        old
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id)
    }

    /// Oldest first; reversible.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

/// The stand-in's memory.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) intents: Shelf<Intent>,
    pub(crate) charges: Shelf<Charge>,
    pub(crate) refunds: Shelf<Refund>,
    pub(crate) methods: Shelf<Method>,
    pub(crate) events: Shelf<Event>,
    pub(crate) answers: HashMap<String, Answer>,
    pub(crate) deliveries: Shelf<Delivery>,
    by_event: HashMap<String, Vec<String>>,
    pending: usize,
}

impl Ledger {
    /// Takes a change in.
    pub(crate) fn apply(&mut self, row: Row) {
        match row {
            Row::Intent(it) => drop(self.intents.put(&it.id.clone(), *it)),
            Row::Charge(it) => drop(self.charges.put(&it.id.clone(), *it)),
            Row::Refund(it) => drop(self.refunds.put(&it.id.clone(), *it)),
            Row::Method(it) => drop(self.methods.put(&it.id.clone(), it)),
            Row::Event(it) => drop(self.events.put(&it.id.clone(), *it)),
            Row::Answer(it) => drop(self.answers.insert(it.scope.clone(), *it)),
            Row::Delivery(it) => {
                let now_pending = it.state == DeliveryState::Pending;
                let (id, event) = (it.id.clone(), it.event.clone());
                let old = self.deliveries.put(&id, *it);
                if old.is_none() {
                    self.by_event.entry(event).or_default().push(id);
                }
                let was_pending = old.is_some_and(|old| old.state == DeliveryState::Pending);
                self.pending += usize::from(now_pending);
                self.pending -= usize::from(was_pending);
            }
            Row::Wipe => *self = Self::default(),
        }
    }

    /// Takes changes in, in order.
    pub(crate) fn apply_all(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.apply(row);
        }
    }

    /// Everything, as rows that rebuild it; answers older than `forget_before` (Unix seconds) go.
    pub(crate) fn rows(&self, forget_before: i64) -> Vec<Row> {
        let intents = self.intents.iter().cloned().map(|it| Row::Intent(Box::new(it)));
        let charges = self.charges.iter().cloned().map(|it| Row::Charge(Box::new(it)));
        let refunds = self.refunds.iter().cloned().map(|it| Row::Refund(Box::new(it)));
        let methods = self.methods.iter().cloned().map(Row::Method);
        let events = self.events.iter().cloned().map(|it| Row::Event(Box::new(it)));
        let answers = self
            .answers
            .values()
            .filter(|answer| answer.at >= forget_before)
            .cloned()
            .map(|it| Row::Answer(Box::new(it)));
        let deliveries = self.deliveries.iter().cloned().map(|it| Row::Delivery(Box::new(it)));
        intents
            .chain(charges)
            .chain(refunds)
            .chain(methods)
            .chain(events)
            .chain(answers)
            .chain(deliveries)
            .collect()
    }

    /// Deliveries of one event.
    pub(crate) fn deliveries_of(&self, event: &str) -> impl Iterator<Item = &Delivery> {
        let ids = self.by_event.get(event).into_iter().flatten();
        ids.filter_map(|id| self.deliveries.get(id))
    }

    /// Deliveries that have neither arrived nor been given up.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// Sums and counts over everything, for a person or a test to compare with their own books.
    pub(crate) fn accounts(&self) -> Accounts {
        let mut accounts = Accounts {
            events: self.events.len(),
            intents: Status::ALL.iter().map(|status| (status.as_str().to_owned(), 0)).collect(),
            ..Accounts::default()
        };
        for charge in self.charges.iter().filter(|it| it.status == ChargeStatus::Succeeded) {
            let money = accounts.money.entry(charge.currency.clone()).or_default();
            money.authorised += charge.amount;
            money.captured += charge.amount_captured;
            let untaken = charge.amount - charge.amount_captured;
            if charge.captured || charge.released {
                money.released += untaken;
            } else {
                money.held += untaken;
            }
        }
        for refund in self.refunds.iter().filter(|it| it.status != RefundStatus::Failed) {
            accounts.money.entry(refund.currency.clone()).or_default().refunded += refund.amount;
        }
        for intent in self.intents.iter() {
            *accounts.intents.entry(intent.status.as_str().to_owned()).or_default() += 1;
        }
        for refund in self.refunds.iter() {
            *accounts.refunds.entry(refund.status.as_str().to_owned()).or_default() += 1;
        }
        for delivery in self.deliveries.iter() {
            *accounts.deliveries.entry(delivery.state.as_str().to_owned()).or_default() += 1;
        }
        accounts
    }
}

/// What the stand-in has done, in sums: `GET /_script/state`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// Sums by currency (lower case).
    pub money: BTreeMap<String, Money>,
    /// Intents by status.
    pub intents: BTreeMap<String, usize>,
    /// Refunds by status.
    pub refunds: BTreeMap<String, usize>,
    /// Webhook deliveries by state: `pending`, `delivered`, `given_up`.
    pub deliveries: BTreeMap<String, usize>,
    /// Events so far.
    pub events: usize,
}

/// Sums of one currency in its smallest unit; `authorised = captured + held + released`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Approved by issuers, ever.
    pub authorised: i64,
    /// Taken.
    pub captured: i64,
    /// Approved, neither taken nor given up.
    pub held: i64,
    /// Approved and given back without being taken.
    pub released: i64,
    /// Taken and given back, pending refunds included, failed ones not.
    pub refunded: i64,
}
