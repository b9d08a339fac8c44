//! The processes of a cell: each has a number while it lives, and whoever is silent is taken over by one of the others.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base_fault::Fault;
use parking_lot::Mutex;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    commits::{Commit, PODS_MAX},
    cql::Cql,
    refusal::OpenRefusal,
};

/// A number is not given out again before this long, so that late writes of who had it before are over.
const REST: Commit = Commit(3_600_000 << 22);
/// Tries to get a number while others take them.
const CLAIMS_MAX: usize = 100;

/// How a number is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// By a process that lives, as far as it is known.
    Alive,
    /// By nobody; what it left is to be taken over.
    Left,
    /// By nobody; what it left is looked after by its keeper.
    Kept,
    /// By nobody, and nothing is left.
    Free,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Left => "left",
            Self::Kept => "kept",
            Self::Free => "free",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Alive, Self::Left, Self::Kept, Self::Free]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A number, and who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) number: i32,
    pub(crate) incarnation: Uuid,
    pub(crate) state: State,
    pub(crate) keeper: Option<Uuid>,
    /// Everything that was committed under it up to here is finished, unless it lives.
    pub(crate) floor: Commit,
}

/// Who a process is among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) number: i32,
    pub(crate) incarnation: Uuid,
}

/// A sign of life.
#[derive(Clone, Copy, Debug)]
struct Beat {
    turn: i64,
    floor: Commit,
    /// Since when it has not changed.
    since: Instant,
}

#[derive(Default)]
struct Seen {
    seats: HashMap<i32, Seat>,
    beats: HashMap<Uuid, Beat>,
}

/// This process and the others, as it saw them last.
pub(crate) struct Pods {
    me: Mutex<(Identity, Instant)>,
    seen: Mutex<Seen>,
}

impl Pods {
    pub(crate) fn new(me: Identity) -> Self {
        Self { me: Mutex::new((me, Instant::now())), seen: Mutex::default() }
    }

    pub(crate) fn me(&self) -> Identity {
        self.me.lock().0
    }

    /// For how long the others may not have seen that this process lives.
    pub(crate) fn unseen_for(&self) -> Duration {
        self.me.lock().1.elapsed()
    }

    /// The others could see since then that this process lives.
    pub(crate) fn was_seen(&self, since: Instant) {
        self.me.lock().1 = since;
    }

    /// This process goes on under another number.
    pub(crate) fn become_another(&self, me: Identity, since: Instant) {
        *self.me.lock() = (me, since);
    }

    /// Keeps what was just read, and returns whom this process has to take over.
    pub(crate) fn look(
        &self,
        seats: &[Seat],
        beats: Vec<(Uuid, i64, Commit)>,
        silent_max: Duration,
    ) -> Vec<Seat> {
        let (me, now) = (self.me(), Instant::now());
        let mut seen = self.seen.lock();
        let mut known = HashMap::with_capacity(seats.len());
        let beats: HashMap<_, _> =
            beats.into_iter().map(|(who, turn, floor)| (who, (turn, floor))).collect();
        let who = seats.iter().filter(|seat| seat.state == State::Alive);
        for incarnation in who.map(|seat| seat.incarnation) {
            let (turn, floor) = beats.get(&incarnation).copied().unwrap_or((-1, Commit(0)));
            let since = match seen.beats.get(&incarnation) {
                Some(before) if before.turn == turn => before.since,
                _ => now,
            };
            known.insert(incarnation, Beat { turn, floor, since });
        }
        seen.beats = known;
        seen.seats = seats.iter().map(|seat| (seat.number, *seat)).collect();
        let lives = |incarnation: &Uuid| {
            let beat = seen.beats.get(incarnation);
            *incarnation == me.incarnation
                || beat.is_some_and(|beat| now.duration_since(beat.since) < silent_max)
        };
        let living: Vec<Uuid> = seen.beats.keys().filter(|who| lives(who)).copied().collect();
        let orphaned = |seat: &&Seat| match seat.state {
            State::Alive => !lives(&seat.incarnation),
            State::Left => true,
            State::Kept => !seat.keeper.is_some_and(|keeper| lives(&keeper)),
            State::Free => false,
        };
        let mine = |seat: &&Seat| keeper_of(seat.number, &living, me.incarnation) == me.incarnation;
        seats.iter().filter(orphaned).filter(mine).copied().collect()
    }

    /// Whether everything of a commit of another process was made true, as far as is known. A no costs some writes that repeat others.
    pub(crate) fn is_finished(&self, commit: Commit) -> bool {
        let seen = self.seen.lock();
        let Some(seat) = seen.seats.get(&commit.pod()) else { return false };
        match seat.state {
            State::Alive => {
                seen.beats.get(&seat.incarnation).is_some_and(|beat| commit <= beat.floor)
            }
            State::Left | State::Free => commit <= seat.floor,
            State::Kept => false,
        }
    }
}

/// Who of the living takes a number over: all who look agree, and no one takes all.
fn keeper_of(number: i32, living: &[Uuid], me: Uuid) -> Uuid {
    let weight = |who: &Uuid| {
        let mut bytes = who.as_bytes().to_vec();
        bytes.extend(number.to_be_bytes());
        xxh3_64(&bytes)
    };
    living.iter().copied().chain([me]).max_by_key(weight).unwrap_or(me)
}

