//! Which pods were heard of lately. In memory only: it never decides who owns what.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

use base_ids::{CellId, InvalidCellId, InvalidPodName, PodName};
use base_time::Timestamp;
use tonic::Status;

/// How many earlier starts of a pod are remembered, to refuse one that still runs.
const FORMER_MAX: usize = 8;
/// For how long a pod that fell silent is told of after it left the table.
const LOST_FOR: Duration = Duration::from_hours(1);

/// A pod of a cell. Written `cell-1/0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodKey {
    pub(crate) cell: CellId,
    pub(crate) pod: PodName,
}

impl PodKey {
    /// Reads who it is as members say it: a pod without a name is `0`.
    pub(crate) fn read(cell: &str, pod: &str) -> Result<Self, Status> {
        let cell = cell
            .parse()
            .map_err(|error: InvalidCellId| Status::invalid_argument(error.to_string()))?;
        if pod.is_empty() {
            return Ok(Self { cell, pod: PodName::default() });
        }
        let pod = pod
            .parse()
            .map_err(|error: InvalidPodName| Status::invalid_argument(error.to_string()))?;
        Ok(Self { cell, pod })
    }
}

impl fmt::Display for PodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cell, self.pod)
    }
}

/// The last beats of every pod since the control plane started.
#[derive(Debug, Default)]
pub(crate) struct Beats(BTreeMap<PodKey, Beat>);

/// What a pod said with its last beat.
#[derive(Debug)]
pub(crate) struct Beat {
    /// Which start of the pod's process it was.
    pub(crate) boot: String,
    pub(crate) at: Timestamp,
    /// The beat before it; the same one if there was none, or it was of another start.
    before: Timestamp,
    /// Since when this start of the process has been heard without a gap.
    since: Timestamp,
    /// Highest commit of the cell's store.
    pub(crate) commit: u64,
    former: VecDeque<String>,
    pub(crate) state: State,
}

/// Whether a pod is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It beats, or has not been missed yet.
    Here,
    /// It said that it stops.
    Stopped,
    /// It fell silent and left the table, then.
    Lost(Timestamp),
}

/// A beat of a process that another one has taken over from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{pod} was started again (boot {newer}); this process (boot {boot}) is no longer that pod of the cell: stop it, or give it another name"
)]
pub(crate) struct Superseded {
    pod: PodKey,
    boot: String,
    newer: String,
}

