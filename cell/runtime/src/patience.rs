//! How long something that keeps failing is tried: how often for reasons of its own, how long while others are out.

use std::time::Duration;

use base_fault::{Code, Fault, Retry};

use crate::{
    config::Config,
    port::{Errand, OutboxKey},
};

/// After so many tries is given up what says itself that no try will help.
const HOPELESS_TRIES: u32 = 3;

/// Failures in a row of something that goes on for as long as the cell runs. It is told when they begin, and tried ever more slowly.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outage {
    tries: u32,
}

impl Outage {
    /// Counts a failure; whether it is the first in a row.
    pub(crate) fn begins(&mut self) -> bool {
        self.tries = self.tries.saturating_add(1);
        self.tries == 1
    }

    /// It works.
    pub(crate) fn ends(&mut self) {
        self.tries = 0;
    }

    /// Waits until the next try.
    pub(crate) async fn wait(self, config: &Config) {
        tokio::time::sleep(config.retry_after(self.tries, 0)).await;
    }
}

/// How often an errand has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// For reasons that lie in the errand itself.
    own: u32,
    /// For any reason; what the waits grow by.
    pub(crate) tries: u32,
}

impl Failures {
    /// Counts another failure.
    pub(crate) fn count(&mut self, fault: &Fault) {
        self.tries = self.tries.saturating_add(1);
        self.own = self.own.saturating_add(u32::from(!speaks_of_others(fault)));
    }

    /// Whether it has failed, if at all, only because of somebody else.
    pub(crate) fn lie_with_others(self) -> bool {
        self.own == 0
    }

    /// Whether an errand of this age is given up after this failure. A message is never given up because somebody cannot be reached,
    /// or has no store to hear it with just now: that says nothing about the message. A call to the outside, and whatever asks to
    /// be tried later, is given up once it is too old to be of use.
    pub(crate) fn are_enough(
        self,
        fault: &Fault,
        errand: &Errand,
        age: Duration,
        config: &Config,
    ) -> bool {
        if !speaks_of_others(fault) {
            let hopeless = fault.retry() == Retry::Never && self.own >= HOPELESS_TRIES;
            return hopeless || self.own >= config.tries_max;
        }
        let to_be_heard = is_passing(fault) && matches!(errand, Errand::Deliver { .. });
        !to_be_heard && age >= Duration::from_secs(config.outage_hours_max * 3600)
    }

    /// How long to wait before the next try: longer each time, and at least what the fault asks for. `key` spreads the tries of
    /// many.
    pub(crate) fn wait(self, fault: &Fault, key: OutboxKey, config: &Config) -> Duration {
        let salt = key.commit.wrapping_add(u64::from(key.ordinal));
        let wait = config.retry_after(self.tries, salt);
        match fault.retry() {
            Retry::After(asked) => wait.max(asked.min(Duration::from_millis(config.outage_ms_max))),
            Retry::Never | Retry::Same => wait,
        }
    }
}

/// Whether a fault lies with somebody else, who may be back later, and not in the errand.
fn speaks_of_others(fault: &Fault) -> bool {
    is_passing(fault) || matches!(fault.retry(), Retry::After(_))
}

fn is_passing(fault: &Fault) -> bool {
    matches!(
        fault.code(),
        Code::Unavailable
            | Code::NotMine
            | Code::Held
            | Code::Busy
            | Code::Contended
            | Code::DeadlineExceeded
            | Code::OutcomeUnknown
            | Code::StoreBroken
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_fault::{Code, Fault, Retry, Source};
    use base_ids::{MessageId, StreamName, Version};
    use base_time::Timestamp;

    use super::Failures;
    use crate::{
        config::Config,
        port::{Errand, Message, OutboxKey},
    };

    const HOUR: Duration = Duration::from_hours(1);
    const KEY: OutboxKey = OutboxKey { due_ms: 0, commit: 0, ordinal: 0 };

    fn from() -> StreamName {
        "users/u1/purses/purse".parse().unwrap()
    }

    fn message() -> Message {
        Message {
            id: MessageId::derived(&from(), Version(1), 0),
            from: from(),
            version: Version(1),
            kind: "toy.v1.Coins".to_owned(),
            body: Vec::new(),
            at: Timestamp::default(),
            trace: None,
        }
    }

    fn call() -> Errand {
        Errand::Perform { message: message() }
    }

    fn to_be_heard() -> Errand {
        let (to, service) = ("users/u2".parse().unwrap(), "purses".to_owned());
        Errand::Deliver { to, service, message: message() }
    }

    fn after_failing(fault: &Fault, times: u32) -> Failures {
        let mut failures = Failures::default();
        (0..times).for_each(|_| failures.count(fault));
        failures
    }

    fn given_up(fault: &Fault, errand: &Errand, times: u32, age: Duration) -> bool {
        after_failing(fault, times).are_enough(fault, errand, age, &Config::default())
    }

    #[test]
    fn what_fails_for_its_own_reason_is_given_up_after_some_tries() {
        let again = Fault::new(Code::Internal, Source::Us, Retry::Same, "odd");
        let never = Fault::ours(Code::Internal, "wrong");
        for errand in [call(), to_be_heard()] {
            assert!(!given_up(&again, &errand, 9, Duration::ZERO));
            assert!(given_up(&again, &errand, 10, Duration::ZERO));
            assert!(!given_up(&never, &errand, 2, Duration::ZERO));
            assert!(given_up(&never, &errand, 3, Duration::ZERO));
        }
    }

    #[test]
    fn an_outage_uses_up_age_and_no_tries() {
        let out = Fault::downstream(Code::Internal, Duration::from_secs(30), "mail is out");
        assert!(!given_up(&out, &call(), 1_000, 71 * HOUR));
        assert!(given_up(&out, &call(), 1_000, 72 * HOUR));
        let mut failures = after_failing(&out, 1_000);
        let own = Fault::ours(Code::Internal, "no such address");
        failures.count(&own);
        let enough = failures.are_enough(&own, &call(), 71 * HOUR, &Config::default());
        assert!(!enough, "the first failure of its own");
    }

    #[test]
    fn a_message_for_who_is_away_is_never_given_up() {
        let away = Fault::downstream(Code::Unavailable, Duration::ZERO, "away");
        assert!(!given_up(&away, &to_be_heard(), 1_000, 9_000 * HOUR));
        assert!(given_up(&away, &call(), 1, 9_000 * HOUR), "a letter grows stale");
    }

    #[test]
    fn waits_are_as_long_as_the_fault_asks_within_bounds() {
        let wait = |asked| {
            let out = Fault::downstream(Code::Internal, asked, "out");
            after_failing(&out, 3).wait(&out, KEY, &Config::default())
        };
        assert_eq!(wait(Duration::ZERO), Duration::from_millis(80));
        assert_eq!(wait(Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(wait(HOUR), Duration::from_mins(1));
    }
}