/// All numbers.
pub(crate) async fn seats(cql: &Cql) -> Result<Vec<Seat>, Fault> {
    type Row = (i32, Option<Uuid>, Option<String>, Option<Uuid>, Option<i64>);
    let rows: Vec<Row> = cql.read("read who lives", &cql.say.pods, ()).await?;
    let seat = |(number, incarnation, state, keeper, floor): Row| {
        Some(Seat {
            number,
            incarnation: incarnation?,
            state: State::read(&state?)?,
            keeper,
            floor: Commit::from_clock(floor.unwrap_or(0)),
        })
    };
    Ok(rows.into_iter().filter_map(seat).collect())
}

/// Takes a number. Returns it, and behind what its commits have to be.
pub(crate) async fn claim(cql: &Cql, now: Commit) -> Result<(Identity, Commit), OpenRefusal> {
    let incarnation = Uuid::new_v4();
    for turn in 0..CLAIMS_MAX {
        // Known to live before anybody can see it.
        let values = (incarnation, -2_i64, 0_i64);
        cql.write("give a sign of life", &cql.say.beat, values).await?;
        let seats = seats(cql).await?;
        let rested = |seat: &&Seat| seat.state == State::Free && seat.floor.0 + REST.0 < now.0;
        let free = seats.iter().filter(rested).min_by_key(|seat| seat.floor);
        let taken = |number: &i32| seats.iter().any(|seat| seat.number == *number);
        // Those who lost a race do not all run for the next one.
        let skip = if turn == 0 { 0 } else { usize::from(incarnation.as_bytes()[0]) % (turn + 1) };
        let fresh = (0..PODS_MAX).filter(|number| !taken(number)).nth(skip);
        let (number, floor, claimed) = match (free, fresh) {
            (Some(seat), _) => {
                let values = (incarnation, seat.number, seat.incarnation);
                let claim = cql.write_if("take a number", &cql.say.claim_free, values);
                (seat.number, seat.floor, claim.await)
            }
            (None, Some(number)) => {
                let values = (number, incarnation, 0_i64);
                let claim = cql.write_if("take a number", &cql.say.claim_new, values);
                (number, Commit(0), claim.await)
            }
            (None, None) => return Err(OpenRefusal::Crowded(PODS_MAX)),
        };
        if claimed.map_err(Fault::from)? {
            return Ok((Identity { number, incarnation }, floor));
        }
    }
    Err(OpenRefusal::Crowded(PODS_MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::{Identity, Pods, Seat, State, keeper_of};
    use crate::commits::Commit;

    fn seat(number: i32, who: u128, state: State, keeper: Option<u128>) -> Seat {
        let keeper = keeper.map(Uuid::from_u128);
        let floor = Commit(u64::from(number.unsigned_abs()) << 12 | 5);
        Seat { number, incarnation: Uuid::from_u128(who), state, keeper, floor }
    }

    fn beat(who: u128, turn: i64) -> (Uuid, i64, Commit) {
        (Uuid::from_u128(who), turn, Commit(9))
    }

    const EVER: Duration = Duration::from_hours(1);

    #[test]
    fn who_left_is_taken_over_at_once_and_who_is_silent_after_a_while() {
        let pods = Pods::new(Identity { number: 1, incarnation: Uuid::from_u128(1) });
        let seats = vec![
            seat(1, 1, State::Alive, None),
            seat(2, 2, State::Left, None),
            seat(3, 3, State::Kept, Some(1)),
            seat(4, 4, State::Kept, Some(2)),
            seat(5, 5, State::Free, None),
            seat(6, 6, State::Alive, None),
        ];
        let look = |turn, silent_max| {
            let beats = vec![beat(1, 0), beat(6, turn)];
            let mut mine: Vec<i32> =
                pods.look(&seats, beats, silent_max).iter().map(|seat| seat.number).collect();
            mine.sort_unstable();
            mine
        };
        // Two live: each takes its share; together they take all.
        let share = look(0, EVER);
        assert!(share.iter().all(|number| [2, 4].contains(number)), "{share:?}");
        // The other has not changed since, and nothing is waited for.
        assert_eq!(look(0, Duration::ZERO), [2, 4, 6]);
        assert!(!look(1, EVER).contains(&6));
    }

    #[test]
    fn a_commit_is_finished_when_who_made_it_says_so() {
        let pods = Pods::new(Identity { number: 1, incarnation: Uuid::from_u128(1) });
        let seats = vec![
            seat(2, 2, State::Alive, None),
            seat(3, 3, State::Left, None),
            seat(4, 4, State::Kept, Some(2)),
        ];
        let floor = Commit(2 << 12 | 7);
        pods.look(&seats, vec![(Uuid::from_u128(2), 0, floor)], EVER);
        for (pod, sequence, finished) in
            [(2, 7, true), (2, 8, false), (3, 5, true), (3, 6, false), (4, 0, false), (9, 0, false)]
        {
            assert_eq!(
                pods.is_finished(Commit(pod << 12 | sequence)),
                finished,
                "{pod} {sequence}"
            );
        }
    }

    #[test]
    fn all_agree_on_who_takes_over() {
        let living: Vec<Uuid> = (1..6).map(Uuid::from_u128).collect();
        for number in 0..50 {
            let keepers: Vec<_> = living.iter().map(|me| keeper_of(number, &living, *me)).collect();
            assert!(keepers.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
