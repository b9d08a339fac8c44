//! Who leads: whoever takes the seat when it is free. It is bound to a lease, so that it becomes free when its owner is silent.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cp_etcd::{EtcdError, Kind, Transaction, get, is_new, put_with_lease};
use tokio::time::{Instant, sleep, timeout};

use super::{Shared, Term, layout};
use crate::Leader;

/// After a try that failed.
const PAUSE: Duration = Duration::from_millis(500);
/// A lease is kept this often before it would end.
const BEATS: u32 = 3;
/// How long giving the seat back may take; it becomes free by itself otherwise.
const GIVE_BACK: Duration = Duration::from_secs(2);

/// Stands whenever the seat is free, until the task is dropped, or etcd knows less than this process.
pub(super) async fn stand(shared: Arc<Shared>, candidate: Leader) {
    let mut seat = shared.seat.subscribe();
    loop {
        // The sender is in `shared`.
        let _ = seat.wait_for(Option::is_none).await;
        if shared.went_back.load(Ordering::Acquire) {
            return;
        }
        match take_seat(&shared, &candidate).await {
            Ok(Some(term)) => {
                tracing::info!(name = candidate.name, "this control plane leads");
                *shared.term.lock() = Some(term);
                let why = keep(&shared, term).await;
                tracing::warn!(
                    name = candidate.name,
                    why,
                    "this control plane does not lead any more"
                );
                leave(&shared, term).await;
            }
            // Somebody else was faster, which will be told.
            Ok(None) => sleep(PAUSE).await,
            Err(error) => {
                tracing::debug!(%error, "the lead cannot be taken");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Gives the seat back if it is ours.
pub(super) async fn resign(shared: &Shared) {
    let term = *shared.term.lock();
    if let Some(term) = term {
        leave(shared, term).await;
    }
}

async fn leave(shared: &Shared, term: Term) {
    shared.deposed(term);
    let given = timeout(GIVE_BACK, shared.client.give_back(term.lease)).await;
    if !matches!(given, Ok(Ok(()))) {
        tracing::debug!("the lease cannot be given back; it ends by itself");
    }
}

/// Takes the seat if it is free. Asks until it is known what became of that: only one transaction with our lease can be done.
async fn take_seat(shared: &Shared, candidate: &Leader) -> Result<Option<Term>, EtcdError> {
    let asked = Instant::now();
    let granted = shared.client.grant(shared.lease).await?;
    let (until, key) = (asked + granted.lasts, shared.key("leader"));
    let transaction = Transaction {
        holds: vec![is_new(&key)],
        then: vec![put_with_lease(&key, layout::json(candidate), granted.id)],
        otherwise: vec![get(&key)],
    };
    loop {
        let outcome = match shared.client.transact(transaction.clone()).await {
            Ok(outcome) => outcome,
            Err(error) if error.kind.may_pass() && Instant::now() < until => continue,
            Err(error) => return Err(error),
        };
        if outcome.done {
            return Ok(Some(Term { lease: granted.id, made_at: outcome.revision, until }));
        }
        let found = outcome.read.into_iter().next().flatten();
        if let Some(ours) = found.filter(|kv| kv.lease == granted.id) {
            let made_at = ours.create_revision;
            return Ok(Some(Term { lease: granted.id, made_at, until }));
        }
        shared.client.give_back(granted.id).await?;
        return Ok(None);
    }
}

/// Keeps the lease; returns why that is over.
async fn keep(shared: &Shared, term: Term) -> String {
    let mut seat = shared.seat.subscribe();
    let beat = shared.lease / BEATS;
    let mut seen = false;
    loop {
        tokio::select! {
            () = sleep(beat) => {}
            _ = seat.changed() => {
                let now = seat.borrow_and_update().clone();
                let is_ours = now.as_ref().is_some_and(|now| now.lease == term.lease);
                seen |= is_ours;
                shared.look();
                if seen && !is_ours {
                    return "its seat is free, or another's".to_owned();
                }
                continue;
            }
        }
        let asked = Instant::now();
        match timeout(beat, shared.client.keep(term.lease)).await {
            Ok(Ok(())) => shared.prolong(term, asked + shared.lease),
            Ok(Err(error)) if error.kind == Kind::NoLease => return error.to_string(),
            // It may be reached again before the lease has ended; once it may have, nothing is changed.
            Ok(Err(error)) => tracing::debug!(%error, "the lease could not be kept"),
            Err(_) => tracing::debug!("the lease could not be kept in time"),
        }
        shared.look();
    }
}

impl Shared {
    fn prolong(&self, term: Term, until: Instant) {
        if let Some(held) = self.term.lock().as_mut().filter(|held| held.lease == term.lease) {
            held.until = until;
        }
    }

    /// Does not lead any more.
    pub(super) fn deposed(&self, term: Term) {
        self.term.lock().take_if(|held| held.lease == term.lease);
        self.look();
    }
}
