//! The gate of one pod of a cell, and so of a cell that has one: what it lets through, what it has out, and what it learns from how requests end.
//!
//! It refuses or lets through; it never sends a request elsewhere, for a tenant lives in one cell.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{Breaker, BreakerConfig, Gradient, GradientConfig, RetryBudget, RouteClass, Verdict};

/// What a cell is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateConfig {
    /// Requests at once.
    pub at_once: GradientConfig,
    /// Streams at once, which stay open for long and are counted apart; and as many requests whose bodies still come in.
    pub streams_max: u32,
    /// When it is left alone.
    pub breaker: BreakerConfig,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            at_once: GradientConfig::default(),
            streams_max: 4_096,
            breaker: BreakerConfig::default(),
        }
    }
}

impl GateConfig {
    /// All that is wrong with it: field and problem.
    pub fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let (at_once, breaker) = (&self.at_once, &self.breaker);
        let checks = [
            (at_once.least == 0, "at_once.least", "must be more than 0"),
            (at_once.most < at_once.least, "at_once.most", "must not be less than least"),
            (at_once.tolerance_percent < 100, "at_once.tolerance_percent", "must be at least 100"),
            (self.streams_max == 0, "streams_max", "must be more than 0"),
            (breaker.window_ms == 0, "breaker.window_ms", "must be longer than 0"),
            (breaker.open_ms == 0, "breaker.open_ms", "must be longer than 0"),
            (breaker.probes == 0, "breaker.probes", "must be more than 0"),
        ];
        checks
            .into_iter()
            .filter(|(wrong, ..)| *wrong)
            .map(|(_, field, why)| (field, why))
            .collect()
    }
}

/// Why a request is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// The breaker is open: the cell did not answer lately.
    #[error("does not answer")]
    Broken {
        /// When to try again.
        after: Duration,
    },
    /// The cell has as much to do as it can take of this class.
    #[error("has too much to do")]
    Full {
        /// The class that was shed.
        class: RouteClass,
    },
}

/// The gate of one pod of a cell.
#[derive(Debug)]
pub struct Gate {
    streams_max: u32,
    out: AtomicU32,
    streams: AtomicU32,
    /// Requests whose bodies still come in: the cell has no work with them yet.
    uploads: AtomicU32,
    limit: AtomicU32,
    gradient: Mutex<Gradient>,
    breaker: Breaker,
    retries: RetryBudget,
}

/// Leave to send one request to a cell once. How it ended must be told; dropped without a word, it tells nothing.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    class: RouteClass,
    probe: bool,
    place: Place,
    ended: bool,
}

/// Where a permit is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Among those whose bodies still come in.
    Upload,
    /// Among those that the cell works on, since then.
    Begun(Duration),
    /// Nowhere: it was given back.
    Nowhere,
}

impl Gate {
    /// The gate of a cell of which nothing is known yet.
    pub fn new(config: &GateConfig) -> Self {
        let gradient = Gradient::new(config.at_once);
        Self {
            streams_max: config.streams_max,
            out: AtomicU32::new(0),
            streams: AtomicU32::new(0),
            uploads: AtomicU32::new(0),
            limit: AtomicU32::new(gradient.limit()),
            gradient: Mutex::new(gradient),
            breaker: Breaker::new(config.breaker),
            retries: RetryBudget::default(),
        }
    }

