//! The stories that prove auth, and the laws it keeps.

mod journeys;
mod town;

use std::slice::from_ref;

use base_ids::{ResourceId, Tenant};
use base_proof::{CODES_A_DAY, CodePurpose, Failures, PasswordHash, TRIES_PER_CODE};
use base_time::Timestamp;
use cell_kernel::{
    Caller, Decider as _, Outbox, Posted, Seen,
    story::{Story, old_events_still_lift, replay_equals_live, story},
};
use proptest::prelude::*;

use crate::{
    Auth, Command, Event, Facts, Refusal, announce,
    command::{NewSession, ProvenBy, Wish},
    event::{Doing, EndedBecause, FailedBecause, Proof},
    state::Stage,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn leila() -> Story<Auth> {
    story("users/leila")
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("hash of {text}"))
}

fn wish() -> Wish {
    Wish {
        email: "leila@example.ma".parse().unwrap(),
        name: "names/ab".parse().unwrap(),
        claim: id("c1"),
        display_name: "ليلى".parse().unwrap(),
        locale: "ar-MA".parse().unwrap(),
    }
}

fn start(session: &str) -> NewSession {
    NewSession { session: id(session), device: "Firefox".parse().unwrap() }
}

fn facts(right: bool) -> Facts {
    Facts { right, new_password: Some(hash("new")) }
}

fn requested() -> Event {
    Event::AccountRequested { wish: wish(), password: hash("old") }
}

fn code(purpose: CodePurpose, number: u64, millis: i64) -> Event {
    let until = at(millis + 10 * MINUTE);
    Event::CodeIssued { code: base_proof::IssuedCode { purpose, number, at: at(millis), until } }
}

fn pending() -> Story<Auth> {
    leila().given([requested(), code(CodePurpose::Registration, 1, 0)])
}

fn opened(keep_password: bool) -> Event {
    Event::AccountOpened { at: at(0), keep_password }
}

fn open() -> Story<Auth> {
    leila().given([requested(), opened(true), Event::EmailConfirmed])
}

fn started(session: &str, proof: Proof, millis: i64) -> Event {
    let (session, device) = (id(session), "Firefox".parse().unwrap());
    Event::SessionStarted { session, proof, device, at: at(millis), until: at(millis + 180 * DAY) }
}

fn ended(session: &str, because: EndedBecause) -> Event {
    Event::SessionEnded { session: id(session), because }
}

fn with_password(session: &str) -> Command {
    let by = ProvenBy::Password("old password".to_owned().into());
    Command::Prove { by, start: start(session) }
}

fn with_code(session: &str) -> Command {
    Command::Prove { by: ProvenBy::Code("123456".parse().unwrap()), start: start(session) }
}

fn with_registration_code(session: &str) -> Command {
    Command::Prove { by: ProvenBy::Registration("123456".parse().unwrap()), start: start(session) }
}

fn with_reset(session: &str) -> Command {
    let by = ProvenBy::Reset("123456".parse().unwrap(), "new password".parse().unwrap());
    Command::Prove { by, start: start(session) }
}

fn refresh(session: &str, number: u64) -> Command {
    Command::RefreshSession { session: id(session), number }
}

fn refreshed(session: &str, number: u64, millis: i64) -> Event {
    Event::SessionRefreshed { session: id(session), number, at: at(millis) }
}

fn taken(confirmed: bool) -> Command {
    Command::NoteNameTaken { claim: id("c1"), confirmed, quiet: false }
}

#[test]
fn a_code_is_made_once_the_email_is_kept_and_only_for_the_own_claim() {
    let claimed = |claim| Command::NoteNameClaimed { claim: id(claim) };
    leila()
        .given([requested()])
        .when_knowing(&claimed("c9"), &facts(false))
        .then_nothing()
        .when_knowing(&claimed("c1"), &facts(false))
        .then([code(CodePurpose::Registration, 1, 0)])
        .when_knowing(&claimed("c1"), &facts(false))
        .then_nothing();
}

