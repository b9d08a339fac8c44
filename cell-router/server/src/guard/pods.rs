//! The pods of every cell as requests have found them: a gate each, and whether it could be reached lately.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use base_ids::{CellId, PodName};
use router_limits::{Gate, GateConfig, Permit, RouteClass, Shut};
use router_table::{Aside, Pod, Table, Target};

/// For how long a pod may have requests and answer none of them until others of its cell come first.
const SILENT_MAX: Duration = Duration::from_secs(3);

/// Everything that is known, by cell. No more than the table has cells and pods: a pod is entered when a request goes to it, and what
/// the table no longer has is thrown away with the next one that is entered.
pub(super) type Known = Arc<ArcSwap<HashMap<CellId, Vec<Arc<KnownPod>>>>>;

/// A pod as requests have found it.
#[derive(Debug)]
pub(super) struct KnownPod {
    pub(super) name: PodName,
    edge: SocketAddr,
    pub(super) gate: Arc<Gate>,
    pub(super) aside: Aside,
    /// When it answered last, or was sent the first of the requests that it has; in milliseconds of the guard's time.
    heard_ms: AtomicU64,
}

impl KnownPod {
    /// It is about to have a request: if it has no other, its silence begins now.
    pub(super) fn is_sent(&self, now: Duration) {
        if self.gate.out() == 0 {
            self.hear(now);
        }
    }

    /// It says something: nothing is held against it any more.
    pub(super) fn answered(&self, now: Duration) {
        self.hear(now);
        self.aside.answered();
    }

    /// Whether it may be sent something. One that takes requests and answers none is put aside as one that cannot be reached.
    fn may_try(&self, now: Duration) -> bool {
        let heard = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
        let silent = self.gate.out() > 0 && now.saturating_sub(heard) > SILENT_MAX;
        if silent && !self.aside.is_doubted() {
            self.aside.failed(now);
        }
        self.aside.may_try(now)
    }

    fn hear(&self, now: Duration) {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(now, Ordering::Relaxed);
    }

    fn is(&self, pod: &Pod) -> bool {
        self.name == pod.name && self.edge == pod.edge
    }
}

/// The pods of all cells.
pub(super) struct Pods {
    config: GateConfig,
    known: Known,
}

/// A pod that lets a request in.
pub(super) struct Chosen {
    pub(super) pod: Arc<KnownPod>,
    pub(super) permit: Permit,
    /// Whether it is another one than the tenant prefers.
    pub(super) is_fallback: bool,
    /// Whether it failed lately, and the cell has others: it is asked before it is sent anything.
    pub(super) is_doubted: bool,
}

/// What a request asks a pod for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) tenant: &'a str,
    pub(super) class: RouteClass,
    /// Whether all of it can be sent at once.
    pub(super) whole: bool,
    /// Where it has been in vain.
    pub(super) tried: &'a [SocketAddr],
}

impl Pods {
    pub(super) fn new(config: GateConfig) -> Self {
        Self { config, known: Known::default() }
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The first pod, in the order that the tenant prefers, that is there and lets the request in; `target` names it then. A pod that
    /// has too much to do is there: its load must not topple the next one.
    ///
    /// Errors: why the last one did not; nothing if the table has no pod of the cell.
    pub(super) fn choose(
        &self,
        table: &Table,
        target: &mut Target,
        asked: Asked<'_>,
        now: Duration,
    ) -> Result<Chosen, Option<Shut>> {
        let pods = table.pods_for(target.index, asked.tenant);
        let (several, mut last) = (pods.len() > 1, None);
        // Once it has been to all of them, each may know more by now.
        let left = several && pods.clone().any(|pod| !asked.tried.contains(&pod.edge));
        // Those that failed lately come last: better one of them than nobody.
        for despite_failures in [false, true] {
            for (nth, pod) in pods.clone().enumerate() {
                if left && asked.tried.contains(&pod.edge) {
                    continue;
                }
                let known = self.of(&target.cell, pod, table);
                let is_doubted = several && known.aside.is_doubted();
                // What failed elsewhere finds nothing out.
                let waits = is_doubted && !asked.tried.is_empty();
                let may = !several || despite_failures || !waits && known.may_try(now);
                if !may {
                    continue;
                }
                known.is_sent(now);
                match known.gate.admit(asked.class, asked.whole, now) {
                    Ok(permit) => {
                        if nth > 0 || target.pod != pod.name {
                            target.pod = pod.name.clone();
                        }
                        target.edge = pod.edge;
                        let is_fallback = nth > 0;
                        return Ok(Chosen { pod: known, permit, is_fallback, is_doubted });
                    }
                    Err(shut @ Shut::Full { .. }) if !is_doubted => return Err(Some(shut)),
                    Err(shut) => last = Some(shut),
                }
            }
            if !several {
                break;
            }
        }
        Err(last)
    }

    /// Whether the cell has several pods, and one to which the request has not been.
    pub(super) fn has_another(table: &Table, target: &Target, tried: &[SocketAddr]) -> bool {
        let cell = table.cell(&target.cell);
        cell.is_some_and(|cell| {
            cell.pods.len() > 1 && cell.pods.iter().any(|pod| !tried.contains(&pod.edge))
        })
    }

    fn of(&self, cell: &CellId, pod: &Pod, table: &Table) -> Arc<KnownPod> {
        let find = |known: &HashMap<CellId, Vec<Arc<KnownPod>>>| {
            known.get(cell).and_then(|pods| pods.iter().find(|known| known.is(pod)).cloned())
        };
        if let Some(known) = find(&self.known.load()) {
            return known;
        }
        let fresh = Arc::new(KnownPod {
            name: pod.name.clone(),
            edge: pod.edge,
            gate: Arc::new(Gate::new(&self.config)),
            aside: Aside::default(),
            heard_ms: AtomicU64::default(),
        });
        self.known.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.retain(|cell, pods| {
                let listed = table.cell(cell).map_or(&[][..], |cell| &cell.pods);
                pods.retain(|pod| listed.iter().any(|listed| pod.is(listed)));
                !pods.is_empty()
            });
            let pods = known.entry(cell.clone()).or_default();
            // Another request may have been faster.
            if !pods.iter().any(|known| known.is(pod)) {
                pods.push(Arc::clone(&fresh));
                pods.sort_by(|a, b| a.name.cmp(&b.name));
            }
            known
        });
        find(&self.known.load()).unwrap_or(fresh)
    }
}
