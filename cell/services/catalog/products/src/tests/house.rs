//! A whole cell for these tests: streams, views, replicas and mail of this one service, in memory, one step at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{
    Answer, Asked, Caller, Decider as _, Done, Heard, MethodKind, No, Outbox, Posted, Reading,
    Request, RowBytes, RowChange, RowSource, Seen, ServiceSpec, Table, Versioned, Words,
};

use prost::Message as _;

use crate::{Command, Event, Products, Refusal, SellerTerms, State, Terms, spec, wire};

type Key = (Table, Option<Tenant>, String);

/// A message on its way to this service.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) to: Tenant,
    pub(super) kind: String,
    pub(super) body: Vec<u8>,
    pub(super) from: StreamName,
    pub(super) version: Version,
}

/// The cell.
pub(super) struct House {
    pub(super) streams: BTreeMap<StreamName, (State, Vec<Event>)>,
    rows: Arc<BTreeMap<Key, RowBytes>>,
    /// For this service.
    pub(super) mail: VecDeque<Mail>,
    /// For others: whom, which service, what.
    pub(super) told: Vec<(Tenant, &'static str, String, Vec<u8>)>,
    /// What the sellers here have agreed on.
    pub(super) terms: BTreeMap<Tenant, Terms>,
    pub(super) now: i64,
    minted: u32,
}

struct Stored(Arc<BTreeMap<Key, RowBytes>>);

impl RowSource for Stored {
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        let found = self.0.get(&(table, tenant.cloned(), key.to_owned())).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn rows<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
        newest_first: bool,
    ) -> Answer<'a, Vec<RowBytes>> {
        let from = (table, tenant.cloned(), prefix.to_owned());
        let inside = |(key, _): &(&Key, &RowBytes)| {
            key.0 == table && key.1.as_ref() == tenant && key.2.starts_with(prefix)
        };
        let mut found: Vec<RowBytes> =
            self.0.range(from..).take_while(inside).map(|(_, row)| row.clone()).collect();
        if newest_first {
            found.reverse();
        }
        let beyond = |row: &RowBytes| match after {
            Some(after) if newest_first => row.key.as_str() < after,
            Some(after) => row.key.as_str() > after,
            None => true,
        };
        found.retain(beyond);
        found.truncate(limit);
        Box::pin(std::future::ready(Ok(found)))
    }
}

struct Agreed(BTreeMap<Tenant, Terms>);

impl SellerTerms for Agreed {
    fn terms_of<'a>(&'a self, vendor: &'a Tenant) -> Answer<'a, Option<Terms>> {
        Box::pin(std::future::ready(Ok(self.0.get(vendor).cloned())))
    }
}

/// Nothing here waits, so everything is ready at once.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("rows in memory are ready at once"),
    }
}

fn stream_of(tenant: &Tenant, key: &str) -> StreamName {
    StreamName::new(tenant.clone(), Products::SERVICE, key).unwrap()
}

fn gathered(
    spec: &ServiceSpec<Products>,
    state: &State,
    command: &Command,
    asked: &Asked,
) -> crate::Facts {
    now(spec.gather().gather(state, command, asked)).unwrap()
}

fn method_of(
    methods: Vec<cell_kernel::Method<Products>>,
    name: &str,
) -> cell_kernel::Method<Products> {
    methods.into_iter().find(|known| known.name == name).unwrap()
}

fn read<M: Words>(bytes: &[u8]) -> M {
    M::decode(bytes).unwrap()
}

impl House {
    pub(super) fn new() -> Self {
        Self {
            streams: BTreeMap::new(),
            rows: Arc::default(),
            mail: VecDeque::new(),
            told: Vec::new(),
            terms: BTreeMap::new(),
            now: 0,
            minted: 0,
        }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading::new(Arc::new(Stored(Arc::clone(&self.rows))))
    }

    fn spec(&self) -> ServiceSpec<Products> {
        spec(self.reading(), Arc::new(Agreed(self.terms.clone())))
    }