    /// Asks to send a request of `class`. `whole` if all of it can be sent at once, because it has no body: then it counts from now
    /// on, else from [`Permit::begin`] on.
    pub fn admit(
        self: &Arc<Self>,
        class: RouteClass,
        whole: bool,
        now: Duration,
    ) -> Result<Permit, Shut> {
        // First whether there is room: a probe that is shed would find out nothing.
        let place = if whole { Place::Begun(now) } else { Place::Upload };
        let counter = self.counter(class, place).ok_or(Shut::Full { class })?;
        let most = if whole { self.room(class) } else { self.streams_max.min(self.uploads(class)) };
        let taken = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < most).then_some(count + 1)
        });
        if taken.is_err() {
            return Err(Shut::Full { class });
        }
        let mut permit =
            Permit { gate: Arc::clone(self), class, probe: false, place, ended: false };
        match self.breaker.ask(now) {
            Verdict::Pass => Ok(permit),
            Verdict::Probe => {
                permit.probe = true;
                Ok(permit)
            }
            // The place is given back with the permit.
            Verdict::Open(after) => Err(Shut::Broken { after }),
        }
    }

    /// Counts a first try, by which retries are earned.
    pub fn first_try(&self) {
        self.retries.earn();
    }

    /// Whether a request that failed here may be sent here once more. Apart from the breaker: it may be closed and the budget spent.
    pub fn may_retry(&self) -> bool {
        self.retries.pay()
    }

    /// Requests that the cell has now, streams not counted.
    pub fn out(&self) -> u32 {
        self.out.load(Ordering::Relaxed)
    }

    /// Requests that it is given at once.
    pub fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Whether its breaker is open.
    pub fn is_open(&self, now: Duration) -> bool {
        self.breaker.is_open(now)
    }

    /// Requests of this class that the cell may have at once.
    fn room(&self, class: RouteClass) -> u32 {
        if class == RouteClass::Stream {
            return self.streams_max;
        }
        let share = u64::from(self.limit()) * u64::from(class.share()) / 100;
        u32::try_from(share).unwrap_or(u32::MAX)
    }

    /// Requests of this class whose bodies may come in at once: none while the cell has no room for the class.
    fn uploads(&self, class: RouteClass) -> u32 {
        let counter = self.counter(class, Place::Begun(Duration::ZERO));
        let has_room = counter.is_some_and(|now| now.load(Ordering::Relaxed) < self.room(class));
        if has_room { u32::MAX } else { 0 }
    }

    fn counter(&self, class: RouteClass, place: Place) -> Option<&AtomicU32> {
        match place {
            Place::Upload => Some(&self.uploads),
            Place::Begun(_) if class == RouteClass::Stream => Some(&self.streams),
            Place::Begun(_) => Some(&self.out),
            Place::Nowhere => None,
        }
    }
}

impl Permit {
    /// The cell has the whole request: from now on it counts. A slow upload takes nobody's place.
    pub fn begin(&mut self, now: Duration) {
        if self.place == Place::Upload {
            self.move_to(Place::Begun(now));
        }
    }

