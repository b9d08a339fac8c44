//! A house for one service: its streams, views, replicas and mail in memory, one step at a time, as the runtime would take them.

use std::{collections::BTreeMap, sync::Arc};

use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;

use super::doubles::{RowsInMemory, now};
use crate::{
    Asked, Caller, Decider, Done, Heard, Method, MethodKind, No, Outbox, Posted, Reading, Request,
    RowBytes, Seen, ServiceSpec, Table, Unreadable, Words,
};

/// A message that was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whom.
    pub to: Tenant,
    /// Which of its services.
    pub service: String,
    /// Full name of the protobuf message.
    pub kind: String,
    /// The encoded message.
    pub body: Vec<u8>,
    /// The stream whose event gave rise to it.
    pub from: StreamName,
    /// That event's version.
    pub version: Version,
}

/// One service alone in a cell that owns everything. Nothing happens by itself: messages are heard when a story says so.
pub struct House<D: Decider> {
    build: Box<dyn Fn(Reading) -> ServiceSpec<D>>,
    streams: BTreeMap<StreamName, (D::State, Vec<D::Event>)>,
    rows: Arc<RowsInMemory>,
    told: Vec<Told>,
    public: Vec<(String, Vec<u8>)>,
    at: i64,
    minted: u32,
}

impl Told {
    /// Reads the message as `M`; `None` if it is another.
    pub fn read<M: Words>(&self) -> Option<M> {
        let same = self.kind == M::full_name();
        same.then(|| M::decode(&*self.body).expect("a message of this kind"))
    }
}

impl<D: Decider> House<D> {
    /// A house for the service that is built on such rows.
    pub fn of(build: impl Fn(Reading) -> ServiceSpec<D> + 'static) -> Self {
        Self {
            build: Box::new(build),
            streams: BTreeMap::new(),
            rows: Arc::default(),
            told: Vec::new(),
            public: Vec::new(),
            at: 0,
            minted: 0,
        }
    }

    /// Reads the rows as they are.
    pub fn reading(&self) -> Reading {
        Reading::new(Arc::clone(&self.rows) as Arc<dyn crate::RowSource>)
    }

    /// The rows as they are.
    pub fn rows(&self) -> &RowsInMemory {
        &self.rows
    }

    /// Everything that has happened to the streams whose keys begin so.
    pub fn histories(&self, prefix: &str) -> Vec<(&StreamName, &[D::Event])> {
        let streams = self.streams.iter().filter(|(name, _)| name.key.starts_with(prefix));
        let streams = streams.map(|(name, (_, history))| (name, history.as_slice()));
        streams.filter(|(_, history)| !history.is_empty()).collect()
    }

    /// The messages of one kind that were told to services, this one or another, in order.
    pub fn told<M: Words>(&self) -> Vec<(&Told, M)> {
        self.told.iter().filter_map(|told| Some((told, told.read()?))).collect()
    }

    /// Takes such messages out, so that they are not found again.
    pub fn take_told<M: Words>(&mut self) -> Vec<(Told, M)> {
        let taken = self.told.extract_if(.., |told| told.kind == M::full_name());
        taken.filter_map(|told| Some((told.clone(), told.read()?))).collect()
    }

    /// The messages of one kind that this service told everyone, in order.
    pub fn published<M: Words>(&self) -> Vec<M> {
        let same = self.public.iter().filter(|(kind, _)| *kind == M::full_name());
        same.map(|(_, body)| M::decode(&**body).expect("a message of this kind")).collect()
    }

