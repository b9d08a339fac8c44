//! What every implementation of the ports must do: one suite of laws, run on the stores in memory, on the embedded engine, and on
//! whatever comes after them.
//!
//! A law is an assertion with a name; it runs on fresh stores and, where it speaks of what is kept, again after they were opened anew.

/// Runs every law, room by room, each on a subject of its own that `$make` makes. Says how many laws ran.
macro_rules! run_laws {
    ($make:ident; $($room:ident: $($law:ident)*;)*) => {{
        let mut laws = 0;
        $($(
            Box::pin($room::$law(&mut $make().await)).await;
            laws += 1;
        )*)*
        laws
    }};
}

pub mod ephemeral;
pub mod feed;
mod fences;
mod given;
mod journal;
mod outbox;
mod public;
pub mod queue;
mod races;
mod rows;
mod unknown;

use std::future::Future;

use crate::port::Stores;

/// Stores under test.
pub trait Subject {
    /// The ports, as they are open now.
    fn stores(&self) -> Stores;

    /// Ends the process that has the stores open, and opens them again.
    fn reopen(&mut self) -> impl Future<Output = ()>;

    /// Whether the store forgets by itself what is over, by its own clock, and a sweep has nothing to do.
    fn forgets_by_itself(&self) -> bool {
        false
    }

    /// Makes the next append meet a bad day. False if this subject cannot.
    fn inject(&self, _: BadDay) -> bool {
        false
    }
}

/// What the next append meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDay {
    /// It is refused and nothing is written.
    FailBefore,
    /// It is written and its answer is lost.
    LoseAnswer,
}

/// Runs every law, each on a subject of its own. Says how many laws ran.
pub async fn all<S: Subject>(make: impl AsyncFn() -> S) -> usize {
    run_laws! { make;
        journal:
            versions_have_no_gaps
            an_append_is_whole_or_not_at_all
            only_the_version_that_was_expected_is_followed
            a_message_is_heard_once
            messages_that_are_heard_together_are_all_heard_or_none
            an_idempotency_key_is_answered_once
            checks_have_an_order
            the_newest_snapshot_stands_for_the_events_before_it
            a_cause_lies_with_the_last_event_of_each_decision
            streams_are_listed_in_order
            commits_are_numbered_upwards
            what_is_over_is_swept;
        fences:
            only_the_owner_writes
            a_fence_never_goes_back
            a_tenant_placed_by_name_has_its_own_fence;
        outbox:
            entries_come_by_due_time_and_then_by_commit
            what_is_settled_is_gone
            an_append_settles_what_it_answers
            a_dead_letter_is_kept_until_somebody_decides;
        rows:
            pages_run_both_ways_and_meet
            prefixes_are_taken_literally
            tenants_and_tables_never_see_each_other
            a_row_is_set_replaced_and_taken_away;
        public:
            positions_have_no_gaps
            what_is_superseded_is_forgotten_behind_the_newest
            a_replica_moves_with_its_cursor_or_not_at_all;
        races:
            of_many_appends_to_one_version_exactly_one_wins
            of_many_requests_under_one_key_one_executes
            of_many_deliveries_of_one_message_one_is_heard
            writers_of_different_streams_do_not_disturb_each_other;
        unknown:
            an_unknown_outcome_is_resolved_by_reading_back
            what_failed_before_leaves_nothing
            an_abandoned_append_happens_once_or_not_at_all;
    }
}