#[test]
fn who_began_a_registration_keeps_the_password_and_who_only_has_the_mailbox_does_not() {
    let kept = pending()
        .when_knowing(&with_registration_code("s1"), &facts(true))
        .then([opened(true), started("s1", Proof::Registration, 0)]);
    assert_eq!(kept.state().account.as_ref().unwrap().password, Some(hash("old")));
    let dropped = pending()
        .when_knowing(&with_code("s1"), &facts(true))
        .then([opened(false), started("s1", Proof::Code, 0)]);
    assert_eq!(dropped.state().account.as_ref().unwrap().password, None);
}

#[test]
fn a_wrong_code_is_counted_and_refused_and_the_fifth_is_the_last() {
    let mut story = pending();
    for left in (0..TRIES_PER_CODE).rev() {
        let failed = Event::CodeFailed { tries_left: left };
        assert_eq!(Auth::declined(from_ref(&failed)), Some(Refusal::CodeRefused));
        story = story.when_knowing(&with_registration_code("s1"), &facts(false)).then([failed]);
    }
    story
        .when_knowing(&with_registration_code("s1"), &facts(true))
        .refused(&Refusal::CodeRefused)
        .at(MINUTE)
        .when_knowing(&Command::RequestCode { purpose: CodePurpose::SignIn }, &facts(false))
        .then([code(CodePurpose::Registration, 2, MINUTE)])
        .when_knowing(&with_registration_code("s1"), &facts(true))
        .decided()
        .1
        .unwrap();
}

#[test]
fn a_code_is_worth_something_once_for_its_purpose_and_in_its_time() {
    let story = open().given([code(CodePurpose::SignIn, 1, 0)]);
    story
        .when_knowing(&with_reset("s1"), &facts(true))
        .refused(&Refusal::CodeRefused)
        .when_knowing(&with_registration_code("s1"), &facts(true))
        .refused(&Refusal::CodeRefused)
        .when_knowing(&with_code("s1"), &facts(true))
        .then([started("s1", Proof::Code, 0)])
        .when_knowing(&with_code("s2"), &facts(true))
        .refused(&Refusal::CodeRefused)
        .given([code(CodePurpose::SignIn, 2, 0)])
        .at(10 * MINUTE)
        .when_knowing(&with_code("s2"), &facts(true))
        .refused(&Refusal::CodeRefused);
}

#[test]
fn nobody_signs_in_before_the_email_is_proven_nor_after_it_is_lost() {
    let no = Refusal::SignInRefused;
    leila().when_knowing(&with_password("s1"), &facts(true)).refused(&no);
    pending().when_knowing(&with_password("s1"), &facts(true)).refused(&no);
    let lost = [ended("s1", EndedBecause::AccountClosed), Event::EmailLost];
    leila()
        .given([requested(), opened(true), started("s1", Proof::Password, 0)])
        .when_knowing(&taken(true), &facts(false))
        .then(lost)
        .when_knowing(&with_password("s2"), &facts(true))
        .refused(&no)
        .when_knowing(&refresh("s1", 1), &facts(false))
        .refused(&Refusal::SessionOver);
}

#[test]
fn a_name_once_confirmed_is_not_lost_to_a_late_answer() {
    open().when_knowing(&taken(true), &facts(false)).then_nothing();
    let expired = Command::NoteNameExpired { claim: id("c1") };
    open().when_knowing(&expired, &facts(false)).then_nothing();
    leila()
        .given([requested(), opened(true)])
        .when_knowing(&expired, &facts(false))
        .then_nothing()
        .when_knowing(&Command::NoteNameConfirmed { claim: id("c1") }, &facts(false))
        .then([Event::EmailConfirmed]);
}

#[test]
fn a_registration_fails_for_good_when_the_name_is_taken_or_expires() {
    let failed = |because, quiet| Event::RegistrationFailed { because, quiet };
    leila()
        .given([requested()])
        .when_knowing(&taken(true), &facts(false))
        .then([failed(FailedBecause::Taken, false)])
        .when_knowing(&Command::NoteNameClaimed { claim: id("c1") }, &facts(false))
        .then_nothing();
    let expired = Command::NoteNameExpired { claim: id("c1") };
    let story = pending()
        .when_knowing(&expired, &facts(false))
        .then([failed(FailedBecause::Expired, true)])
        .when_knowing(&with_registration_code("s1"), &facts(true))
        .refused(&Refusal::CodeRefused);
    assert_eq!(story.state().account.as_ref().unwrap().stage, Stage::Closed);
}

