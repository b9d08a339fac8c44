//! Hears the public messages of other cells: in the feed while it speaks of them without a gap, else over the mesh.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base_fault::Fault;
use base_ids::CellId;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Feed, Follower, Told, tell::BEAT};
use crate::{cell::Inner, follow::Folded, patience::Outage};

/// Stretches of one source that wait here; what comes on top is left out, and the gap is noticed.
const HELD: usize = 64;
/// How long a source may say nothing before it is followed over the mesh: whoever has no feed says nothing for ever.
const SILENT: Duration = Duration::from_secs(3 * BEAT.as_secs());
/// How often it is looked whether a source is still this process's to follow.
const LOOK: Duration = Duration::from_secs(1);

/// Who waits for the stretches of which source.
#[derive(Default)]
pub(crate) struct Inboxes(Mutex<HashMap<CellId, mpsc::Sender<Told>>>);

impl Inboxes {
    /// Where the stretches of a source come from now on.
    fn open(&self, source: &CellId) -> mpsc::Receiver<Told> {
        let (sender, receiver) = mpsc::channel(HELD);
        self.0.lock().insert(source.clone(), sender);
        receiver
    }

    /// Hands a stretch to whoever follows its source; gives back what nobody can take.
    fn hand_on(&self, told: Told) -> Option<Told> {
        match self.0.lock().get(&told.stretch.source) {
            Some(inbox) => inbox.try_send(told).err().map(mpsc::error::TrySendError::into_inner),
            None => Some(told),
        }
    }
}

/// How a source is followed.
enum Way {
    Mesh,
    Feed,
    /// By another process of this cell.
    Another,
}

/// What a stretch was to whoever follows.
enum Fitting {
    /// It is folded, or was before; where the cursor is, if that is known.
    Fits(Option<u64>),
    /// Something before it is missing.
    Gap,
}

impl Inner {
    /// Hands on what comes in the feed, for as long as the cell runs.
    pub(crate) async fn hear_feed(self: Arc<Self>, feed: Arc<dyn Feed>) {
        let mut outage = Outage::default();
        loop {
            match feed.receive().await {
                Ok(told) => {
                    outage.ends();
                    let left = told.into_iter().filter_map(|told| self.inboxes.hand_on(told));
                    let left: Vec<_> = left.map(|told| told.receipt).collect();
                    feed.acknowledge(&left);
                }
                Err(fault) => {
                    if outage.begins() {
                        let fault = base_fault::chain(&fault);
                        tracing::warn!(
                            fault,
                            "the feed cannot be read; other cells are followed over the mesh"
                        );
                    }
                    outage.wait(&self.config).await;
                }
            }
        }
    }

    /// Follows a source in the feed or over the mesh, for as long as the cell runs.
    pub(crate) async fn follow_either(&self, feed: &dyn Feed, source: &CellId) {
        let mut inbox = self.inboxes.open(source);
        let mut way = Way::Mesh;
        loop {
            way = match way {
                Way::Mesh => tokio::select! {
                    () = self.follow_mesh(source) => Way::Mesh,
                    way = self.until_it_fits(feed, source, &mut inbox) => way,
                },
                Way::Feed => self.follow_feed(feed, source, &mut inbox).await,
                Way::Another => {
                    while feed.follower(source) == Follower::Another {
                        tokio::time::sleep(LOOK).await;
                    }
                    Way::Mesh
                }
            };
        }
    }

    /// Waits, while the source is followed over the mesh, until the feed goes on from where that is.
    async fn until_it_fits(
        &self,
        feed: &dyn Feed,
        source: &CellId,
        inbox: &mut mpsc::Receiver<Told>,
    ) -> Way {
        loop {
            if feed.follower(source) == Follower::Another {
                return Way::Another;
            }
            let Ok(Some(told)) = tokio::time::timeout(LOOK, inbox.recv()).await else { continue };
            let fitting = self.fold_told(source, None, &told).await;
            feed.acknowledge(&[told.receipt]);
            if let Ok(Fitting::Fits(_)) = fitting {
                tracing::debug!(cell = %source, "followed in the feed");
                return Way::Feed;
            }
        }
    }

    /// Follows in the feed until it is silent, has a gap, or another process follows.
    async fn follow_feed(
        &self,
        feed: &dyn Feed,
        source: &CellId,
        inbox: &mut mpsc::Receiver<Told>,
    ) -> Way {
        let mut cursor = None;
        loop {
            let told = tokio::time::timeout(SILENT, inbox.recv()).await;
            let Ok(Some(told)) = told else {
                if feed.follower(source) == Follower::Another {
                    return Way::Another;
                }
                tracing::info!(cell = %source, "the feed is silent about a cell; it is followed over the mesh");
                return Way::Mesh;
            };
            let fitting = self.fold_told(source, cursor, &told).await;
            feed.acknowledge(&[told.receipt]);
            match fitting {
                Ok(Fitting::Fits(at)) => cursor = at,
                Ok(Fitting::Gap) => {
                    tracing::debug!(cell = %source, "the feed has a gap");
                    return Way::Mesh;
                }
                Err(fault) => {
                    // The mesh begins where the store is, and so it does when the store is back.
                    let fault = base_fault::chain(&fault);
                    tracing::warn!(cell = %source, fault, "what the feed told cannot be folded");
                    return Way::Mesh;
                }
            }
        }
    }

    /// Folds a stretch if it goes on from where this cell is with its source.
    async fn fold_told(
        &self,
        source: &CellId,
        cursor: Option<u64>,
        told: &Told,
    ) -> Result<Fitting, Fault> {
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => self.stores.public.cursor(source).await?,
        };
        let batch = &told.stretch.batch;
        if told.stretch.after > cursor {
            return Ok(Fitting::Gap);
        }
        if batch.messages.last().is_none_or(|(position, _)| *position <= cursor) {
            self.metrics.lags(source.as_str(), batch.head.saturating_sub(cursor));
            return Ok(Fitting::Fits(Some(cursor)));
        }
        match self.fold(source, cursor, batch.clone()).await? {
            Folded::To(to) => Ok(Fitting::Fits(Some(to))),
            // Whoever has moved the cursor has folded this, or tells the same.
            Folded::Overtaken => Ok(Fitting::Fits(None)),
        }
    }
}