    /// Gathers, decides and commits.
    pub(super) fn ask(
        &mut self,
        tenant: &Tenant,
        caller: Caller,
        command: &Command,
    ) -> Result<Vec<Event>, Refusal> {
        self.now += 1;
        let spec = self.spec();
        let at = Timestamp::from_millis(self.now);
        let asked = Asked { tenant: tenant.clone(), caller, at };
        let key = Products::stream(command);
        let stream = stream_of(tenant, &key);
        let (mut state, mut history) = self.streams.remove(&stream).unwrap_or_default();
        let facts = gathered(&spec, &state, command, &asked);
        let decided = Products::decide(&state, command, &facts, &asked);
        let events = decided.clone().unwrap_or_default();
        // The gathering has let go of the rows: they can be changed in place.
        let mut folded = Vec::new();
        for event in &events {
            Products::evolve(&mut state, event);
            history.push(event.clone());
            let version = Version(history.len() as u64);
            let seen = Seen { tenant, key: &key, event, state: &state, version, at };
            for view in spec.views() {
                let table = Table { service: Products::SERVICE, name: view.name };
                folded.push((table, (view.fold)(&seen), version));
            }
            let mut outbox = Outbox::default();
            spec.told(&seen, &mut outbox);
            for posted in outbox.into_posted() {
                self.post(posted, &stream, version);
            }
        }
        drop(spec);
        for (table, changes, version) in folded {
            self.apply(table, Some(tenant), changes, version);
        }
        self.streams.insert(stream, (state, history));
        decided
    }

    fn post(&mut self, posted: Posted, from: &StreamName, version: Version) {
        let from = from.clone();
        match posted {
            Posted::To { tenant: to, service, kind, body, .. } if service == Products::SERVICE => {
                self.mail.push_back(Mail { to, kind, body, from, version });
            }
            Posted::To { tenant, service, kind, body, .. } => {
                self.told.push((tenant, service, kind, body));
            }
            Posted::Public { kind, body, .. } => self.publish(&kind, &body, &from, version),
        }
    }

    /// Every cell hears it.
    pub(super) fn publish(&mut self, kind: &str, body: &[u8], from: &StreamName, version: Version) {
        let at = Timestamp::from_millis(self.now);
        let id = MessageId::derived(from, version, 0);
        let heard = Heard { id, kind, body, from, version, at };
        let replicas = self.spec().replicas().to_vec();
        for replica in replicas.iter().filter(|replica| replica.hears.contains(&kind)) {
            let table = Table { service: replica.service, name: replica.name };
            let key = (replica.key)(&heard).unwrap();
            let before = self.rows.get(&(table, None, key)).map(|row| row.row.clone());
            let changes = (replica.fold)(before.as_deref(), &heard).unwrap();
            self.apply(table, None, changes, version);
        }
    }

    fn apply(
        &mut self,
        table: Table,
        tenant: Option<&Tenant>,
        changes: Vec<RowChange>,
        version: Version,
    ) {
        let rows = Arc::make_mut(&mut self.rows);
        for RowChange { key, row } in changes {
            let at = (table, tenant.cloned(), key.clone());
            match row {
                Some(row) => rows.insert(at, RowBytes { key, version, row }),
                None => rows.remove(&at),
            };
        }
    }

    /// Hears one message.
    pub(super) fn hear(&mut self, mail: &Mail) {
        let Mail { to, kind, body, from, version } = mail;
        let (id, at) = (MessageId::derived(from, *version, 0), Timestamp::from_millis(self.now));
        let heard = Heard { id, kind, body, from, version: *version, at };
        let command = self.spec().listener().hear(&heard).unwrap().unwrap();
        let caller = Caller::platform(&from.service);
        self.ask(to, caller, &command).unwrap();
    }

    /// Hears everything that is on its way, and what that gives rise to.
    pub(super) fn settle(&mut self) {
        while let Some(mail) = self.mail.pop_front() {
            self.hear(&mail);
        }
    }

