//! Story tests: given events, when a command, then events or a refusal. And the laws that every service keeps.

mod doubles;
mod house;

use base_ids::Tenant;
use base_time::Timestamp;

use crate::{Asked, Caller, Decider, Event};

pub use doubles::{RowsInMemory, at_once, code_of, now, request};
pub use house::{House, Told};

/// Starts a story about `D` in which nothing has happened yet. The tenant is `tenant`, the platform asks, the time is 0.
pub fn story<D: Decider>(tenant: &str) -> Story<D> {
    let tenant: Tenant = tenant.parse().expect("a story names a valid tenant");
    let asked = Asked { tenant, caller: Caller::platform("story"), at: Timestamp::default() };
    Story { state: D::State::default(), asked, history: Vec::new() }
}

/// A story so far.
pub struct Story<D: Decider> {
    state: D::State,
    asked: Asked,
    history: Vec<D::Event>,
}

impl<D: Decider> Story<D> {
    /// These events have happened.
    pub fn given(mut self, events: impl IntoIterator<Item = D::Event>) -> Self {
        for event in events {
            self.fold(event);
        }
        self
    }

    /// It is now `millis` milliseconds after the beginning.
    pub fn at(mut self, millis: i64) -> Self {
        self.asked.at = Timestamp::from_millis(millis);
        self
    }

    /// This caller asks from now on.
    pub fn by(mut self, caller: Caller) -> Self {
        self.asked.caller = caller;
        self
    }

    /// The command is given by a service that needs no facts.
    pub fn when(self, command: &D::Command) -> Outcome<D>
    where
        D: Decider<Facts = ()>,
    {
        self.when_knowing(command, &())
    }

    /// The command is given with these facts known.
    pub fn when_knowing(mut self, command: &D::Command, facts: &D::Facts) -> Outcome<D> {
        let decided = D::decide(&self.state, command, facts, &self.asked);
        for event in decided.iter().flatten() {
            self.fold(event.clone());
        }
        Outcome { story: self, decided }
    }

    /// What is remembered.
    pub fn state(&self) -> &D::State {
        &self.state
    }

    /// Everything that has happened.
    pub fn history(&self) -> &[D::Event] {
        &self.history
    }

    fn fold(&mut self, event: D::Event) {
        D::evolve(&mut self.state, &event);
        self.history.push(event);
    }
}

/// How a command ended.
pub struct Outcome<D: Decider> {
    story: Story<D>,
    decided: Result<Vec<D::Event>, D::Refusal>,
}

impl<D: Decider> Outcome<D> {
    /// Exactly these events happened; the story goes on after them.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) -> Story<D> {
        let expected: Vec<D::Event> = expected.into_iter().collect();
        assert_eq!(self.decided.as_ref(), Ok(&expected));
        self.story
    }

    /// It was already so: nothing happened.
    #[track_caller]
    pub fn then_nothing(self) -> Story<D> {
        self.then([])
    }

    /// The business said no.
    #[track_caller]
    pub fn refused(self, refusal: &D::Refusal) -> Story<D> {
        assert_eq!(self.decided.as_ref().err(), Some(refusal), "decided: {:?}", self.decided);
        self.story
    }

    /// What happened, whatever it was.
    pub fn decided(self) -> (Story<D>, Result<Vec<D::Event>, D::Refusal>) {
        (self.story, self.decided)
    }
}

/// Law *replay = live*: events written and read back fold to the state that the events folded to when they happened, and a
/// snapshot of that state reads back as the state.
#[track_caller]
pub fn replay_equals_live<D: Decider>(story: &Story<D>) {
    let shown = |state: &D::State| serde_json::to_value(state).expect("a state serialises");
    let mut replayed = D::State::default();
    for event in story.history() {
        let stored = serde_json::to_vec(event).expect("an event serialises");
        let read = D::Event::read(&stored).expect("a stored event reads back");
        assert_eq!(&read, event, "an event changed on its way through the store");
        D::evolve(&mut replayed, &read);
    }
    assert_eq!(shown(&replayed), shown(story.state()), "replay differs from live");
    let snapshot: D::State =
        serde_json::from_value(shown(story.state())).expect("a snapshot reads back");
    assert_eq!(
        shown(&snapshot),
        shown(story.state()),
        "a snapshot differs from the state it was taken of"
    );
}

/// Law *old events still lift*: every event ever written, one JSON per line, still reads and folds. Lines are only ever added.
#[track_caller]
pub fn old_events_still_lift<D: Decider>(golden: &str) -> D::State {
    let mut state = D::State::default();
    for line in golden.lines().filter(|line| !line.trim().is_empty()) {
        match D::Event::read(line.as_bytes()) {
            Ok(event) => D::evolve(&mut state, &event),
            Err(error) => {
                unreachable!("an event that was once written no longer reads: {error}: {line}")
            }
        }
    }
    state
}
