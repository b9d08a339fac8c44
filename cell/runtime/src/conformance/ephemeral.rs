//! Laws of what the processes of a cell share for a while.

use std::time::Duration;

use futures_util::future::join_all;

use crate::ephemeral::{Arrival, Ephemeral, Pace, Welcome};

/// A place to share for a while, under test.
pub trait EphemeralSubject {
    /// What is tested.
    type Store: Ephemeral;

    /// It, as two processes of one cell have it open; one and the same where there can be only one.
    fn pods(&self) -> [&Self::Store; 2];

    /// It, as another cell has it open.
    fn other_cell(&self) -> &Self::Store;

    /// Loses everything.
    fn forget(&mut self) -> impl Future<Output = ()>;
}

/// Longer than any law needs.
const LONG: Duration = Duration::from_mins(5);
/// Ten calls at once, and one more every six seconds.
const SLOW: Pace = Pace { per_minute: 10, burst: 10 };

/// Runs every law, each on a subject of its own. Says how many laws ran.
pub async fn laws<S: EphemeralSubject>(make: impl AsyncFn() -> S) -> usize {
    run_laws! { make;
        self:
            a_burst_comes_and_then_the_pace
            of_many_at_once_no_more_come_than_a_burst
            an_ended_session_is_not_welcome
            what_is_remembered_lasts_its_time
            cells_share_nothing
            what_is_lost_is_only_missed;
    }
}

async fn comes(store: &impl Ephemeral, who: &str, session: Option<&str>, pace: Pace) -> Welcome {
    store.welcome(Arrival { who, session, pace: Some(pace) }).await
}

/// Invariant ephemeral-2.
async fn a_burst_comes_and_then_the_pace(subject: &mut impl EphemeralSubject) {
    let [one, other] = subject.pods();
    let pace = Pace { per_minute: 120, burst: 4 };
    for pod in [one, other, one, other] {
        assert_eq!(comes(pod, "users/a", None, pace).await, Welcome::Come);
    }
    let fifth = comes(other, "users/a", None, pace).await;
    let wait = if let Welcome::After(wait) = fifth { wait } else { Duration::ZERO };
    assert!(!wait.is_zero() && wait <= pace.each(), "{fifth:?}");
    assert_eq!(comes(one, "users/b", None, pace).await, Welcome::Come, "others do not wait");
    tokio::time::sleep(wait + Duration::from_millis(20)).await;
    assert_eq!(comes(one, "users/a", None, pace).await, Welcome::Come);
    let refused = comes(other, "users/a", None, pace).await;
    assert!(matches!(refused, Welcome::After(_)), "one for one that was forgotten: {refused:?}");
    let unbounded = Arrival { who: "users/a", session: None, pace: None };
    assert_eq!(one.welcome(unbounded).await, Welcome::Come);
}

/// Invariant ephemeral-2.
async fn of_many_at_once_no_more_come_than_a_burst(subject: &mut impl EphemeralSubject) {
    let pods = subject.pods();
    let calls = (0..60).map(|nth| comes(pods[nth % 2], "users/a", None, SLOW));
    let came = join_all(calls).await.into_iter().filter(|welcome| *welcome == Welcome::Come);
    assert_eq!(came.count(), 10);
}

async fn an_ended_session_is_not_welcome(subject: &mut impl EphemeralSubject) {
    let [one, other] = subject.pods();
    one.end_session("users/a", "s1", LONG).await;
    one.end_session("users/a", "s2", Duration::from_millis(100)).await;
    assert_eq!(comes(other, "users/a", Some("s1"), SLOW).await, Welcome::SessionEnded);
    assert_eq!(comes(other, "users/a", Some("s3"), SLOW).await, Welcome::Come);
    assert_eq!(comes(other, "users/a", None, SLOW).await, Welcome::Come);
    assert_eq!(comes(other, "users/b", Some("s1"), SLOW).await, Welcome::Come);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(comes(other, "users/a", Some("s2"), SLOW).await, Welcome::Come, "its time is over");
}

async fn what_is_remembered_lasts_its_time(subject: &mut impl EphemeralSubject) {
    let [one, other] = subject.pods();
    assert_eq!(one.recall("k").await, None);
    one.remember("k", &[0, 255, 7], LONG).await;
    assert_eq!(other.recall("k").await, Some(vec![0, 255, 7]));
    other.remember("k", b"new", LONG).await;
    assert_eq!(one.recall("k").await, Some(b"new".to_vec()));
    one.remember("short", b"", Duration::from_millis(100)).await;
    assert_eq!(one.recall("short").await, Some(Vec::new()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(one.recall("short").await, None);
}

async fn cells_share_nothing(subject: &mut impl EphemeralSubject) {
    let ([here, _], there) = (subject.pods(), subject.other_cell());
    let one = Pace { per_minute: 1, burst: 1 };
    here.remember("k", b"here", LONG).await;
    here.end_session("users/a", "s", LONG).await;
    assert_eq!(comes(here, "users/b", None, one).await, Welcome::Come);
    assert_eq!(there.recall("k").await, None);
    assert_eq!(comes(there, "users/a", Some("s"), one).await, Welcome::Come);
    assert_eq!(comes(there, "users/b", None, one).await, Welcome::Come);
}

/// Invariant ephemeral-1.
async fn what_is_lost_is_only_missed(subject: &mut impl EphemeralSubject) {
    let one = Pace { per_minute: 1, burst: 1 };
    let [pod, _] = subject.pods();
    pod.remember("k", b"answer", LONG).await;
    pod.end_session("users/a", "s", LONG).await;
    assert_eq!(comes(pod, "users/b", None, one).await, Welcome::Come);
    subject.forget().await;
    let [pod, other] = subject.pods();
    assert_eq!(pod.recall("k").await, None);
    assert_eq!(comes(pod, "users/a", Some("s"), one).await, Welcome::Come);
    assert_eq!(comes(pod, "users/b", None, one).await, Welcome::Come);
    pod.remember("k", b"again", LONG).await;
    assert_eq!(other.recall("k").await, Some(b"again".to_vec()));
}