#[test]
fn five_wrong_passwords_lock_and_a_right_one_does_not_open_the_lock() {
    let mut story = open();
    for count in 1..=5 {
        let locked_until = (count == 5).then(|| at(MINUTE));
        let failures = Failures { count, last: at(0), locked_until };
        let failed = Event::PasswordFailed { doing: Doing::SignIn, failures };
        assert_eq!(Auth::declined(from_ref(&failed)), Some(Refusal::SignInRefused));
        story = story.when_knowing(&with_password("s1"), &facts(false)).then([failed]);
    }
    let story = story
        .when_knowing(&with_password("s1"), &facts(true))
        .refused(&Refusal::SignInRefused)
        .at(MINUTE)
        .when_knowing(&with_password("s1"), &facts(true))
        .then([started("s1", Proof::Password, MINUTE)]);
    assert_eq!(story.state().account.as_ref().unwrap().failures, Failures::default());
}

#[test]
fn changing_the_password_ends_the_other_sessions_and_failing_counts_as_at_the_door() {
    let change = || Command::ChangePassword {
        old: "old password".to_owned().into(),
        new: "new password".parse().unwrap(),
        keep: Some(id("s1")),
    };
    let failures = Failures { count: 1, last: at(0), locked_until: None };
    let failed = Event::PasswordFailed { doing: Doing::ChangePassword, failures };
    assert_eq!(Auth::declined(from_ref(&failed)), Some(Refusal::PasswordWrong));
    open()
        .given([started("s1", Proof::Password, 0), started("s2", Proof::Code, 0)])
        .when_knowing(&change(), &facts(false))
        .then([failed])
        .when_knowing(&change(), &facts(true))
        .then([
            ended("s2", EndedBecause::PasswordChanged),
            Event::PasswordChanged { password: hash("new") },
        ]);
}

#[test]
fn resetting_the_password_ends_all_sessions_and_opens_the_lock() {
    let locked = Failures { count: 9, last: at(0), locked_until: Some(at(DAY)) };
    open()
        .given([
            started("s1", Proof::Password, 0),
            Event::PasswordFailed { doing: Doing::SignIn, failures: locked },
            code(CodePurpose::ResetPassword, 1, 0),
        ])
        .when_knowing(&with_reset("s2"), &facts(true))
        .then([
            ended("s1", EndedBecause::PasswordChanged),
            Event::PasswordChanged { password: hash("new") },
            started("s2", Proof::Code, 0),
        ])
        .when_knowing(&with_password("s3"), &facts(true))
        .then([started("s3", Proof::Password, 0)]);
}

#[test]
fn reuse_of_a_refresh_token_kills_the_family() {
    let reused = Event::RefreshReused { session: id("s1"), number: 1 };
    assert_eq!(Auth::declined(from_ref(&reused)), Some(Refusal::SessionOver));
    open()
        .given([started("s1", Proof::Password, 0)])
        .when_knowing(&refresh("s1", 1), &facts(false))
        .then([refreshed("s1", 2, 0)])
        .when_knowing(&refresh("s1", 1), &facts(false))
        .then([reused])
        .when_knowing(&refresh("s1", 2), &facts(false))
        .refused(&Refusal::SessionOver);
}

#[test]
fn a_session_that_rested_is_over_and_one_that_is_old_expires() {
    let idle = ended("s1", EndedBecause::Idle);
    assert_eq!(Auth::declined(from_ref(&idle)), Some(Refusal::SessionOver));
    let expire = Command::ExpireSession { session: id("s1") };
    let story = || open().given([started("s1", Proof::Password, 0)]);
    story().at(30 * DAY).when_knowing(&refresh("s1", 1), &facts(false)).then([idle]);
    let expired = ended("s1", EndedBecause::Expired);
    assert_eq!(Auth::declined(from_ref(&expired)), None, "nobody asked");
    story()
        .at(180 * DAY - 1)
        .when_knowing(&expire, &facts(false))
        .then_nothing()
        .at(180 * DAY)
        .when_knowing(&expire, &facts(false))
        .then([expired]);
}

