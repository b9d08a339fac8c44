//! Writes a change whole or not at all, and finds out what became of it when etcd does not say.
//!
//! One transaction if it fits. If not, its rows are staged first, under a name of its own that nobody reads; then one transaction
//! writes the head, which makes them count; then they are put in their places. Whoever dies in between leaves either nothing or the
//! whole change: rows that count are read from where they are staged, and the next change puts them in their places first.

use cp_etcd::{
    EtcdError, KeyValue, Outcome, Transaction, delete_prefix, get, made_at, put, written_at,
};
use cp_model::{Change, Fleet, Refusal};
use tokio::time::{Instant, sleep};

use super::{
    Shared, Term, away, follow,
    layout::{self, Head, Key, Pair},
};
use crate::ChangeError;

/// Most keys in one transaction; etcd takes 128 operations unless told otherwise.
const KEYS_MAX: usize = 100;
/// Most bytes in one transaction; etcd takes 1.5 MiB unless told otherwise.
const BYTES_MAX: usize = 1_000_000;
/// How often a change is decided anew because the fleet was another one meanwhile.
const RACES_MAX: usize = 8;
/// Between two tries to find out what became of a transaction.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// What became of a transaction that is based on a head and a term.
enum Fate {
    /// It is done, and the head was written at this revision.
    Done(i64),
    /// The head is another one than it was based on.
    Moved,
    /// Somebody else leads, or nobody.
    Deposed,
}

/// Decides and writes.
pub(super) async fn change(
    shared: &Shared,
    decide: &dyn Fn(&Fleet) -> Result<Option<Change>, Refusal>,
) -> Result<Option<Change>, ChangeError> {
    for _ in 0..RACES_MAX {
        let term = shared.term()?;
        put_in_place(shared, term).await?;
        let (fleet, head, head_at) = {
            let mirror = shared.mirror.lock();
            (mirror.fleet.clone(), mirror.head.clone(), mirror.head_at)
        };
        let Some(change) = decide(&fleet)? else {
            return Ok(None);
        };
        let next = head.next(change.epoch, shared.name_of_change(term));
        let attempt = Attempt { shared, term, based_on: head_at };
        let (next, fate) =
            attempt.write(next, layout::pairs(&fleet, &change, head.commit + 1)).await?;
        match fate {
            Fate::Done(at) => {
                take_own(shared, &next, at, change.clone());
                // The change counts; that its rows are in their places matters only to the next one.
                if let Err(error) = put_in_place(shared, term).await {
                    let why = base_fault::chain(&error);
                    tracing::warn!(why, "a change's rows are not yet in their places");
                }
                return Ok(Some(change));
            }
            Fate::Moved => follow::read(shared).await.map_err(|why| {
                let text = format!("the fleet cannot be read anew: {why}");
                let fault = base_fault::Fault::downstream(
                    base_fault::Code::Unavailable,
                    super::AGAIN,
                    text,
                );
                ChangeError::Away(fault)
            })?,
            Fate::Deposed => {
                shared.deposed(term);
                return Err(shared
                    .term()
                    .err()
                    .unwrap_or(ChangeError::NotLeading { leader: None }));
            }
        }
    }
    let text = "others were changing the fleet again and again";
    let fault = base_fault::Fault::downstream(base_fault::Code::Contended, super::AGAIN, text);
    Err(ChangeError::Away(fault))
}

fn take_own(shared: &Shared, head: &Head, at: i64, change: Change) {
    let mut mirror = shared.mirror.lock();
    let fleet = mirror.take_own(head, at, change);
    shared.tell(&mirror, super::mirror::News { fleet, seat: false });
}

/// Puts the rows of the last change in their places, if they are not.
async fn put_in_place(shared: &Shared, term: Term) -> Result<(), ChangeError> {
    let (head, head_at, pending) = {
        let mirror = shared.mirror.lock();
        (mirror.head.clone(), mirror.head_at, mirror.pending())
    };
    if head.staged.is_none() {
        return Ok(());
    }
    // Staged by us a moment ago, they may not have been told of yet.
    let pending = match pending {
        Ok(pending) => pending,
        Err(_) => staged(shared, &head).await?,
    };
    let attempt = Attempt { shared, term, based_on: head_at };
    for pairs in portions(pending) {
        match attempt.transact(puts(shared, pairs), None).await? {
            Fate::Done(_) => {}
            Fate::Moved | Fate::Deposed => return Ok(()),
        }
    }
    let clean = Head { staged: None, ..head };
    let mut ops = vec![put(&shared.key("head"), layout::json(&clean))];
    ops.push(delete_prefix(&shared.key("staged/")));
    if let Fate::Done(at) = attempt.transact(ops, Some(&clean)).await? {
        take_own(shared, &clean, at, Change { epoch: clean.epoch, ..Change::default() });
    }
    Ok(())
}

