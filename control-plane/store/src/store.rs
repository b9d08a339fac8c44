//! The store: decide, write, and only then let readers see it.

use std::{path::Path, sync::Arc};

use base_fault::Fault;
use base_ids::{CellId, Generation, PodName, Slot, Tenant};
use base_time::Timestamp;
use cp_etcd::Client;
use cp_model::{Asked, Change, Deed, Fleet, Ownership, Place, PodRecord, Refusal};
use tokio::{runtime::Handle, sync::watch};

use crate::{ChangeError, Leader, OpenError, Standing, directory::Directory, etcd::Etcd};

/// The control plane's state.
pub struct Store(Engine);

/// Where it is kept.
enum Engine {
    /// Boxed: it is much larger than the other one.
    Directory(Box<Directory>),
    Etcd(Etcd),
}

impl Store {
    /// Opens the data directory, or makes it. Blocks until all rows are read and checked.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        Directory::open(directory).map(Box::new).map(Engine::Directory).map(Self)
    }

    /// Opens what lies in etcd, and follows it from then on with tasks on the runtime. Blocks until all rows are read and checked;
    /// waits as long as `config` says for an etcd that does not answer. Changes nothing before it [stands](Self::stand) and leads.
    ///
    /// Must not be called, nor may any other call that blocks, by a worker of the runtime.
    pub fn on_etcd(
        config: &cp_etcd::Config,
        client: Client,
        runtime: Handle,
    ) -> Result<Self, OpenError> {
        Etcd::open(config, client, runtime).map(Engine::Etcd).map(Self)
    }

    /// The fleet as of the last change. Does not wait for a change that is being written, and not for an engine that is away.
    pub fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.fleets().borrow())
    }

    /// Tells of each fleet that a change leads to; of several in a row perhaps only the last one.
    pub fn fleets(&self) -> watch::Receiver<Arc<Fleet>> {
        match &self.0 {
            Engine::Directory(directory) => directory.fleets().subscribe(),
            Engine::Etcd(etcd) => etcd.fleets().subscribe(),
        }
    }

    /// Number of the last change.
    pub fn commit(&self) -> u64 {
        match &self.0 {
            Engine::Directory(directory) => directory.commit(),
            Engine::Etcd(etcd) => etcd.commit(),
        }
    }

    /// Begins to stand for leader, as who it says, and does so until it is dropped. Where one process is alone it leads anyway.
    pub fn stand(&self, candidate: Leader) {
        if let Engine::Etcd(etcd) = &self.0 {
            etcd.stand(candidate);
        }
    }

    /// Stands no more, and gives the lead back if it has it, so that another one need not wait until it ends by itself.
    pub fn resign(&self) {
        if let Engine::Etcd(etcd) = &self.0 {
            etcd.resign();
        }
    }

    /// What this process is among the control planes, as of now.
    pub fn standing(&self) -> Standing {
        match &self.0 {
            Engine::Directory(_) => Standing::Leads,
            Engine::Etcd(etcd) => etcd.standing(),
        }
    }

    /// Tells whenever that changes; nothing where one process is alone.
    pub fn standings(&self) -> Option<watch::Receiver<Standing>> {
        match &self.0 {
            Engine::Directory(_) => None,
            Engine::Etcd(etcd) => Some(etcd.standings()),
        }
    }

    /// Why the engine cannot be asked at present, if it cannot. Reads go on.
    pub fn trouble(&self) -> Option<String> {
        match &self.0 {
            Engine::Directory(_) => None,
            Engine::Etcd(etcd) => etcd.trouble(),
        }
    }

    /// Registers a pod of a cell, or keeps what is new about it. Returns whether anything was.
    pub fn register(
        &self,
        cell: &CellId,
        pod: &PodRecord,
        at: Timestamp,
    ) -> Result<bool, ChangeError> {
        Ok(self.change(&|fleet| fleet.register(cell, pod.clone(), at))?.is_some())
    }

    /// Takes a pod from its cell, unless it is the last one. Returns whether it was taken.
    pub fn leave(&self, cell: &CellId, pod: &PodName, at: Timestamp) -> Result<bool, ChangeError> {
        Ok(self.change(&|fleet| Ok(fleet.leave(cell, pod, at)))?.is_some())
    }

    /// Lets `owner` take over a slot or a tenant if its generation is still `expected` (0 for nobody): the one compare-and-set.
    ///
    /// Of several claims on one generation exactly one wins; the others are refused with [`Refusal::Lost`] and the row as it is.
    pub fn claim(
        &self,
        place: &Place,
        expected: Generation,
        owner: &CellId,
    ) -> Result<Generation, ChangeError> {
        self.change(&|fleet| fleet.claim(place, expected, owner).map(Some))?;
        Ok(expected.next())
    }

    /// Gives those of the slots that nobody owns their first homes, all in one change. Returns how many there were.
    pub fn settle(&self, homes: &[(Slot, CellId)]) -> Result<usize, ChangeError> {
        let change = self.change(&|fleet| fleet.settle(homes))?;
        Ok(change.map_or(0, |change| change.slots.len()))
    }

    /// Lets the writes of a slot or a tenant wait. Returns the row as it is then.
    pub fn hold(&self, place: &Place, asked: &Asked) -> Result<Ownership, ChangeError> {
        self.change(&|fleet| fleet.hold(place, asked).map(Some)).map(row_of)
    }

    /// Lets the writes of a slot or a tenant go on. Returns the row as it is then.
    pub fn release(&self, place: &Place, asked: &Asked) -> Result<Ownership, ChangeError> {
        self.change(&|fleet| fleet.release(place, asked).map(Some)).map(row_of)
    }

    /// Places tenants by name where they live, all in one change. Returns how many were not placed before.
    pub fn pin(&self, tenants: &[Tenant], asked: &Asked) -> Result<usize, ChangeError> {
        let change = self.change(&|fleet| fleet.pin(tenants, asked))?;
        Ok(change.map_or(0, |change| change.placed.len()))
    }

    /// The last `limit` things that operators did, the newest first.
    pub fn record(&self, limit: usize) -> Result<Vec<Deed>, Fault> {
        match &self.0 {
            Engine::Directory(directory) => directory.record(limit),
            Engine::Etcd(etcd) => etcd.record(limit),
        }
    }

    /// Decides on the fleet as it is and writes what comes of it. Decides again if the fleet has changed before that is written.
    fn change(
        &self,
        decide: &dyn Fn(&Fleet) -> Result<Option<Change>, Refusal>,
    ) -> Result<Option<Change>, ChangeError> {
        match &self.0 {
            Engine::Directory(directory) => directory.change(decide),
            Engine::Etcd(etcd) => etcd.change(decide),
        }
    }
}

/// The one row that a change of one place has.
fn row_of(change: Option<Change>) -> Ownership {
    let rows = change.map(|change| {
        let placed = change.placed.into_iter().map(|(_, row)| row);
        change.slots.into_iter().map(|(_, row)| row).chain(placed)
    });
    rows.and_then(|mut rows| rows.next()).expect("a hold or its end changes one row")
}