    /// Calls a method, and goes on to wherever it leads.
    pub(super) fn call<Req: Words, Resp: Words>(
        &mut self,
        tenant: &Tenant,
        caller: &Caller,
        method: &str,
        request: &Req,
    ) -> Result<Resp, No> {
        let (mut tenant, mut body) = (tenant.clone(), request.encode_to_vec());
        let mut method = format!("souk.products.v1.Products/{method}");
        loop {
            self.minted += 1;
            let minted = format!("{:032x}", self.minted);
            let asked = Request {
                tenant: tenant.clone(),
                caller: caller.clone(),
                at: Timestamp::from_millis(self.now),
                reading: self.reading(),
                mint: Arc::new(move || minted.clone()),
                idempotency_key: None,
                went_to: None,
            };
            let methods = self.spec().take_api().into_methods();
            let kind = method_of(methods, &method).kind;
            match kind {
                MethodKind::Command { decode, encode } => {
                    let command = decode(&asked, &body)?;
                    drop(asked);
                    let decided = self.ask(&tenant, caller.clone(), &command);
                    decided.map_err(|no| No::refused(&no))?;
                    let key = Products::stream(&command);
                    let stream = stream_of(&tenant, &key);
                    let (state, history) = &self.streams[&stream];
                    let at = Timestamp::from_millis(self.now);
                    let asked = Asked { tenant, caller: caller.clone(), at };
                    let version = Version(history.len() as u64);
                    let done = Done { asked: &asked, command: &command, state, version };
                    return Ok(read(&encode(&done)));
                }
                MethodKind::Query { answer } => {
                    let Versioned { row, .. } = now(answer(asked, body))?;
                    return Ok(read(&row));
                }
                MethodKind::Forward { onward } => {
                    let onward = now(onward(asked, body))?;
                    (tenant, method, body) = (onward.tenant, onward.method, onward.request);
                }
                MethodKind::Watch { .. } => unreachable!("nothing is followed here"),
            }
        }
    }

    /// A seller tells everyone that it is open, or why not.
    pub(super) fn seller(&mut self, vendor: &Tenant, closed_because: &str) {
        self.now += 1;
        let told = wire::SellerPublished {
            vendor: vendor.to_string(),
            open: closed_because.is_empty(),
            closed_because: closed_because.to_owned(),
            city: "Rabat".to_owned(),
            ..wire::SellerPublished::default()
        };
        let from = StreamName::new(vendor.clone(), "sellers", "seller").unwrap();
        let version = Version(self.now.unsigned_abs());
        self.publish("souk.sellers.v1.SellerPublished", &told.encode_to_vec(), &from, version);
        let terms = Terms {
            closed_because: Some(closed_because.to_owned()).filter(|why| !why.is_empty()),
            commission_basis_points: 1_000,
            delivery_fees: vec![super::mad(2_500)],
        };
        self.terms.insert(vendor.clone(), terms);
    }

    /// A vendor's stock of an offer changes.
    pub(super) fn stock(
        &mut self,
        vendor: &Tenant,
        offer: &str,
        level: wire::availability_changed::Level,
    ) {
        self.now += 1;
        let (vendor_name, offer) = (vendor.to_string(), offer.to_owned());
        let told =
            wire::AvailabilityChanged { vendor: vendor_name, offer, level: level.into(), few: 2 };
        let from = StreamName::new(vendor.clone(), "inventory", "stock").unwrap();
        let version = Version(self.now.unsigned_abs());
        let kind = "souk.inventory.v1.AvailabilityChanged";
        self.publish(kind, &told.encode_to_vec(), &from, version);
    }

    /// Everything that has happened to the streams whose keys begin so.
    pub(super) fn histories(&self, prefix: &str) -> Vec<(&StreamName, &Vec<Event>)> {
        let streams = self.streams.iter().filter(|(name, _)| name.key.starts_with(prefix));
        streams
            .map(|(name, (_, history))| (name, history))
            .filter(|(_, history)| !history.is_empty())
            .collect()
    }

    /// All rows of all replicas.
    pub(super) fn replicas(&self) -> BTreeMap<(&'static str, String), Vec<u8>> {
        let rows = self.rows.iter().filter(|((_, tenant, _), _)| tenant.is_none());
        rows.map(|((table, _, key), row)| ((table.name, key.clone()), row.row.clone())).collect()
    }
}

/// What a refused call said.
pub(super) fn code_of<T: std::fmt::Debug>(answer: Result<T, No>) -> String {
    match answer.unwrap_err() {
        No::Refused { code, .. } => code,
        No::Fault(fault) => {
            let field = fault.fields().first().map(|wrong| format!(" {}", wrong.field));
            format!("{}{}", fault.code().as_str(), field.unwrap_or_default())
        }
    }
}