    /// Gathers, decides and commits, a millisecond after what was before.
    ///
    /// Errors: the business says no.
    pub fn ask(
        &mut self,
        tenant: &Tenant,
        caller: Caller,
        command: &D::Command,
    ) -> Result<Vec<D::Event>, D::Refusal> {
        self.at += 1;
        let spec = (self.build)(self.reading());
        let asked = Asked { tenant: tenant.clone(), caller, at: self.time() };
        let stream = stream_of::<D>(tenant, &D::stream(command));
        let (mut state, mut history) = self.streams.remove(&stream).unwrap_or_default();
        let facts = gathered(&spec, &state, command, &asked);
        let decided = D::decide(&state, command, &facts, &asked);
        let mut hanging = Hanging::default();
        for event in decided.iter().flatten() {
            D::evolve(&mut state, event);
            history.push(event.clone());
            let version = Version(history.len() as u64);
            let (tenant, key, at) = (&stream.tenant, stream.key.as_ref(), asked.at);
            hanging.add(&spec, &Seen { tenant, key, event, state: &state, version, at });
        }
        let version = Version(history.len() as u64);
        self.streams.insert(stream.clone(), (state, history));
        drop(spec);
        self.commit(hanging, &stream, version);
        decided
    }

    fn commit(&mut self, hanging: Hanging, stream: &StreamName, newest: Version) {
        for (table, changes, version) in hanging.rows {
            Arc::make_mut(&mut self.rows).apply(table, Some(&stream.tenant), changes, version);
        }
        for (posted, version) in hanging.posted {
            if let Posted::To { tenant: to, service, kind, body, .. } = posted {
                let (service, from) = (service.to_owned(), stream.clone());
                self.told.push(Told { to, service, kind, body, from, version });
            }
        }
        for (kind, body) in hanging.public.into_values() {
            self.publish_encoded(&kind, &body, stream, newest);
            self.public.push((kind, body));
        }
    }

    /// Every cell hears it, this one included.
    pub fn publish<M: Words>(&mut self, from: &StreamName, version: Version, message: &M) {
        self.publish_encoded(&M::full_name(), &message.encode_to_vec(), from, version);
    }

    fn publish_encoded(&mut self, kind: &str, body: &[u8], from: &StreamName, version: Version) {
        let (id, at) = (MessageId::derived(from, version, 0), self.time());
        let heard = Heard { id, kind, body, from, version, at };
        let replicas = (self.build)(self.reading()).replicas().to_vec();
        for replica in replicas.iter().filter(|replica| replica.hears.contains(&kind)) {
            let table = Table { service: replica.service, name: replica.name };
            let key = (replica.key)(&heard).expect("the message names its row");
            let before = self.rows.find(table, None, &key).map(|row| row.row.clone());
            let changes = (replica.fold)(before.as_deref(), &heard).expect("the message is read");
            Arc::make_mut(&mut self.rows).apply(table, None, changes, version);
        }
    }

    /// The tenant hears a message that somebody's stream has told.
    ///
    /// Errors: the business says no.
    pub fn tell<M: Words>(
        &mut self,
        to: &Tenant,
        from: &StreamName,
        message: &M,
    ) -> Result<Vec<D::Event>, D::Refusal> {
        let (kind, body) = (M::full_name(), message.encode_to_vec());
        let (to, service, from) = (to.clone(), D::SERVICE.to_owned(), from.clone());
        self.hear(&Told { to, service, kind, body, from, version: Version(1) })
    }

    /// The service hears a message.
    ///
    /// Errors: the business says no.
    pub fn hear(&mut self, told: &Told) -> Result<Vec<D::Event>, D::Refusal> {
        let command = self.understood(told);
        self.ask(&told.to, Caller::platform(&told.from.service), &command)
    }

    /// Whether the message can be read; one that cannot becomes a dead letter.
    pub fn understands<M: Words>(&self, from: &StreamName, message: &M) -> bool {
        self.read(&M::full_name(), &message.encode_to_vec(), from, Version(1)).is_ok()
    }

    fn understood(&self, Told { kind, body, from, version, .. }: &Told) -> D::Command {
        self.read(kind, body, from, *version).expect("the message is read")
    }

    /// The command that a message asks for.
    fn read(
        &self,
        kind: &str,
        body: &[u8],
        from: &StreamName,
        version: Version,
    ) -> Result<D::Command, Unreadable> {
        let id = MessageId::derived(from, version, 0);
        let heard = Heard { id, kind, body, from, version, at: self.time() };
        let deaf = || Unreadable(format!("the service does not listen to {kind}"));
        (self.build)(self.reading()).listener().hear(&heard).ok_or_else(deaf)?
    }

