//! The engine of several processes: etcd. All of them read, one of them changes.
//!
//! | room | question |
//! | --- | --- |
//! | `layout` | which keys are there, and what stands under them? |
//! | `mirror` | which fleet do the keys make? |
//! | `follow` | how does what others write come here? |
//! | `commit` | how is a change written, so that it is there whole or not at all? |
//! | `election` | who leads? |
//!
//! A change is based on the head, which every change writes: of two that are based on one head, one is written. It is based on the
//! leader's seat as well, so that who was leader and does not know that it is no more writes nothing.

mod commit;
mod election;
mod follow;
mod layout;
mod mirror;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use base_fault::{Code, Fault};
use cp_etcd::{Client, EtcdError, Kind};
use cp_model::{Change, Deed, Fleet, Refusal};
use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle, time::Instant};

use crate::{ChangeError, Leader, OpenError, Standing};
use mirror::{Mirror, ReadError, Seat};

/// What whoever asked in vain does well to wait.
const AGAIN: Duration = Duration::from_secs(1);
/// Pause between two tries to reach etcd when the process starts.
const PAUSE: Duration = Duration::from_millis(500);
/// A start that waits says so this often.
const SAY: Duration = Duration::from_secs(5);

/// What lies in etcd, followed from here.
pub(crate) struct Etcd {
    shared: Arc<Shared>,
    runtime: Handle,
    /// Held while a change is decided and written: changes of this process happen one after the other.
    turn: Mutex<()>,
    following: JoinHandle<()>,
    standing: Mutex<Option<JoinHandle<()>>>,
}

/// What the tasks and those who ask share.
pub(crate) struct Shared {
    client: Client,
    prefix: String,
    lease: Duration,
    mirror: Mutex<Mirror>,
    fleets: watch::Sender<Arc<Fleet>>,
    seat: watch::Sender<Option<Seat>>,
    standing: watch::Sender<Standing>,
    /// The lead, while this process has it as far as it knows.
    term: Mutex<Option<Term>>,
    /// Why etcd cannot be followed at present.
    trouble: Mutex<Option<String>>,
    /// Whether etcd was seen to know less than before.
    went_back: AtomicBool,
    /// How many changes this process has tried.
    tried: AtomicU64,
}

/// A time for which this process leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    lease: i64,
    /// The revision at which the seat was taken.
    made_at: i64,
    /// Until then nobody else can have taken it.
    until: Instant,
}

impl Etcd {
    pub(crate) fn open(
        config: &cp_etcd::Config,
        client: Client,
        runtime: Handle,
    ) -> Result<Self, OpenError> {
        let mirror = runtime.block_on(read_patiently(&client, config))?;
        tracing::info!(
            etcd = client.at(),
            prefix = config.prefix,
            commit = mirror.head.commit,
            epoch = mirror.head.epoch.0,
            "the fleet is read from etcd"
        );
        let shared = Arc::new(Shared {
            prefix: config.prefix.clone(),
            lease: config.lease(),
            fleets: watch::Sender::new(Arc::clone(&mirror.fleet)),
            seat: watch::Sender::new(mirror.seat.clone()),
            standing: watch::Sender::new(Standing::Leaderless),
            term: Mutex::default(),
            trouble: Mutex::default(),
            went_back: AtomicBool::new(false),
            tried: AtomicU64::new(0),
            mirror: Mutex::new(mirror),
            client,
        });
        shared.look();
        let following = runtime.spawn(follow::follow(Arc::clone(&shared)));
        let (turn, standing) = (Mutex::default(), Mutex::default());
        Ok(Self { shared, runtime, turn, following, standing })
    }

    pub(crate) fn fleets(&self) -> &watch::Sender<Arc<Fleet>> {
        &self.shared.fleets
    }

    pub(crate) fn commit(&self) -> u64 {
        self.shared.mirror.lock().head.commit
    }

    pub(crate) fn stand(&self, candidate: Leader) {
        let task = self.runtime.spawn(election::stand(Arc::clone(&self.shared), candidate));
        if let Some(former) = self.standing.lock().replace(task) {
            former.abort();
        }
    }

    pub(crate) fn resign(&self) {
        if let Some(task) = self.standing.lock().take() {
            task.abort();
        }
        // After a change that is being written.
        let _turn = self.turn.lock();
        self.runtime.block_on(election::resign(&self.shared));
    }

    pub(crate) fn standing(&self) -> Standing {
        self.shared.look()
    }

    pub(crate) fn standings(&self) -> watch::Receiver<Standing> {
        self.shared.standing.subscribe()
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.trouble.lock().clone()
    }

    pub(crate) fn change(
        &self,
        decide: &dyn Fn(&Fleet) -> Result<Option<Change>, Refusal>,
    ) -> Result<Option<Change>, ChangeError> {
        let _turn = self.turn.lock();
        self.runtime.block_on(commit::change(&self.shared, decide))
    }

