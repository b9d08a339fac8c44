//! One service at work: its rules with the streams it holds in memory.

use std::{
    future::{Future, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::{StreamName, Tenant};
use cell_kernel::{
    Caller, Decider, Heard, Method, MethodKind, No, Onward, ReplicaSpec, Request, Seen,
    ServiceSpec, Table, Versioned,
};
use futures_util::stream::{self, BoxStream};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::{
    cache::Cache,
    call::{Answered, Call, Unanswered},
    cell::Inner,
    commit::{EFFECT, Writes, fold_views},
    config::Config,
    letters::answered,
    onward::Passage,
    ownership,
    port::{HeardFrom, Message, OutboxKey, ReplyKey, RowWrite, StoredEvent},
    ring::{Carried, Order, Origin, carry_out, read_event},
};

/// How soon whoever follows a row sees what another process of the cell has changed.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers to a call that follows a row.
pub type Changes = BoxStream<'static, Result<Vec<u8>, No>>;

/// A service whose types are forgotten.
pub(crate) trait Room: Send + Sync + 'static {
    fn service(&self) -> &'static str;
    fn method_names(&self) -> Vec<String>;
    fn replicas(&self) -> &[ReplicaSpec];
    fn serve<'a>(
        &'a self,
        cell: &'a Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Boxed<'a, Result<Served, Unanswered>>;
    fn watch<'a>(
        &'a self,
        cell: &'a Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Boxed<'a, Result<Changes, Unanswered>>;
    /// Queues a message at its stream, at once; what it returns sees it through.
    fn hear(
        self: Arc<Self>,
        cell: &Arc<Inner>,
        to: &Tenant,
        message: &Message,
        settles: Option<OutboxKey>,
        timer: bool,
    ) -> Boxed<'static, Hearing>;
    fn perform(
        self: Arc<Self>,
        cell: &Arc<Inner>,
        message: &Message,
        key: OutboxKey,
    ) -> Boxed<'static, Hearing>;
    fn forget(&self);
    fn refold(&self, stream: &StreamName, events: &[StoredEvent]) -> Result<Vec<RowWrite>, Fault>;
}

/// How a call was served.
pub(crate) enum Served {
    Answered(Answered),
    Onward(Onward),
}

/// What became of a message or a call to the outside.
#[derive(Clone, Debug)]
pub(crate) enum Hearing {
    /// It has had its effect; whether its outbox entry is settled with it.
    Heard { settled: bool },
    /// Not now.
    Retry(Fault),
    /// The tenant lives elsewhere.
    NotMine,
    /// Never.
    Poison(String),
}

pub(crate) struct RoomOf<D: Decider> {
    pub(crate) spec: ServiceSpec<D>,
    pub(crate) cache: Cache<D>,
    methods: Arc<Vec<Method<D>>>,
    queue: Semaphore,
    effects: Semaphore,
}

impl<D: Decider> RoomOf<D> {
    pub(crate) fn new(mut spec: ServiceSpec<D>, config: &Config) -> Self {
        let methods = Arc::new(spec.take_api().into_methods());
        Self {
            spec,
            methods,
            cache: Cache::new(config.streams_in_memory_max),
            queue: Semaphore::new(config.commands_per_service_max),
            effects: Semaphore::new(config.effects_max),
        }
    }

    fn queued(&self) -> Result<SemaphorePermit<'_>, Fault> {
        self.queue.try_acquire().map_err(|_| {
            let text = format!("{} has as much to do as it can hold; try again", D::SERVICE);
            Fault::downstream(Code::Busy, Duration::from_millis(200), text)
        })
    }

    async fn serve_call(
        &self,
        cell: &Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Result<Served, Unanswered> {
        let request = cell.request(&call);
        match &self.methods[method].kind {
            MethodKind::Command { decode, encode } => {
                let _place = self.queued()?;
                let command = decode(&request, &call.request)?;
                let reply = call.idempotency_key.as_ref().map(|key| {
                    let key = ReplyKey { caller: call.caller.name(), key: key.clone() };
                    let seal = cell.seals.of(&call.tenant, &key, &call.method, &call.request);
                    (key, Box::new(seal))
                });
                let order = Order {
                    stream: stream_of::<D>(&call.tenant, &command)?,
                    command,
                    caller: call.caller,
                    trace: call.trace,
                    origin: Origin::Called { reply, if_match: call.if_match, encode: &**encode },
                };
                let slot = self.cache.slot(&order.stream);
                let mut live = slot.live.lock().await;
                let ends = carry_out(self, cell, &mut live, &[order]).await;
                let [ended] = <[_; 1]>::try_from(ends).expect("every order has one end");
                match ended? {
                    Carried::Refused(no) => Err(no.into()),
                    Carried::Answered { response, version, replayed } => {
                        Ok(Served::Answered(Answered { response, version, replayed }))
                    }
                }
            }
            MethodKind::Query { answer } => {
                ownership::readable(&cell.table, &cell.id, &call.tenant)?;
                let Versioned { row, version } = answer(request, call.request).await?;
                Ok(Served::Answered(Answered { response: row, version, replayed: false }))
            }
            MethodKind::Forward { onward } => {
                let passage = Passage::of(D::SERVICE, cell, &call)?;
                let choose = |request| onward(request, call.request.clone());
                go_on(cell, passage, request, choose).await.map(Served::Onward)
            }
            MethodKind::Watch { .. } => Err(Fault::caller(
                Code::MethodNotAllowed,
                format!("{} answers with a stream", call.method),
            )
            .into()),
        }
    }

    async fn watch_call(
        &self,
        cell: &Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Result<Changes, Unanswered> {
        let MethodKind::Watch { table, key, .. } = &self.methods[method].kind else {
            let text = format!("{} answers once, not with a stream", call.method);
            return Err(Fault::caller(Code::MethodNotAllowed, text).into());
        };
        ownership::readable(&cell.table, &cell.id, &call.tenant)?;
        let key = key(&cell.request(&call), &call.request)?;
        let changed = cell.watched.follow(*table, &call.tenant, &key);
        let (cell, methods) = (Arc::clone(cell), Arc::clone(&self.methods));
        let follow = Follow {
            cell,
            methods,
            method,
            tenant: call.tenant,
            table: *table,
            key,
            changed,
            shown: None,
        };
        if follow.row().await?.is_none() {
            return Err(Fault::caller(
                Code::NotFound,
                "there is nothing to follow under this name",
            )
            .into());
        }
        Ok(Box::pin(stream::unfold(Some((follow, true)), follow_on)))
    }

    /// What a message asks of which stream, or why it can never be heard.
    fn heed(
        &self,
        to: &Tenant,
        message: &Message,
        settles: Option<OutboxKey>,
        timer: bool,
    ) -> Result<Order<'static, D>, String> {
        let heard = Heard {
            id: message.id,
            kind: &message.kind,
            body: &message.body,
            from: &message.from,
            version: message.version,
            at: message.at,
        };
        let heeded = self
            .spec
            .listener()
            .hear(&heard)
            .ok_or_else(|| format!("{} does not listen to {}", D::SERVICE, message.kind))?;
        let command = heeded.map_err(|unreadable| unreadable.to_string())?;
        order_of(to, command, message, settles, timer)
    }

    /// Queues an order that comes of a message, at once; what it returns sees it through.
    fn queue(
        self: Arc<Self>,
        cell: &Arc<Inner>,
        order: Order<'static, D>,
    ) -> impl Future<Output = Hearing> + Send + use<D> {
        let slot = self.cache.slot(&order.stream);
        let remembered = order.is_remembered();
        let ended = slot.letters.push(order);
        let cell = Arc::clone(cell);
        async move {
            match answered(&self, &cell, &slot, ended).await {
                Ok(Carried::Answered { replayed, .. }) => {
                    cell.metrics.heard(D::SERVICE);
                    Hearing::Heard { settled: !replayed && remembered }
                }
                Ok(Carried::Refused(No::Refused { code, text, .. })) => {
                    Hearing::Poison(format!("refused, {code}: {text}"))
                }
                Ok(Carried::Refused(No::Fault(fault))) | Err(Unanswered::No(No::Fault(fault))) => {
                    Hearing::Retry(fault)
                }
                Err(Unanswered::No(No::Refused { text, .. })) => Hearing::Poison(text),
                Err(Unanswered::NotMine { .. } | Unanswered::Held { .. }) => Hearing::NotMine,
            }
        }
    }
}

impl<D: Decider> Room for RoomOf<D> {
    fn service(&self) -> &'static str {
        D::SERVICE
    }

    fn method_names(&self) -> Vec<String> {
        self.methods.iter().map(|method| method.name.clone()).collect()
    }

    fn replicas(&self) -> &[ReplicaSpec] {
        self.spec.replicas()
    }

    fn serve<'a>(
        &'a self,
        cell: &'a Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Boxed<'a, Result<Served, Unanswered>> {
        Box::pin(self.serve_call(cell, method, call))
    }

    fn watch<'a>(
        &'a self,
        cell: &'a Arc<Inner>,
        method: usize,
        call: Call,
    ) -> Boxed<'a, Result<Changes, Unanswered>> {
        Box::pin(self.watch_call(cell, method, call))
    }

    fn hear(
        self: Arc<Self>,
        cell: &Arc<Inner>,
        to: &Tenant,
        message: &Message,
        settles: Option<OutboxKey>,
        timer: bool,
    ) -> Boxed<'static, Hearing> {
        // It must not take down whoever brings the message.
        let heed = AssertUnwindSafe(|| self.heed(to, message, settles, timer));
        match catch_unwind(heed) {
            Ok(Ok(order)) => Box::pin(self.queue(cell, order)),
            Ok(Err(why)) => Box::pin(ready(Hearing::Poison(why))),
            Err(_) => {
                cell.metrics.bug(D::SERVICE);
                let why = format!("{} failed to read {}", D::SERVICE, message.kind);
                Box::pin(ready(Hearing::Poison(why)))
            }
        }
    }

    fn perform(
        self: Arc<Self>,
        cell: &Arc<Inner>,
        message: &Message,
        key: OutboxKey,
    ) -> Boxed<'static, Hearing> {
        debug_assert_eq!(message.kind, EFFECT);
        let (cell, message) = (Arc::clone(cell), message.clone());
        Box::pin(async move {
            let Ok(_place) = self.effects.acquire().await else {
                return Hearing::Retry(Fault::ours(Code::Internal, "the cell is stopping"));
            };
            match self.spec.perform(&message.body, &message.id.to_string()).await {
                Ok(command) => {
                    match order_of(&message.from.tenant, command, &message, Some(key), false) {
                        Ok(order) => Arc::clone(&self).queue(&cell, order).await,
                        Err(why) => Hearing::Poison(why),
                    }
                }
                Err(fault) => Hearing::Retry(fault),
            }
        })
    }

    fn forget(&self) {
        self.cache.clear();
    }

    fn refold(&self, stream: &StreamName, events: &[StoredEvent]) -> Result<Vec<RowWrite>, Fault> {
        let (mut state, mut rows) = (D::State::default(), Writes::new());
        for stored in events {
            let event = read_event::<D>(stream, stored)?;
            D::evolve(&mut state, &event);
            let seen = Seen {
                tenant: &stream.tenant,
                key: &stream.key,
                event: &event,
                state: &state,
                version: stored.version,
                at: stored.at,
            };
            fold_views(&self.spec, &seen, &mut rows);
        }
        Ok(rows.into_values().collect())
    }
}

