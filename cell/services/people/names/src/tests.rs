//! The stories that prove names, and the laws they keep.

use std::time::Duration;

use base_ids::{ClaimKind, MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{
    Heard, Outbox, Posted, Seen,
    story::{Story, old_events_still_lift, replay_equals_live, story},
};
use proptest::prelude::*;

use crate::{
    Command, Event, Facts, Names, announce,
    command::{Claim, Service},
    listen,
    state::Stage,
    wire,
};

const HOLD: i64 = 600_000;
const FACTS: Facts = Facts { hold: Duration::from_mins(10) };

fn name() -> Story<Names> {
    story("names/0f343b0931126a20f133d67c2b018a3b")
}

fn by(user: &str, id: &str) -> Claim {
    let claimant = format!("users/{user}").parse().unwrap();
    Claim { claimant, id: id.parse().unwrap(), service: Service::Auth }
}

fn claim(claim: &Claim) -> Command {
    Command::ClaimName { claim: claim.clone(), kind: ClaimKind::Email }
}

fn confirm(claim: &Claim) -> Command {
    Command::ConfirmName { claim: claim.clone(), kind: ClaimKind::Email }
}

fn release(claim: &Claim) -> Command {
    Command::ReleaseName { claim: claim.clone() }
}

fn expire(claim: &Claim) -> Command {
    Command::ExpireClaim { claimant: claim.claimant.clone(), id: claim.id.clone() }
}

fn claimed_at(claim: &Claim, at: i64) -> Event {
    let (at, until) = (Timestamp::from_millis(at), Timestamp::from_millis(at + HOLD));
    Event::NameClaimed { claim: claim.clone(), name: ClaimKind::Email, at, until }
}

fn confirmed(claim: &Claim) -> Event {
    Event::NameConfirmed { claim: claim.clone(), name: ClaimKind::Email }
}

fn refused(claim: &Claim, confirmed: bool, quiet: bool) -> Event {
    Event::NameRefused { claim: claim.clone(), confirmed, quiet, at: Timestamp::default() }
}

#[test]
fn the_first_claim_wins_and_the_other_is_told_so() {
    let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
    name()
        .when_knowing(&claim(&leila), &FACTS)
        .then([claimed_at(&leila, 0)])
        .when_knowing(&claim(&omar), &FACTS)
        .then([refused(&omar, false, false)])
        .when_knowing(&confirm(&leila), &FACTS)
        .then([confirmed(&leila)])
        .when_knowing(&claim(&omar), &FACTS)
        .then([refused(&omar, true, false)]);
}

#[test]
fn asking_again_changes_nothing_and_asking_anew_is_answered_anew() {
    let (first, second) = (by("leila", "c1"), by("leila", "c2"));
    name()
        .given([claimed_at(&first, 0)])
        .when_knowing(&claim(&first), &FACTS)
        .then_nothing()
        .when_knowing(&claim(&second), &FACTS)
        .then([claimed_at(&second, 0)])
        .when_knowing(&confirm(&second), &FACTS)
        .then([confirmed(&second)])
        .when_knowing(&confirm(&second), &FACTS)
        .then_nothing()
        .when_knowing(&claim(&first), &FACTS)
        .then([confirmed(&first)]);
}

#[test]
fn a_claim_that_is_not_confirmed_in_time_frees_the_name() {
    let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
    let story = name()
        .given([claimed_at(&leila, 0)])
        .at(HOLD - 1)
        .when_knowing(&expire(&leila), &FACTS)
        .then_nothing()
        .at(HOLD)
        .when_knowing(&expire(&leila), &FACTS)
        .then([Event::ClaimExpired { claim: leila.clone() }])
        .when_knowing(&claim(&omar), &FACTS)
        .then([claimed_at(&omar, HOLD)]);
    replay_equals_live(&story);
}

#[test]
fn a_renewed_claim_outlives_the_time_of_the_one_before() {
    let (first, second) = (by("leila", "c1"), by("leila", "c2"));
    name()
        .given([claimed_at(&first, 0), claimed_at(&second, HOLD / 2)])
        .at(HOLD)
        .when_knowing(&expire(&first), &FACTS)
        .then_nothing()
        .when_knowing(&expire(&second), &FACTS)
        .then_nothing();
}

#[test]
fn a_late_proof_is_as_good_unless_somebody_else_has_come() {
    let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
    let expired =
        || name().given([claimed_at(&leila, 0), Event::ClaimExpired { claim: leila.clone() }]);
    expired().when_knowing(&confirm(&leila), &FACTS).then([confirmed(&leila)]);
    expired()
        .given([claimed_at(&omar, 0)])
        .when_knowing(&confirm(&leila), &FACTS)
        .then([refused(&leila, false, true)]);
}

#[test]
fn a_confirmed_name_does_not_expire() {
    let leila = by("leila", "c1");
    name()
        .given([claimed_at(&leila, 0), confirmed(&leila)])
        .at(2 * HOLD)
        .when_knowing(&expire(&leila), &FACTS)
        .then_nothing();
}

#[test]
fn a_released_name_is_free_and_its_old_claim_stays_over() {
    let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
    let until = Timestamp::default().after(Duration::from_hours(30 * 24));
    name()
        .given([claimed_at(&leila, 0)])
        .when_knowing(&release(&leila), &FACTS)
        .then([Event::NameReleased { claim: leila.clone(), until }])
        .when_knowing(&confirm(&leila), &FACTS)
        .then([refused(&leila, false, true)])
        .when_knowing(&claim(&omar), &FACTS)
        .then([claimed_at(&omar, 0)]);
}

#[test]
fn a_release_that_overtakes_its_claim_wins_and_touches_nobody_elses() {
    let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
    let until = Timestamp::default().after(Duration::from_hours(30 * 24));
    let barred = Event::ClaimBarred { claim: leila.clone(), until, at: Timestamp::default() };
    name()
        .given([claimed_at(&omar, 0), confirmed(&omar)])
        .when_knowing(&release(&leila), &FACTS)
        .then([barred])
        .when_knowing(&release(&leila), &FACTS)
        .then_nothing()
        .when_knowing(&claim(&leila), &FACTS)
        .then([refused(&leila, true, true)]);
}

#[test]
fn a_mailbox_is_not_flooded_by_strangers_who_claim_it() {
    let owner = by("leila", "c1");
    let mut story = name().given([claimed_at(&owner, 0), confirmed(&owner)]);
    for stranger in 0..5 {
        let stranger = by(&format!("stranger-{stranger}"), "c1");
        story = story.when_knowing(&claim(&stranger), &FACTS).decided().0;
    }
    let loud = story
        .history()
        .iter()
        .filter(|event| matches!(event, Event::NameRefused { quiet: false, .. }));
    assert_eq!(loud.count(), 3);

    let mut story = name();
    for stranger in 0..12_i64 {
        let claimant = by(&format!("stranger-{stranger}"), "c1");
        let at = stranger * HOLD;
        story = story.at(at).when_knowing(&claim(&claimant), &FACTS).decided().0;
        story = story.at(at + HOLD).when_knowing(&expire(&claimant), &FACTS).decided().0;
    }
    let granted = story.history().iter().filter(|event| matches!(event, Event::NameClaimed { .. }));
    assert_eq!(granted.count(), 10);
}

#[test]
fn only_who_speaks_can_claim() {
    let from: StreamName = "users/leila/auth/account".parse().unwrap();
    let message = wire::ClaimName { claim: "c1".to_owned(), kind: wire::Kind::Email.into() };
    let mut outbox = Outbox::default();
    outbox.tell(&"names/ab".parse().unwrap(), "names", &message);
    let posted = outbox.into_posted();
    let [Posted::To { kind, body, .. }] = &posted[..] else { unreachable!("one message was told") };
    let hear = |from: &StreamName| {
        let (id, version) = (MessageId::derived(from, Version(1), 0), Version(1));
        let heard = Heard { id, kind, body, from, version, at: Timestamp::default() };
        listen::listener().hear(&heard).unwrap()
    };
    assert_eq!(hear(&from), Ok(claim(&by("leila", "c1"))));
    assert!(hear(&"users/leila/carts/main".parse().unwrap()).is_err());
}

#[test]
fn the_claimant_is_answered_and_the_time_is_kept() {
    let tenant: Tenant = "names/ab".parse().unwrap();
    let leila = by("leila", "c1");
    let event = claimed_at(&leila, 0);
    let story = name().given([event.clone()]);
    let seen = Seen {
        tenant: &tenant,
        key: "claim",
        event: &event,
        state: story.state(),
        version: Version(1),
        at: Timestamp::default(),
    };
    let mut outbox = Outbox::default();
    announce::announce(&seen, &mut outbox);
    let addressed: Vec<_> = outbox
        .into_posted()
        .into_iter()
        .filter_map(|posted| match posted {
            Posted::To { tenant, service, kind, due, .. } => {
                Some(format!("{tenant}/{service} {kind} {:?}", due.map(Timestamp::as_millis)))
            }
            Posted::Public { .. } => None,
        })
        .collect();
    assert_eq!(
        addressed,
        [
            "users/leila/auth souk.names.v1.NameClaimed None",
            "names/ab/names souk.names.v1.ClaimDue Some(600000)",
        ]
    );
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Names>(include_str!("tests/events.jsonl"));
    let holder = state.holder.unwrap();
    assert_eq!((holder.claim, holder.stage), (by("omar", "c2"), Stage::Confirmed));
}

/// Two claimants, two claims each.
fn any_claim() -> impl Strategy<Value = Claim> {
    (prop::sample::select(vec!["leila", "omar"]), prop::sample::select(vec!["c1", "c2"]))
        .prop_map(|(user, id)| by(user, id))
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => any_claim().prop_map(|by| claim(&by)),
        3 => any_claim().prop_map(|by| confirm(&by)),
        1 => any_claim().prop_map(|by| release(&by)),
        2 => any_claim().prop_map(|by| expire(&by)),
    ]
}