    /// The cell began to answer. For all but streams its place is free again: who reads slowly takes nobody's place.
    pub fn answered(&mut self, now: Duration) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.gate.breaker.succeeded(self.probe, now);
        // Whoever is answered before the upload has ended was refused on the head; that says nothing about speed.
        if self.class == RouteClass::Stream {
            self.begin(now);
            return;
        }
        if let Place::Begun(begun) = self.place {
            let (latency, at_once) = (now.saturating_sub(begun), self.gate.out());
            self.learn(|gradient, class| gradient.answered(class, latency, at_once, now));
        }
        self.move_to(Place::Nowhere);
    }

    /// The cell refused the request on its head: it is alive, and how fast it works was not seen.
    pub fn refused(mut self, now: Duration) {
        if !std::mem::replace(&mut self.ended, true) {
            self.gate.breaker.succeeded(self.probe, now);
        }
    }

    /// The cell answered that it has too much to do; of how many requests that is too much, a stream that it did not open does not tell.
    pub fn overloaded(&mut self, now: Duration) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.gate.breaker.succeeded(self.probe, now);
        if self.class != RouteClass::Stream {
            let at_once = self.gate.out();
            self.learn(|gradient, _| gradient.overloaded(at_once, now));
        }
        self.move_to(Place::Nowhere);
    }

    /// The cell was not there, broke off, or did not answer in time. Returns whether that opened its breaker.
    pub fn failed(mut self, now: Duration) -> bool {
        if std::mem::replace(&mut self.ended, true) {
            // Broke off in the middle of an answer that had begun in time.
            return self.gate.breaker.failed(false, now);
        }
        let at_once = self.gate.out();
        self.learn(|gradient, _| gradient.overloaded(at_once, now));
        self.gate.breaker.failed(self.probe, now)
    }

    fn learn(&self, learn: impl FnOnce(&mut Gradient, RouteClass) -> u32) {
        // While another one learns this one need not: a sample more or less changes nothing.
        if let Some(mut gradient) = self.gate.gradient.try_lock() {
            let limit = learn(&mut gradient, self.class);
            self.gate.limit.store(limit, Ordering::Relaxed);
        }
    }

    fn move_to(&mut self, place: Place) {
        if let Some(counter) = self.gate.counter(self.class, place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let left = std::mem::replace(&mut self.place, place);
        if let Some(counter) = self.gate.counter(self.class, left) {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.move_to(Place::Nowhere);
        if self.probe && !self.ended {
            self.gate.breaker.abandoned();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use proptest::prelude::*;

    use super::{Gate, GateConfig, Permit, Shut};
    use crate::{GradientConfig, RouteClass};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn gate(first: u32) -> Arc<Gate> {
        let at_once = GradientConfig { least: 1, first, ..GradientConfig::default() };
        Arc::new(Gate::new(&GateConfig { at_once, streams_max: 3, ..GateConfig::default() }))
    }

    fn enter(gate: &Arc<Gate>, class: RouteClass) -> Result<Permit, Shut> {
        gate.admit(class, true, ms(0))
    }

    #[test]
    fn a_full_cell_sheds_browsing_first_and_checkouts_last() {
        let gate = gate(100);
        let mut order = Vec::new();
        let mut held = Vec::new();
        for class in [RouteClass::Browse, RouteClass::Read, RouteClass::Write, RouteClass::Checkout]
        {
            while let Ok(permit) = enter(&gate, class) {
                held.push(permit);
            }
            order.push(held.len());
        }
        assert_eq!(order, [70, 80, 90, 100]);
        assert_eq!(
            enter(&gate, RouteClass::Browse).unwrap_err(),
            Shut::Full { class: RouteClass::Browse }
        );
        held.truncate(75);
        assert!(
            enter(&gate, RouteClass::Browse).is_err() && enter(&gate, RouteClass::Read).is_ok()
        );
    }

    #[test]
    fn streams_have_places_of_their_own() {
        let gate = gate(100);
        let streams: Vec<_> = (0..3).map(|_| enter(&gate, RouteClass::Stream).unwrap()).collect();
        assert!(enter(&gate, RouteClass::Stream).is_err());
        assert_eq!(gate.out(), 0);
        let mut streams = streams;
        streams[0].answered(ms(1));
        assert!(enter(&gate, RouteClass::Stream).is_err(), "an open stream keeps its place");
        drop(streams);
        assert!(enter(&gate, RouteClass::Stream).is_ok());
    }

    #[test]
    fn who_sends_or_reads_slowly_takes_nobodys_place() {
        let gate = gate(10);
        let uploads: Vec<_> =
            (0..3).map(|_| gate.admit(RouteClass::Write, false, ms(0)).unwrap()).collect();
        assert_eq!(gate.out(), 0);
        assert!(gate.admit(RouteClass::Write, false, ms(0)).is_err(), "but there is an end to it");
        let mut read = enter(&gate, RouteClass::Read).unwrap();
        assert_eq!(gate.out(), 1);
        read.answered(ms(3));
        assert_eq!(gate.out(), 0);
        drop((uploads, read));
        assert_eq!(gate.out(), 0);
    }

    #[test]
    fn a_dead_cell_is_left_alone_and_probed() {
        let gate = gate(100);
        let failures = (0..100).map_while(|_| enter(&gate, RouteClass::Read).ok());
        let opened: Vec<_> = failures.map(|permit| permit.failed(ms(0))).collect();
        assert_eq!(opened, [false, false, false, false, false, false, false, true]);
        assert!(matches!(gate.admit(RouteClass::Checkout, true, ms(0)), Err(Shut::Broken { .. })));
        assert!(gate.is_open(ms(0)));
        let mut probe = gate.admit(RouteClass::Browse, true, ms(600)).unwrap();
        probe.answered(ms(601));
        drop(gate.admit(RouteClass::Browse, true, ms(602)).unwrap());
        for _ in 0..2 {
            gate.admit(RouteClass::Browse, true, ms(602)).unwrap().answered(ms(603));
        }
        assert!(!gate.is_open(ms(603)) && gate.admit(RouteClass::Browse, true, ms(603)).is_ok());
        assert_eq!(gate.out(), 0);
    }

    #[test]
    fn the_budget_of_retries_is_not_the_breakers() {
        let gate = gate(100);
        assert_eq!((0..100).filter(|_| gate.may_retry()).count(), 10);
        assert!(gate.admit(RouteClass::Read, true, ms(0)).is_ok());
        (0..100).for_each(|_| gate.first_try());
        assert_eq!((0..100).filter(|_| gate.may_retry()).count(), 10);
    }

    proptest! {
        /// However requests end, every place is given back.
        #[test]
        fn places_are_always_given_back(ends in prop::collection::vec((0_usize..7, 0_u8..6), 0..300)) {
            let gate = gate(50);
            let mut held = Vec::new();
            for (at, (class, end)) in (0_u64..).zip(ends) {
                let now = ms(at * 10);
                let whole = at % 2 == 0;
                let Ok(mut permit) = gate.admit(RouteClass::ALL[class], whole, now) else { continue };
                if end != 0 { permit.begin(now); }
                match end {
                    1 => permit.answered(now),
                    2 => permit.overloaded(now),
                    3 => {
                        permit.failed(now);
                    }
                    4 => {
                        permit.answered(now);
                        permit.failed(now);
                    }
                    5 => held.push(permit),
                    _ => {}
                }
            }
            prop_assert!(gate.out() <= u32::try_from(held.len()).unwrap());
            held.clear();
            prop_assert_eq!(gate.out(), 0);
        }
    }
}