async fn staged(shared: &Shared, head: &Head) -> Result<Vec<Pair>, ChangeError> {
    let page = shared.client.get(&shared.key("head")).await.map_err(away)?;
    let prefix = shared.key(&format!("staged/{}/", head.change));
    let mut pairs = Vec::new();
    for kv in shared.client.all(&prefix, page.revision).await.map_err(away)? {
        let key = String::from_utf8_lossy(&kv.key);
        let part = layout::part(&key, &kv.value);
        pairs.extend(part.map_err(|error| {
            let text = "a change's staged rows cannot be read";
            let fault = base_fault::Fault::ours(base_fault::Code::StoreBroken, text);
            ChangeError::Broken(fault.because(error))
        })?);
    }
    Ok(pairs)
}

/// Transactions of one leader on one head.
struct Attempt<'s> {
    shared: &'s Shared,
    term: Term,
    based_on: i64,
}

impl Attempt<'_> {
    /// Writes rows and the head that makes them count. Returns the head as it was written.
    async fn write(&self, next: Head, pairs: Vec<Pair>) -> Result<(Head, Fate), ChangeError> {
        let mut portions = portions(pairs);
        let (head, mut ops) = if portions.len() <= 1 {
            (next, portions.pop().map(|pairs| puts(self.shared, pairs)).unwrap_or_default())
        } else {
            for (part, pairs) in portions.iter().enumerate() {
                let key = self.shared.key(&Key::staged(&next.change, part));
                let staged = vec![put(&key, layout::json(pairs))];
                match self.transact(staged, None).await? {
                    Fate::Done(_) => {}
                    fate => return Ok((next, fate)),
                }
            }
            (Head { staged: Some(portions.len()), ..next }, Vec::new())
        };
        ops.push(put(&self.shared.key("head"), layout::json(&head)));
        let fate = self.transact(ops, Some(&head)).await?;
        Ok((head, fate))
    }

    /// Asks until it is known what became of it. That is safe: what writes the head can be done only once, because it is based on
    /// the head before; what does not can be done twice, because it writes whole rows.
    async fn transact(
        &self,
        then: Vec<cp_etcd::RequestOp>,
        head: Option<&Head>,
    ) -> Result<Fate, ChangeError> {
        let (head_key, leader_key) = (self.shared.key("head"), self.shared.key("leader"));
        let transaction = Transaction {
            holds: vec![
                made_at(&leader_key, self.term.made_at),
                written_at(&head_key, self.based_on),
            ],
            then,
            otherwise: vec![get(&head_key), get(&leader_key)],
        };
        let deadline = Instant::now() + self.shared.client.timeout();
        let mut doubtful: Option<EtcdError> = None;
        loop {
            match self.shared.client.transact(transaction.clone()).await {
                Ok(outcome) => return self.fate(outcome, head, doubtful),
                Err(error) if !error.kind.may_pass() || Instant::now() >= deadline => {
                    return Err(away(doubtful.unwrap_or(error)));
                }
                Err(error) => {
                    doubtful = Some(error);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn fate(
        &self,
        outcome: Outcome,
        head: Option<&Head>,
        doubtful: Option<EtcdError>,
    ) -> Result<Fate, ChangeError> {
        if outcome.done {
            return Ok(Fate::Done(outcome.revision));
        }
        let mut read = outcome.read.into_iter();
        let (found, leader) = (read.next().flatten(), read.next().flatten());
        let is_ours = |kv: &KeyValue| {
            layout::head(&kv.value).ok().as_ref().is_some_and(|found| Some(found) == head)
        };
        if let Some(kv) = found.filter(is_ours) {
            return Ok(Fate::Done(kv.mod_revision));
        }
        // Done and overtaken, or not done: nobody can tell any more.
        if let (Some(error), Some(_)) = (doubtful, head) {
            return Err(away(error));
        }
        let leads = leader.is_some_and(|kv| kv.create_revision == self.term.made_at);
        Ok(if leads { Fate::Moved } else { Fate::Deposed })
    }
}

fn puts(shared: &Shared, pairs: Vec<Pair>) -> Vec<cp_etcd::RequestOp> {
    pairs.into_iter().map(|(key, value)| put(&shared.key(&key), value)).collect()
}

/// Rows in as many portions as transactions can take.
fn portions(pairs: Vec<Pair>) -> Vec<Vec<Pair>> {
    let mut portions: Vec<Vec<Pair>> = Vec::new();
    let mut bytes = 0;
    for pair in pairs {
        let size = pair.0.len() + pair.1.len();
        match portions.last_mut() {
            Some(portion) if portion.len() < KEYS_MAX && bytes + size <= BYTES_MAX => {
                bytes += size;
                portion.push(pair);
            }
            _ => {
                bytes = size;
                portions.push(vec![pair]);
            }
        }
    }
    portions
}