    pub(crate) fn record(&self, limit: usize) -> Result<Vec<Deed>, Fault> {
        self.runtime.block_on(self.shared.record(limit))
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.following.abort();
        if let Some(task) = self.standing.get_mut().take() {
            task.abort();
        }
    }
}

impl Shared {
    fn key(&self, behind: &str) -> String {
        format!("{}{behind}", self.prefix)
    }

    /// What this process is by now; tells whoever waits for it to change.
    fn look(&self) -> Standing {
        let (seat, term) = (self.seat.borrow().clone(), *self.term.lock());
        let standing =
            match (seat, term) {
                (Some(seat), Some(term)) if seat.lease == term.lease => {
                    if Instant::now() < term.until { Standing::Leads } else { Standing::Leaderless }
                }
                (Some(seat), _) => Standing::Follows(seat.leader),
                (None, _) => Standing::Leaderless,
            };
        self.standing.send_if_modified(|known| {
            let is_new = *known != standing;
            known.clone_from(&standing);
            is_new
        });
        standing
    }

    /// The lead, if this process has it.
    fn term(&self) -> Result<Term, ChangeError> {
        match self.look() {
            Standing::Leads => {
                let term = *self.term.lock();
                term.ok_or(ChangeError::NotLeading { leader: None })
            }
            Standing::Follows(leader) => Err(ChangeError::NotLeading { leader: Some(leader) }),
            Standing::Leaderless => match self.trouble.lock().clone() {
                Some(trouble) => {
                    let text = format!("nothing can be changed at present: {trouble}");
                    Err(ChangeError::Away(Fault::downstream(Code::Unavailable, AGAIN, text)))
                }
                None => Err(ChangeError::NotLeading { leader: None }),
            },
        }
    }

    /// Shows what is new to whoever waits for it.
    fn tell(&self, mirror: &Mirror, news: mirror::News) {
        if news.fleet {
            self.fleets.send_replace(Arc::clone(&mirror.fleet));
        }
        if news.seat {
            self.seat.send_replace(mirror.seat.clone());
        }
    }

    /// Says once that something is wrong, and once that it is over.
    fn troubled(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock();
        match (&*known, &trouble) {
            (None, Some(why)) => {
                tracing::warn!(why, "etcd cannot be followed; reads go on with what is known");
            }
            (Some(_), None) => tracing::info!("etcd is followed again"),
            _ => {}
        }
        *known = trouble;
    }

    /// A name that no other change has.
    fn name_of_change(&self, term: Term) -> String {
        format!("{:x}-{:x}", term.lease, self.tried.fetch_add(1, Ordering::Relaxed))
    }

    async fn record(&self, limit: usize) -> Result<Vec<Deed>, Fault> {
        let mut deeds: Vec<Deed> = Vec::new();
        let (prefix, mut below) = (self.key("deeds/"), None);
        while deeds.len() < limit {
            let page = self.client.last(&prefix, below.as_deref()).await.map_err(|error| {
                let text = "the record cannot be read at present";
                Fault::downstream(Code::Unavailable, AGAIN, text).because(error)
            })?;
            let Some(first) = page.last() else { break };
            below = Some(first.key.to_vec());
            for kv in &page {
                let key = String::from_utf8_lossy(&kv.key);
                let part = layout::deeds(&key, &kv.value).map_err(|error| {
                    Fault::ours(Code::StoreBroken, "the record cannot be read").because(error)
                })?;
                deeds.extend(part.into_iter().rev());
            }
        }
        deeds.truncate(limit);
        Ok(deeds)
    }
}

/// Reads everything; waits for an etcd that does not answer, but not for one that says no.
async fn read_patiently(client: &Client, config: &cp_etcd::Config) -> Result<Mirror, OpenError> {
    let (begun, mut said) = (Instant::now(), Instant::now());
    loop {
        let error = match Mirror::read(client, &config.prefix).await {
            Ok(mirror) => return Ok(mirror),
            Err(error) => error,
        };
        match error {
            ReadError::Etcd(error) if error.kind == Kind::Away => {
                if begun.elapsed() >= config.patience() {
                    return Err(OpenError::Etcd(error));
                }
                if said.elapsed() >= SAY {
                    said = Instant::now();
                    tracing::warn!(%error, "waits for etcd");
                }
                tokio::time::sleep(PAUSE).await;
            }
            ReadError::Etcd(error) => return Err(OpenError::Etcd(error)),
            error => {
                let (at, prefix) = (client.at().to_owned(), config.prefix.clone());
                return Err(OpenError::Unreadable { at, prefix, cause: Box::new(error) });
            }
        }
    }
}

/// A fault of etcd's that a later try may not meet.
fn away(error: EtcdError) -> ChangeError {
    let fault = match error.kind {
        Kind::Denied | Kind::Full | Kind::Refused | Kind::Settings => {
            Fault::downstream(Code::Unavailable, AGAIN, "etcd does not take the change")
        }
        _ => Fault::downstream(
            Code::OutcomeUnknown,
            AGAIN,
            "it is not known whether the change was made; ask how it is, and again",
        ),
    };
    ChangeError::Away(fault.because(error))
}