/// One caller following one row.
struct Follow<D: Decider> {
    cell: Arc<Inner>,
    methods: Arc<Vec<Method<D>>>,
    method: usize,
    tenant: Tenant,
    table: Table,
    key: String,
    changed: watch::Receiver<()>,
    /// The row that was answered last, where another process may change it.
    shown: Option<Vec<u8>>,
}

impl<D: Decider> Follow<D> {
    async fn row(&self) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.cell.stores.rows.row(self.table, Some(&self.tenant), &self.key).await?;
        Ok(found.map(|bytes| bytes.row))
    }

    /// The answer for the row as it is, and whether it is the last.
    async fn answer(&mut self) -> Result<(Vec<u8>, bool), Fault> {
        self.changed.mark_unchanged();
        let row = self
            .row()
            .await?
            .ok_or_else(|| Fault::caller(Code::NotFound, "what was followed is gone"))?;
        if self.cell.stores.shared {
            self.shown = Some(row.clone());
        }
        match &self.methods[self.method].kind {
            MethodKind::Watch { show, .. } => show(&row),
            _ => unreachable!("only a method that follows a row is followed"),
        }
    }

    /// Waits until the row has changed; `false` if nobody will tell any more.
    async fn change(&mut self) -> bool {
        loop {
            let look = async {
                if self.cell.stores.shared {
                    tokio::time::sleep(LOOK).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                changed = self.changed.changed() => return changed.is_ok(),
                () = look => {}
            }
            // What cannot be read now is looked at again.
            if self.row().await.is_ok_and(|row| row != self.shown) {
                return true;
            }
        }
    }
}