    /// Calls a method, such as `AddLine`, and goes on to wherever it leads.
    ///
    /// Errors: as a client would get them.
    pub fn call<Req: Words, Resp: Words>(
        &mut self,
        tenant: &Tenant,
        caller: &Caller,
        method: &str,
        request: &Req,
    ) -> Result<Resp, No> {
        let (mut tenant, mut method) = (tenant.clone(), method.to_owned());
        let mut body = request.encode_to_vec();
        let read = |bytes: &[u8]| Resp::decode(bytes).expect("an answer of this kind");
        loop {
            let asked = self.request(&tenant, caller);
            match self.method(&method).kind {
                MethodKind::Command { decode, encode } => {
                    let command = decode(&asked, &body)?;
                    drop(asked);
                    let decided = self.ask(&tenant, caller.clone(), &command);
                    decided.map_err(|no| No::refused(&no))?;
                    let stream = stream_of::<D>(&tenant, &D::stream(&command));
                    let (state, history) = &self.streams[&stream];
                    let asked = Asked { tenant, caller: caller.clone(), at: self.time() };
                    let version = Version(history.len() as u64);
                    let done = Done { asked: &asked, command: &command, state, version };
                    return Ok(read(&encode(&done)));
                }
                MethodKind::Query { answer } => return Ok(read(&now(answer(asked, body))?.row)),
                MethodKind::Forward { onward } => {
                    let onward = now(onward(asked, body))?;
                    (tenant, method, body) = (onward.tenant, onward.method, onward.request);
                }
                MethodKind::Watch { table, key, show } => {
                    let key = key(&asked, &body)?;
                    let row: &RowBytes = self
                        .rows
                        .find(table, Some(&tenant), &key)
                        .expect("what is followed is there");
                    return Ok(read(&show(&row.row)?.0));
                }
            }
        }
    }

    fn method(&self, name: &str) -> Method<D> {
        let methods = (self.build)(self.reading()).take_api().into_methods();
        let short = |full: &str| full.rsplit('/').next() == name.rsplit('/').next();
        let found = methods.into_iter().find(|known| short(&known.name));
        found.expect("a method of the contract")
    }

    /// A request with rows as they are and a fresh id.
    fn request(&mut self, tenant: &Tenant, caller: &Caller) -> Request {
        self.minted += 1;
        let minted = format!("{:032x}", self.minted);
        Request {
            tenant: tenant.clone(),
            caller: caller.clone(),
            at: self.time(),
            reading: self.reading(),
            mint: Arc::new(move || minted.clone()),
            idempotency_key: None,
            went_to: None,
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.at)
    }
}

/// What hangs on the events of one append.
#[derive(Default)]
struct Hanging {
    rows: Vec<(Table, Vec<crate::RowChange>, Version)>,
    posted: Vec<(Posted, Version)>,
    /// Of several of one key and kind only the last is told, as the runtime has it.
    public: BTreeMap<(String, String), (String, Vec<u8>)>,
}

impl Hanging {
    fn add<D: Decider>(&mut self, spec: &ServiceSpec<D>, seen: &Seen<'_, D>) {
        for view in spec.views() {
            let table = Table { service: D::SERVICE, name: view.name };
            self.rows.push((table, (view.fold)(seen), seen.version));
        }
        let mut outbox = Outbox::default();
        spec.told(seen, &mut outbox);
        for posted in outbox.into_posted() {
            match posted {
                Posted::Public { key, kind, body } => {
                    self.public.insert((key, kind.clone()), (kind, body));
                }
                to @ Posted::To { .. } => self.posted.push((to, seen.version)),
            }
        }
    }
}

fn gathered<D: Decider>(
    spec: &ServiceSpec<D>,
    state: &D::State,
    command: &D::Command,
    asked: &Asked,
) -> D::Facts {
    now(spec.gather().gather(state, command, asked)).expect("facts are there")
}

fn stream_of<D: Decider>(tenant: &Tenant, key: &str) -> StreamName {
    StreamName::new(tenant.clone(), D::SERVICE, key).expect("a stream's key")
}
