//! Follows the public messages of every cell, this one included, and folds them into the replicas, in order, once.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::CellId;
use cell_kernel::{Heard, ReplicaSpec, RowBytes, Table, Unreadable};

use crate::{
    cell::Inner,
    mesh::PublicBatch,
    port::{Message, RowWrite},
};

/// Messages that are folded in one step.
const BATCH: usize = 500;
/// How soon the list of cells is looked at again after it has grown; each look that finds nothing new waits twice as long.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_MAX: Duration = Duration::from_secs(4);

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
            if let Err(fault) = self.catch_up_own(seen).await {
                tracing::error!(
                    fault = base_fault::chain(&fault),
                    "this cell's public messages cannot be folded"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            if head.changed().await.is_err() {
                return;
            }
        }
    }

    async fn catch_up_own(&self, head: u64) -> Result<(), Fault> {
        loop {
            let cursor = self.stores.public.cursor(&self.id).await?;
            let messages = self.stores.public.after(cursor, BATCH).await?;
            if messages.is_empty() {
                return Ok(());
            }
            let id = self.id.clone();
            self.fold(&id, cursor, PublicBatch { messages, head }).await?;
        }
    }

    async fn follow_other(self: Arc<Self>, source: CellId) {
        let mut failures = 0;
        loop {
            let followed = self.follow_once(&source).await;
            failures = if followed.is_ok() { 1 } else { failures + 1 };
            if let Err(fault) = followed
                && failures == 1
            {
                tracing::warn!(cell = %source, fault = base_fault::chain(&fault), "a cell's public messages cannot be followed");
            }
            tokio::time::sleep(self.config.retry_after(failures, 0)).await;
        }
    }

    async fn follow_once(&self, source: &CellId) -> Result<(), Fault> {
        let mut cursor = self.stores.public.cursor(source).await?;
        let mut batches = self.mesh.follow(source, cursor).await?;
        while let Some(batch) = batches.recv().await {
            cursor = self.fold(source, cursor, batch).await?;
        }
        Ok(())
    }

    /// Folds a batch and moves the cursor behind it, in one step. Says where the cursor is.
    async fn fold(&self, source: &CellId, cursor: u64, batch: PublicBatch) -> Result<u64, Fault> {
        let Some(to) = batch.messages.last().map(|(position, _)| *position) else {
            self.metrics.lags(source.as_str(), batch.head.saturating_sub(cursor));
            return Ok(cursor);
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
            let text = format!("somebody else follows {source} into the same store");
            return Err(Fault::ours(Code::Internal, text));
        }
        self.metrics.lags(source.as_str(), batch.head.saturating_sub(to));
        Ok(to)
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