type Following<D> = Option<(Follow<D>, bool)>;

async fn follow_on<D: Decider>(state: Following<D>) -> Option<(Result<Vec<u8>, No>, Following<D>)> {
    let (mut follow, first) = state?;
    if !first && !follow.change().await {
        return None;
    }
    match follow.answer().await {
        Ok((answer, true)) => Some((Ok(answer), None)),
        Ok((answer, false)) => Some((Ok(answer), Some((follow, false)))),
        Err(fault) => Some((Err(fault.into()), None)),
    }
}

/// Finds out who is to answer, and settles it before they are asked.
async fn go_on<F>(
    cell: &Arc<Inner>,
    passage: Option<Passage>,
    mut request: Request,
    choose: impl Fn(Request) -> F,
) -> Result<Onward, Unanswered>
where
    F: Future<Output = Result<Onward, No>>,
{
    let Some(passage) = passage else { return Ok(choose(request).await?) };
    request.went_to = passage.known(cell).await?;
    let here = request.tenant.clone();
    loop {
        let onward = choose(request.clone()).await?;
        match &request.went_to {
            Some(settled) if *settled == onward.tenant => return Ok(onward),
            Some(_) => {
                let text = "a repeated request would go on to somebody else than before";
                return Err(Fault::ours(Code::Internal, text).into());
            }
            // Who answers here keeps the answer here, under this very key.
            None if onward.tenant == here => return Ok(onward),
            None => {
                let settled = passage.settle(cell, &onward.tenant).await?;
                if settled == onward.tenant {
                    return Ok(onward);
                }
                request.went_to = Some(settled);
            }
        }
    }
}

fn stream_of<D: Decider>(tenant: &Tenant, command: &D::Command) -> Result<StreamName, Fault> {
    StreamName::new(tenant.clone(), D::SERVICE, &D::stream(command))
        .map_err(|error| Fault::caller(Code::Malformed, error.to_string()))
}

fn order_of<D: Decider>(
    to: &Tenant,
    command: D::Command,
    message: &Message,
    settles: Option<OutboxKey>,
    forgettable: bool,
) -> Result<Order<'static, D>, String> {
    let heard = HeardFrom {
        id: message.id,
        from: message.from.clone(),
        version: message.version,
        kind: message.kind.clone(),
    };
    Ok(Order {
        stream: stream_of::<D>(to, &command).map_err(|fault| fault.to_string())?,
        command,
        caller: Caller::platform(&message.from.service),
        trace: message.trace,
        origin: Origin::Heard { heard, settles, forgettable },
    })
}