#[test]
fn the_session_not_used_for_longest_makes_room() {
    let many = (0..50).map(|number| started(&format!("s{number}"), Proof::Password, number));
    open()
        .given(many)
        .given([refreshed("s0", 2, 100)])
        .at(200)
        .when_knowing(&with_password("one-more"), &facts(true))
        .then([ended("s1", EndedBecause::TooMany), started("one-more", Proof::Password, 200)]);
}

#[test]
fn sessions_can_be_signed_out_one_by_one_or_all() {
    let revoke = |session| Command::RevokeSession { session: id(session) };
    let all = |keep: Option<&str>| Command::RevokeAllSessions { keep: keep.map(id) };
    open()
        .given(["s1", "s2", "s3"].map(|session| started(session, Proof::Password, 0)))
        .when_knowing(&revoke("s2"), &facts(false))
        .then([ended("s2", EndedBecause::SignedOut)])
        .when_knowing(&revoke("s2"), &facts(false))
        .then_nothing()
        .when_knowing(&all(Some("s3")), &facts(false))
        .then([ended("s1", EndedBecause::AllSignedOut)])
        .when_knowing(&all(None), &facts(false))
        .then([ended("s3", EndedBecause::AllSignedOut)]);
}

#[test]
fn operators_are_granted_and_revoked_with_who_and_why() {
    let (user, reason) = (|| "users/omar".parse::<Tenant>().unwrap(), "on call".parse().unwrap());
    let grant = Command::GrantOperator { user: user(), reason };
    let revoke = Command::RevokeOperator { user: user(), reason: "left".parse().unwrap() };
    let by = "platform admin".to_owned();
    let granted = Event::OperatorGranted {
        user: user(),
        by: by.clone(),
        reason: "on call".parse().unwrap(),
        at: at(0),
    };
    let revoked =
        Event::OperatorRevoked { user: user(), by, reason: "left".parse().unwrap(), at: at(0) };
    story::<Auth>("platform/operators")
        .by(Caller::platform("admin"))
        .when_knowing(&revoke, &facts(false))
        .then_nothing()
        .when_knowing(&grant, &facts(false))
        .then([granted])
        .when_knowing(&grant, &facts(false))
        .then_nothing()
        .when_knowing(&revoke, &facts(false))
        .then([revoked]);
}