/// Whom the history leaves as the holder; fails if the name ever passed on without having become free.
fn holder_by_the_books(history: &[Event]) -> Option<Tenant> {
    let mut holder: Option<Tenant> = None;
    for event in history {
        match event {
            Event::NameClaimed { claim, .. } | Event::NameConfirmed { claim, .. } => {
                let free = holder.as_ref().is_none_or(|held| *held == claim.claimant);
                assert!(free, "names-1: {claim:?} was given what {holder:?} holds");
                holder = Some(claim.claimant.clone());
            }
            Event::ClaimExpired { claim } | Event::NameReleased { claim, .. } => {
                assert_eq!(holder.as_ref(), Some(&claim.claimant), "names-2");
                holder = None;
            }
            Event::NameRefused { .. } | Event::ClaimBarred { .. } => {}
        }
    }
    holder
}

proptest! {
    /// Whatever of two claimants' messages is heard, in which order, and how often.
    #[test]
    fn a_name_never_has_two_holders(commands in prop::collection::vec((any_command(), 0..HOLD), 1..60)) {
        let (mut told, mut now) = (name(), 0);
        for (command, wait) in commands {
            now += wait;
            told = told.at(now).when_knowing(&command, &FACTS).decided().0;
            let holder = told.state().holder.as_ref().map(|holder| holder.claim.claimant.clone());
            prop_assert_eq!(holder_by_the_books(told.history()), holder);
        }
        replay_equals_live(&told);
    }

    /// The same messages again change nothing for the one who has confirmed.
    #[test]
    fn hearing_everything_twice_does_not_take_a_name_away(order in prop::collection::vec(0..6usize, 0..40)) {
        let (leila, omar) = (by("leila", "c1"), by("omar", "c1"));
        let all = [claim(&leila), confirm(&leila), expire(&leila), claim(&omar), confirm(&omar), expire(&omar)];
        let mut told = name().given([claimed_at(&leila, 0), confirmed(&leila)]);
        for at in order {
            told = told.when_knowing(&all[at], &FACTS).decided().0;
        }
        prop_assert_eq!(&told.state().holder.as_ref().unwrap().claim, &leila);
    }
}
