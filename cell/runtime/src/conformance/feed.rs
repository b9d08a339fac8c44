//! Laws of the log in which all cells tell their public messages.

use std::{sync::Arc, time::Duration};

use base_ids::CellId;
use tokio::time::{Instant, sleep, timeout};

use super::given::{fine, message, stream};
use crate::{
    feed::{Feed, Follower, Stretch, Told},
    mesh::PublicBatch,
};

/// How long a law waits for what has to come. A real log needs some seconds until shares are dealt out anew.
const PATIENCE: Duration = Duration::from_mins(1);
/// How soon it is looked again.
const SOON: Duration = Duration::from_millis(50);

/// A feed under test.
pub trait FeedSubject {
    /// A process of a cell opens it.
    fn join(&mut self, cell: &CellId) -> impl Future<Output = Arc<dyn Feed>>;

    /// A process that has it open ends.
    fn leave(&mut self, member: Arc<dyn Feed>) -> impl Future<Output = ()>;

    /// Lets the answer to the next call that tells something be lost. False if this subject cannot.
    fn lose_answer(&self, member: &Arc<dyn Feed>) -> bool;
}

/// Runs every law, each on a feed of its own. Says how many laws ran.
pub async fn laws<S: FeedSubject>(make: impl AsyncFn() -> S) -> usize {
    run_laws! { make;
        self:
            what_is_told_comes_to_every_cell_whole_and_in_order
            of_a_cells_processes_one_follows_a_source
            what_may_have_been_told_is_told_again
            a_wait_that_is_dropped_loses_nothing;
    }
}

fn cell(name: &str) -> CellId {
    name.parse().expect("the laws name cells correctly")
}

/// What a source tells behind a position, up to another.
fn told(source: &CellId, after: u64, to: u64) -> Stretch {
    let from = stream("users/sender/carts/main");
    let messages = (after + 1..=to).map(|at| (at, message(&from, at))).collect();
    Stretch { source: source.clone(), after, batch: PublicBatch { messages, head: to } }
}

fn accept(feed: &Arc<dyn Feed>, received: Vec<Told>) -> Vec<Stretch> {
    let receipts: Vec<_> = received.iter().map(|told| told.receipt.clone()).collect();
    feed.acknowledge(&receipts);
    received.into_iter().map(|told| told.stretch).collect()
}

/// Tells where a source stands until somebody hears it: whoever has just come hears what is told from then on.
async fn meet(teller: &Arc<dyn Feed>, hearer: &Arc<dyn Feed>, source: &CellId) {
    let until = Instant::now() + PATIENCE;
    loop {
        fine(teller.tell(&told(source, 0, 0)).await);
        if let Ok(received) = timeout(SOON, hearer.receive()).await {
            accept(hearer, fine(received));
            return;
        }
        assert!(Instant::now() < until, "what is told is heard in time");
    }
}

/// Receives until so many stretches with messages have come.
async fn receive(feed: &Arc<dyn Feed>, count: usize) -> Vec<Stretch> {
    let mut all = Vec::new();
    while all.len() < count {
        let received = timeout(PATIENCE, feed.receive()).await;
        let received = accept(feed, fine(received.expect("what was told comes in time")));
        all.extend(received.into_iter().filter(|stretch| !stretch.batch.messages.is_empty()));
    }
    all
}

async fn until(what: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < until, "in time {what}");
        sleep(SOON).await;
    }
}

/// Invariant feed-1.
async fn what_is_told_comes_to_every_cell_whole_and_in_order(subject: &mut impl FeedSubject) {
    let sources = [cell("cell-1"), cell("cell-2")];
    let teller = subject.join(&sources[0]).await;
    let hearers = [subject.join(&cell("cell-3")).await, subject.join(&cell("cell-4")).await];
    for hearer in &hearers {
        for source in &sources {
            meet(&teller, hearer, source).await;
        }
    }
    let steps = [(0, 3), (3, 40), (40, 41), (41, 60)];
    let [one, other] =
        sources.each_ref().map(|source| steps.map(|(after, to)| told(source, after, to)));
    for (one, other) in one.iter().zip(&other) {
        fine(teller.tell(one).await);
        fine(teller.tell(other).await);
    }
    for hearer in &hearers {
        let heard = receive(hearer, one.len() + other.len()).await;
        let (of_one, of_other): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|stretch| stretch.source == sources[0]);
        assert_eq!((&*of_one, &*of_other), (&one[..], &other[..]));
    }
    for member in hearers.into_iter().chain([teller]) {
        subject.leave(member).await;
    }
}

/// Invariant feed-2.
async fn of_a_cells_processes_one_follows_a_source(subject: &mut impl FeedSubject) {
    let home = cell("cell-1");
    let sources: Vec<_> = (0..40).map(|number| cell(&format!("cell-{number}"))).collect();
    let of = |member: &Arc<dyn Feed>, who| {
        sources.iter().filter(|source| member.follower(source) == who).count()
    };
    let first = subject.join(&home).await;
    until("the only process follows all", || of(&first, Follower::This) == 40).await;
    let second = subject.join(&home).await;
    until("two share them", || {
        let by_one = |source: &CellId| {
            let follow = [&first, &second].map(|member| member.follower(source));
            follow.contains(&Follower::This) && follow.contains(&Follower::Another)
        };
        sources.iter().all(by_one)
            && of(&first, Follower::This) > 0
            && of(&second, Follower::This) > 0
    })
    .await;
    subject.leave(first).await;
    until("who is left follows all", || of(&second, Follower::This) == 40).await;
    for source in &sources[..4] {
        meet(&second, &second, source).await;
    }
    subject.leave(second).await;
}

/// Invariant feed-1: a copy says by its positions that it is one.
async fn what_may_have_been_told_is_told_again(subject: &mut impl FeedSubject) {
    let source = cell("cell-1");
    let (teller, hearer) = (subject.join(&source).await, subject.join(&cell("cell-2")).await);
    meet(&teller, &hearer, &source).await;
    let (first, second) = (told(&source, 0, 2), told(&source, 2, 3));
    if subject.lose_answer(&teller) {
        teller.tell(&first).await.expect_err("its answer was lost");
    }
    fine(teller.tell(&first).await);
    fine(teller.tell(&second).await);
    let mut heard = Vec::new();
    while heard.last() != Some(&second) {
        heard.extend(receive(&hearer, 1).await);
    }
    heard.dedup();
    assert_eq!(heard, [first, second]);
    for member in [teller, hearer] {
        subject.leave(member).await;
    }
}

async fn a_wait_that_is_dropped_loses_nothing(subject: &mut impl FeedSubject) {
    let source = cell("cell-1");
    let (teller, hearer) = (subject.join(&source).await, subject.join(&cell("cell-2")).await);
    meet(&teller, &hearer, &source).await;
    let all: Vec<_> = (0..20).map(|at| told(&source, at, at + 1)).collect();
    let mut heard = Vec::new();
    for stretch in &all {
        fine(teller.tell(stretch).await);
        if let Ok(received) = timeout(Duration::ZERO, hearer.receive()).await {
            let received = accept(&hearer, fine(received));
            heard.extend(received.into_iter().filter(|stretch| !stretch.batch.messages.is_empty()));
        }
    }
    heard.extend(receive(&hearer, all.len() - heard.len()).await);
    assert_eq!(heard, all);
    for member in [teller, hearer] {
        subject.leave(member).await;
    }
}