#[test]
fn names_and_the_profile_are_told() {
    let (tenant, story) = ("users/leila".parse::<Tenant>().unwrap(), open());
    let told = |event: &Event| {
        let (key, version, at) = ("account", base_ids::Version(1), at(0));
        let seen = Seen { tenant: &tenant, key, event, state: story.state(), version, at };
        let mut outbox = Outbox::default();
        announce::announce(&seen, &mut outbox);
        let shown = |posted| match posted {
            Posted::To { tenant, service, kind, due, .. } => {
                let due = due.map(Timestamp::as_millis);
                format!("{tenant}/{service} {} {due:?}", kind.rsplit('.').next().unwrap())
            }
            Posted::Public { .. } => "everyone".to_owned(),
        };
        outbox.into_posted().into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(told(&requested()), ["names/ab/names ClaimName None"]);
    assert_eq!(
        told(&opened(true)),
        ["names/ab/names ConfirmName None", "users/leila/users AccountOpened None"]
    );
    let due = 180 * DAY;
    assert_eq!(
        told(&started("s1", Proof::Code, 0)),
        [format!("users/leila/auth SessionDue Some({due})")]
    );
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Auth>(include_str!("tests/events.jsonl"));
    let account = state.account.unwrap();
    assert_eq!(account.sessions.keys().map(ResourceId::as_str).collect::<Vec<_>>(), ["s3"]);
    assert_eq!(account.stage, Stage::Closed);
    assert!(state.operators.is_empty());
}

#[test]
fn commands_and_facts_are_kept_without_their_secrets() {
    let kept =
        |command: &Command| format!("{command:?} {}", serde_json::to_string(command).unwrap());
    let create = Command::CreateAccount { wish: wish(), password: "canary-1".parse().unwrap() };
    let change = Command::ChangePassword {
        old: "canary-2".to_owned().into(),
        new: "canary-3".parse().unwrap(),
        keep: None,
    };
    for command in [create, change, with_password("s1"), with_code("s1"), with_reset("s1")] {
        let kept = kept(&command);
        for secret in ["canary", "old password", "new password", "123456"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(kept.contains("[redacted]"));
    }
    assert_eq!(serde_json::to_string(&facts(true)).unwrap(), r#"{"right":true}"#);
    assert!(!format!("{:?}", facts(true)).contains("hash of"));
}

/// What anybody can try at an account: the door, codes, refresh tokens of one session.
#[derive(Clone, Debug)]
enum Try {
    Password(bool),
    Code(bool),
    Reset(bool),
    AskForCode(CodePurpose),
    Refresh(u64),
}

fn any_try() -> impl Strategy<Value = Try> {
    let purpose = prop::sample::select(vec![CodePurpose::SignIn, CodePurpose::ResetPassword]);
    prop_oneof![
        prop::bool::weighted(0.1).prop_map(Try::Password),
        prop::bool::weighted(0.1).prop_map(Try::Code),
        prop::bool::weighted(0.1).prop_map(Try::Reset),
        purpose.prop_map(Try::AskForCode),
        (1..6_u64).prop_map(Try::Refresh),
    ]
}

fn command_of(attempt: &Try, session: &str) -> (Command, Facts) {
    match attempt {
        Try::Password(right) => (with_password(session), facts(*right)),
        Try::Code(right) => (with_code(session), facts(*right)),
        Try::Reset(right) => (with_reset(session), facts(*right)),
        Try::AskForCode(purpose) => (Command::RequestCode { purpose: *purpose }, facts(false)),
        Try::Refresh(number) => (refresh("s1", *number), facts(false)),
    }
}

/// How many events of a kind happened within any one day.
fn most_in_a_day(times: &[i64]) -> usize {
    let within = |from: i64| times.iter().filter(|at| (from..from + DAY).contains(*at)).count();
    times.iter().map(|from| within(*from)).max().unwrap_or(0)
}

proptest! {
    /// Invariants auth-1 and auth-2, whatever is tried in which order and how fast.
    #[test]
    fn guessing_is_bounded_and_no_refresh_token_works_twice(
        tries in prop::collection::vec((any_try(), 0..40 * MINUTE), 1..120),
    ) {
        let mut told = open().given([started("s1", Proof::Password, 0)]);
        let (mut now, mut worked, mut over) = (0, Vec::new(), false);
        let (mut passwords, mut codes) = (Vec::new(), Vec::new());
        for (turn, (attempt, wait)) in tries.iter().enumerate() {
            now += wait;
            let (command, known) = command_of(attempt, &format!("t{turn}"));
            let (after, decided) = told.at(now).when_knowing(&command, &known).decided();
            told = after;
            for event in decided.iter().flatten() {
                match event {
                    Event::PasswordFailed { .. } => passwords.push(now),
                    Event::CodeFailed { .. } => codes.push(now),
                    Event::RefreshReused { .. } => over = true,
                    Event::SessionEnded { session, .. } if session.as_str() == "s1" => over = true,
                    Event::SessionRefreshed { number, .. } => {
                        prop_assert!(!over, "auth-1: a session that is over was refreshed");
                        prop_assert!(!worked.contains(number), "auth-1: {number} was given out twice");
                        worked.push(*number);
                    }
                    _ => {}
                }
            }
        }
        // A right password forgives failures, so only runs without one are bounded by the lock alone.
        let forgiven = tries.iter().any(|(attempt, _)| matches!(attempt, Try::Password(true) | Try::Reset(true)));
        prop_assert!(forgiven || most_in_a_day(&passwords) <= 40, "auth-2");
        prop_assert!(most_in_a_day(&codes) <= (CODES_A_DAY + 1) * TRIES_PER_CODE as usize, "auth-2");
        replay_equals_live(&told);
    }
}
