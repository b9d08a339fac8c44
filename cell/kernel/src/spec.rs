//! A service as the runtime gets it: its rules with everything that hangs on them.

use std::sync::Arc;

use base_fault::{Code, Fault};

use crate::{
    Answer, Api, Decider, Effect, Gather, Heard, Listener, NoEffect, Outbox, Replica, RowChange,
    Rows, Seen, Unreadable, View,
};

/// Folds one event into row changes.
pub type FoldView<D> = fn(&Seen<'_, D>) -> Vec<RowChange>;
/// Folds one public message into row changes, given the row that it is about as it was.
pub type FoldReplica = fn(Option<&[u8]>, &Heard<'_>) -> Result<Vec<RowChange>, Unreadable>;

/// A view, ready to run.
pub struct ViewSpec<D: Decider> {
    /// The table's name.
    pub name: &'static str,
    /// Folds one event.
    pub fold: FoldView<D>,
}

/// A replica, ready to run.
#[derive(Clone, Copy)]
pub struct ReplicaSpec {
    /// The service that it belongs to.
    pub service: &'static str,
    /// The table's name.
    pub name: &'static str,
    /// Full names of the messages it is folded from.
    pub hears: &'static [&'static str],
    /// The key of the row that a message is about.
    pub key: fn(&Heard<'_>) -> Result<String, Unreadable>,
    /// Folds one message.
    pub fold: FoldReplica,
}

/// An effect whose calls are bytes, as the runtime stores them.
pub(crate) trait StoredEffect<D: Decider>: Send + Sync + 'static {
    fn calls(&self, seen: &Seen<'_, D>) -> Vec<Vec<u8>>;
    fn perform<'a>(&'a self, call: &'a [u8], key: &'a str) -> Answer<'a, D::Command>;
}

struct AsBytes<E>(E);

impl<D: Decider, E: Effect<D>> StoredEffect<D> for AsBytes<E> {
    fn calls(&self, seen: &Seen<'_, D>) -> Vec<Vec<u8>> {
        let calls = self.0.calls(seen);
        calls
            .iter()
            .map(|call| {
                serde_json::to_vec(call).expect("calls are plain data, which always serialises")
            })
            .collect()
    }

    fn perform<'a>(&'a self, call: &'a [u8], key: &'a str) -> Answer<'a, D::Command> {
        Box::pin(async move {
            let call: E::Call = serde_json::from_slice(call).map_err(|error| {
                Fault::ours(Code::StoreBroken, "a stored call cannot be read").because(error)
            })?;
            self.0.perform(&call, key).await
        })
    }
}

/// Everything that a service is. Built in its `lib.rs`, run by the runtime.
pub struct ServiceSpec<D: Decider> {
    gather: Arc<dyn Gather<D>>,
    views: Vec<ViewSpec<D>>,
    replicas: Vec<ReplicaSpec>,
    announce: fn(&Seen<'_, D>, &mut Outbox),
    listener: Listener<D>,
    effect: Box<dyn StoredEffect<D>>,
    api: Api<D>,
}

impl<D: Decider> ServiceSpec<D> {
    /// A service with rules that need these facts and an API; the rest is added.
    pub fn new(gather: impl Gather<D>, api: Api<D>) -> Self {
        Self {
            gather: Arc::new(gather),
            views: Vec::new(),
            replicas: Vec::new(),
            announce: |_, _| {},
            listener: Listener::new(),
            effect: Box::new(AsBytes(NoEffect)),
            api,
        }
    }

    /// Adds a view.
    pub fn view<V: View<D>>(mut self) -> Self {
        let fold: FoldView<D> = |seen| {
            let mut rows = Rows::new();
            V::fold(seen, &mut rows);
            rows.into_changes()
        };
        self.views.push(ViewSpec { name: V::NAME, fold });
        self
    }

    /// Adds a replica.
    pub fn replica<R: Replica>(mut self) -> Self {
        let fold: FoldReplica = |before, heard| {
            let before =
                before.map(serde_json::from_slice).transpose().map_err(Unreadable::because)?;
            let mut rows = Rows::new();
            R::fold(before, heard, &mut rows)?;
            Ok(rows.into_changes())
        };
        self.replicas.push(ReplicaSpec {
            service: D::SERVICE,
            name: R::NAME,
            hears: R::hears(),
            key: R::key,
            fold,
        });
        self
    }

    /// Says which events are told.
    pub fn announce(mut self, announce: fn(&Seen<'_, D>, &mut Outbox)) -> Self {
        self.announce = announce;
        self
    }

    /// Says what is listened to.
    pub fn listen(mut self, listener: Listener<D>) -> Self {
        self.listener = listener;
        self
    }

    /// Says what is done to the outside world.
    pub fn effect(mut self, effect: impl Effect<D>) -> Self {
        self.effect = Box::new(AsBytes(effect));
        self
    }

    /// Gathers facts.
    pub fn gather(&self) -> &dyn Gather<D> {
        &*self.gather
    }

    /// The views.
    pub fn views(&self) -> &[ViewSpec<D>] {
        &self.views
    }

    /// The replicas.
    pub fn replicas(&self) -> &[ReplicaSpec] {
        &self.replicas
    }

    /// What is told after an event.
    pub fn told(&self, seen: &Seen<'_, D>, outbox: &mut Outbox) {
        (self.announce)(seen, outbox);
    }

    /// What is listened to.
    pub fn listener(&self) -> &Listener<D> {
        &self.listener
    }

    /// The calls to the outside world that an event gives rise to.
    pub fn calls(&self, seen: &Seen<'_, D>) -> Vec<Vec<u8>> {
        self.effect.calls(seen)
    }

    /// Makes a call to the outside world.
    pub fn perform<'a>(&'a self, call: &'a [u8], key: &'a str) -> Answer<'a, D::Command> {
        self.effect.perform(call, key)
    }

    /// Takes the API out, for the runtime's method table.
    pub fn take_api(&mut self) -> Api<D> {
        std::mem::replace(&mut self.api, Api::new(""))
    }
}