impl Beats {
    /// Whether a beat of this start of the pod counts: not if a later one has been heard of.
    pub(crate) fn admit(&self, pod: &PodKey, boot: &str) -> Result<(), Superseded> {
        match self.0.get(pod) {
            Some(beat) if beat.former.iter().any(|former| former == boot) => Err(Superseded {
                pod: pod.clone(),
                boot: boot.to_owned(),
                newer: beat.boot.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Notes a beat; one that comes later than `silence_max` after the last one begins anew. Returns whether it is the first one of
    /// this start of the pod.
    pub(crate) fn note(
        &mut self,
        pod: &PodKey,
        boot: &str,
        commit: u64,
        at: Timestamp,
        silence_max: Duration,
    ) -> bool {
        let fresh = |former| Beat {
            boot: boot.to_owned(),
            at,
            before: at,
            since: at,
            commit,
            former,
            state: State::Here,
        };
        let Some(beat) = self.0.get_mut(pod) else {
            self.0.insert(pod.clone(), fresh(VecDeque::new()));
            return true;
        };
        let mut former = std::mem::take(&mut beat.former);
        let started = beat.boot != boot;
        if started {
            former.push_front(std::mem::take(&mut beat.boot));
            former.truncate(FORMER_MAX);
        }
        let (before, since) = (beat.at, beat.since);
        *beat = fresh(former);
        if !started && at.since(before) <= silence_max {
            (beat.before, beat.since) = (before, since);
        }
        started
    }

    /// Notes that a pod stops, of its own will.
    pub(crate) fn stopped(&mut self, pod: &PodKey) {
        if let Some(beat) = self.0.get_mut(pod) {
            beat.state = State::Stopped;
        }
    }

    /// Notes that a pod which fell silent left the table; forgets those of long ago.
    pub(crate) fn lost(&mut self, pod: &PodKey, at: Timestamp) {
        if let Some(beat) = self.0.get_mut(pod) {
            beat.state = State::Lost(at);
        }
        let told = |beat: &Beat| match beat.state {
            State::Lost(since) => at.since(since) <= LOST_FOR,
            State::Here | State::Stopped => true,
        };
        self.0.retain(|_, beat| told(beat));
    }

    /// Pods of the cell that fell silent and left the table lately.
    pub(crate) fn lost_of(
        &self,
        cell: &CellId,
        now: Timestamp,
    ) -> impl Iterator<Item = (&PodKey, &Beat)> {
        let of_cell = self.0.iter().filter(move |(pod, _)| pod.cell == *cell);
        of_cell.filter(move |(_, beat)| {
            matches!(beat.state, State::Lost(since) if now.since(since) <= LOST_FOR)
        })
    }

    /// The pod's last beat, if it was heard of since the control plane started.
    pub(crate) fn of(&self, pod: &PodKey) -> Option<&Beat> {
        self.0.get(pod)
    }

    /// Whether the pod was heard of within `silence_max`, and not to stop.
    pub(crate) fn alive(&self, pod: &PodKey, now: Timestamp, silence_max: Duration) -> bool {
        let lives = |beat: &Beat| beat.state == State::Here && now.since(beat.at) <= silence_max;
        self.of(pod).is_some_and(lives)
    }

    /// Whether `pod` was silent for too long while its `sibling` was heard all the time, up to the beat before its last one. So a beat
    /// that comes after a pause of the control plane itself, or at a new leader, accuses nobody: others may be about to come, too.
    pub(crate) fn missed(&self, pod: &PodKey, sibling: &PodKey, silence_max: Duration) -> bool {
        let last = self.of(pod).map(|beat| beat.at).unwrap_or_default();
        let silence = |beat: &Beat| beat.before.since(last.max(beat.since));
        self.of(sibling).is_some_and(|beat| silence(beat) > silence_max)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_time::Timestamp;

    use super::{Beats, PodKey};

    const SILENCE: Duration = Duration::from_secs(5);

    fn pod(name: &str) -> PodKey {
        PodKey::read("cell-1", name).unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_pod_is_alive_until_it_has_missed_its_beats_or_says_that_it_stops() {
        let (pod, mut beats) = (pod("0"), Beats::default());
        assert!(!beats.alive(&pod, at(0), SILENCE));
        beats.note(&pod, "a", 1, at(1000), SILENCE);
        assert!(beats.alive(&pod, at(6000), SILENCE));
        assert!(!beats.alive(&pod, at(6001), SILENCE));
        beats.note(&pod, "a", 1, at(7000), SILENCE);
        beats.stopped(&pod);
        assert!(!beats.alive(&pod, at(7000), SILENCE));
        beats.note(&pod, "b", 1, at(7001), SILENCE);
        assert!(beats.alive(&pod, at(7001), SILENCE));
    }

    #[test]
    fn of_two_processes_with_one_name_the_later_one_is_the_pod() {
        let (pod, mut beats) = (pod("0"), Beats::default());
        assert!(beats.note(&pod, "a", 1, at(1), SILENCE));
        assert!(!beats.note(&pod, "a", 1, at(2), SILENCE));
        beats.admit(&pod, "b").unwrap();
        assert!(beats.note(&pod, "b", 1, at(3), SILENCE));
        let refusal = beats.admit(&pod, "a").unwrap_err();
        assert!(refusal.to_string().contains("cell-1/0 was started again (boot b)"));
        beats.admit(&pod, "b").unwrap();
        beats.admit(&PodKey::read("cell-1", "1").unwrap(), "a").unwrap();
    }

    #[test]
    fn a_pod_is_missed_once_it_was_silent_for_long_beside_one_that_was_not() {
        let (first, second, mut beats) = (pod("0"), pod("1"), Beats::default());
        beats.note(&second, "b", 1, at(0), SILENCE);
        let missed: Vec<_> = (0..=8)
            .map(|second_of| {
                beats.note(&first, "a", 1, at(second_of * 1000), SILENCE);
                beats.missed(&second, &first, SILENCE)
            })
            .collect();
        assert_eq!(missed.iter().position(|missed| *missed), Some(7));
        beats.note(&second, "b", 1, at(8000), SILENCE);
        assert!(!beats.missed(&second, &first, SILENCE));
    }

    #[test]
    fn nobody_is_missed_because_the_control_plane_heard_nobody_for_a_while() {
        let (first, second, mut beats) = (pod("0"), pod("1"), Beats::default());
        // A new start of the pod, a pause of the control plane, and another one.
        for (boot, from) in [("a", 0), ("a", 60_000), ("b", 66_000)] {
            for beat in 0..=5 {
                beats.note(&first, boot, 1, at(from + beat * 1000), SILENCE);
                assert!(!beats.missed(&second, &first, SILENCE), "{boot} {beat}");
            }
        }
        beats.note(&first, "b", 1, at(72_000), SILENCE);
        beats.note(&first, "b", 1, at(73_000), SILENCE);
        assert!(beats.missed(&second, &first, SILENCE), "who was never heard of is missed, too");
    }

    #[test]
    fn a_lost_pod_is_told_of_for_an_hour() {
        let (pod, mut beats) = (pod("0"), Beats::default());
        beats.note(&pod, "a", 1, at(0), SILENCE);
        beats.lost(&pod, at(6000));
        let lost = |millis| beats.lost_of(&pod.cell, at(millis)).count();
        assert_eq!((lost(7000), lost(3_606_000), lost(3_606_001)), (1, 1, 0));
        assert!(!beats.alive(&pod, at(1), SILENCE));
    }
}
