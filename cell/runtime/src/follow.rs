//! Follows the public messages of every cell, this one included, and folds them into the replicas, in order, once. Others are followed
//! over the mesh, or in the feed that all cells share.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use base_fault::Fault;
use base_ids::CellId;
use cell_kernel::{Heard, ReplicaSpec, RowBytes, Table, Unreadable};

use crate::{
    cell::Inner,
    mesh::PublicBatch,
    patience::Outage,
    port::{Message, RowWrite},
};

/// Messages that are folded in one step.
const BATCH: usize = 500;
/// How soon the list of cells is looked at again after it has grown; each look that finds nothing new waits twice as long.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_MAX: Duration = Duration::from_secs(4);

/// How long whoever finds that another process of the cell follows leaves it alone before it looks whether that one still does.
const STAND_BY: Duration = Duration::from_secs(2);

/// How a batch ended.
pub(crate) enum Folded {
    /// The cursor is behind it.
    To(u64),
    /// Another process of this cell has moved the cursor.
    Overtaken,
}

type Changed = BTreeMap<(Table, String), Option<Vec<u8>>>;

impl Inner {
    /// Follows this cell and every cell of the table, for as long as the cell runs.
    pub(crate) async fn follow_all(self: Arc<Self>) {
        self.spawn(Arc::clone(&self).follow_own());
        let mut followed = HashSet::from([self.id.clone()]);
        let mut wait = LOOK;
        loop {
            let table = self.table.load();
            for cell in table.cells() {
                if followed.insert(cell.id.clone()) {
                    self.spawn(Arc::clone(&self).follow_other(cell.id.clone()));
                    wait = LOOK;
                }
            }
            drop(table);
            tokio::time::sleep(wait).await;
            // An empty table is a cell that is just starting.
            wait = if followed.len() > 1 { (wait * 2).min(LOOK_MAX) } else { LOOK };
        }
    }

    async fn follow_own(self: Arc<Self>) {
        let mut head = self.stores.public.head();
        loop {
            let seen = *head.borrow_and_update();
            match self.catch_up_own(seen).await {
                Ok(Folded::To(_)) => {}
                Ok(Folded::Overtaken) => {
                    self.stand_by(&self.id).await;
                    continue;
                }
                Err(fault) => {
                    tracing::error!(
                        fault = base_fault::chain(&fault),
                        "this cell's public messages cannot be folded"
                    );
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            }
            if head.changed().await.is_err() {
                return;
            }
        }
    }

    async fn catch_up_own(&self, head: u64) -> Result<Folded, Fault> {
        loop {
            let cursor = self.stores.public.cursor(&self.id).await?;
            let messages = self.stores.public.after(cursor, BATCH).await?;
            if messages.is_empty() {
                return Ok(Folded::To(cursor));
            }
            let batch = PublicBatch { messages, head };
            if let Folded::Overtaken = self.fold(&self.id, cursor, batch).await? {
                return Ok(Folded::Overtaken);
            }
        }
    }

    /// Waits until the cursor of a source stands still, which it also does when there is nothing to follow.
    pub(crate) async fn stand_by(&self, source: &CellId) {
        let mut seen = None;
        loop {
            let cursor = self.stores.public.cursor(source).await.ok();
            if cursor.is_some() && cursor == seen {
                return;
            }
            seen = cursor;
            tokio::time::sleep(STAND_BY).await;
        }
    }

    async fn follow_other(self: Arc<Self>, source: CellId) {
        match &self.feed {
            Some(feed) => self.follow_either(&**feed, &source).await,
            None => self.follow_mesh(&source).await,
        }
    }

    /// Follows a source over the mesh, for as long as the cell runs.
    pub(crate) async fn follow_mesh(&self, source: &CellId) {
        let mut outage = Outage::default();
        loop {
            match self.follow_once(source).await {
                Ok(Folded::Overtaken) => {
                    self.stand_by(source).await;
                    continue;
                }
                Ok(Folded::To(_)) => outage.ends(),
                Err(fault) => {
                    if outage.begins() {
                        let fault = base_fault::chain(&fault);
                        tracing::warn!(cell = %source, fault, "a cell's public messages cannot be followed");
                    }
                }
            }
            outage.wait(&self.config).await;
        }
    }

    /// Follows until the source ends it.
    async fn follow_once(&self, source: &CellId) -> Result<Folded, Fault> {
        let mut cursor = self.stores.public.cursor(source).await?;
        let mut batches = self.mesh.follow(source, cursor).await?;
        while let Some(batch) = batches.recv().await {
            match self.fold(source, cursor, batch).await? {
                Folded::To(to) => cursor = to,
                Folded::Overtaken => return Ok(Folded::Overtaken),
            }
        }
        Ok(Folded::To(cursor))
    }

    /// Folds a batch and moves the cursor behind it, in one step.
    pub(crate) async fn fold(
        &self,
        source: &CellId,
        cursor: u64,
        batch: PublicBatch,
    ) -> Result<Folded, Fault> {
        let Some(to) = batch.messages.last().map(|(position, _)| *position) else {
            self.metrics.lags(source.as_str(), batch.head.saturating_sub(cursor));
            return Ok(Folded::To(cursor));
        };
        let mut changed = Changed::new();
        for (_, message) in batch.messages.iter().filter(|(position, _)| *position > cursor) {
            self.fold_message(message, &mut changed).await?;
        }
        let rows = changed
            .into_iter()
            .map(|((table, key), row)| RowWrite { table, key, row, version: base_ids::Version(to) })
            .collect();
        if !self.stores.public.apply(source, cursor, to, rows).await? {
            return Ok(Folded::Overtaken);
        }
        self.metrics.lags(source.as_str(), batch.head.saturating_sub(to));
        Ok(Folded::To(to))
    }

    async fn fold_message(&self, message: &Message, changed: &mut Changed) -> Result<(), Fault> {
        let heard = Heard {
            id: message.id,
            kind: &message.kind,
            body: &message.body,
            from: &message.from,
            version: message.version,
            at: message.at,
        };
        let hearing = self.rooms.values().flat_map(|room| room.replicas());
        for replica in hearing.filter(|replica| replica.hears.contains(&heard.kind)) {
            match self.fold_into(replica, &heard, changed).await? {
                Ok(()) => {}
                // A message that a replica cannot read must not hold up all that come behind it.
                Err(unreadable) => {
                    tracing::error!(kind = heard.kind, from = %heard.from, %unreadable, replica = replica.name, "a public message was passed over");
                    self.metrics.parked(replica.service);
                }
            }
        }
        Ok(())
    }

    async fn fold_into(
        &self,
        replica: &ReplicaSpec,
        heard: &Heard<'_>,
        changed: &mut Changed,
    ) -> Result<Result<(), Unreadable>, Fault> {
        let table = Table { service: replica.service, name: replica.name };
        let key = match (replica.key)(heard) {
            Ok(key) => key,
            Err(unreadable) => return Ok(Err(unreadable)),
        };
        let before = match changed.get(&(table, key.clone())) {
            Some(row) => row.clone(),
            None => self.stores.rows.row(table, None, &key).await?.map(|RowBytes { row, .. }| row),
        };
        Ok((replica.fold)(before.as_deref(), heard).map(|changes| {
            changed.extend(changes.into_iter().map(|change| ((table, change.key), change.row)));
        }))
    }
}
