//! Laws of the queue between the processes of one cell.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use base_ids::{MessageId, Tenant};

use super::given::{fine, message, stream, tenant};
use crate::{
    mesh::Addressed,
    queue::{Queue, Received},
};

/// How long a law waits for what has to come. A real log needs some seconds until a process that has died is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A queue under test.
pub trait QueueSubject {
    /// Another process of the cell opens it.
    fn join(&mut self) -> impl Future<Output = Arc<dyn Queue>>;

    /// A process that has it open ends.
    fn leave(&mut self, member: Arc<dyn Queue>) -> impl Future<Output = ()>;

    /// Lets the answer to the next call that puts something in be lost. False if this subject cannot.
    fn lose_answer(&self, member: &Arc<dyn Queue>) -> bool;
}

/// Runs every law, each on a queue of its own. Says how many laws ran.
pub async fn laws<S: QueueSubject>(make: impl AsyncFn() -> S) -> usize {
    run_laws! { make;
        self:
            what_is_put_in_comes_whole
            the_messages_of_one_tenant_come_in_order
            what_is_not_acknowledged_comes_again
            an_acknowledgement_does_not_reach_over_what_lies_before_it
            what_is_acknowledged_does_not_come_again
            the_receipt_of_who_has_left_says_nothing
            processes_that_come_and_go_lose_nothing
            what_may_have_been_put_in_is_put_in_again;
    }
}

fn words(to: &Tenant, number: u64) -> Addressed {
    let from = stream("users/sender/carts/main");
    Addressed { to: to.clone(), service: "inventory".to_owned(), message: message(&from, number) }
}

fn ids<'a>(received: impl IntoIterator<Item = &'a Received>) -> Vec<MessageId> {
    received.into_iter().map(|one| one.addressed.message.id).collect()
}

async fn receive(queue: &Arc<dyn Queue>) -> Vec<Received> {
    let received = tokio::time::timeout(PATIENCE, queue.receive()).await;
    fine(received.expect("what was put in comes in time"))
}

/// Receives until so many have come.
async fn receive_all(queue: &Arc<dyn Queue>, count: usize) -> Vec<Received> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(receive(queue).await);
    }
    all
}

fn acknowledge<'a>(queue: &Arc<dyn Queue>, received: impl IntoIterator<Item = &'a Received>) {
    let receipts: Vec<_> = received.into_iter().map(|one| one.receipt.clone()).collect();
    queue.acknowledge(&receipts);
}

/// Invariant queue-1.
async fn what_is_put_in_comes_whole(subject: &mut impl QueueSubject) {
    let queue = subject.join().await;
    let mut put_in = Vec::new();
    for (number, name) in (1..).zip(["users/a", "vendors/b", "platform/c"]) {
        let mut words = words(&tenant(name), number);
        words.message.body = vec![0, 255, 10, 13, 0];
        words.message.trace = (number == 2).then_some([9; 16]);
        put_in.push(words);
    }
    fine(queue.send(&put_in).await);
    let mut came: Vec<_> =
        receive_all(&queue, 3).await.into_iter().map(|one| one.addressed).collect();
    came.sort_by_key(|words| words.message.version);
    assert_eq!(came, put_in);
    subject.leave(queue).await;
}

/// Invariant queue-2.
async fn the_messages_of_one_tenant_come_in_order(subject: &mut impl QueueSubject) {
    let queue = subject.join().await;
    let tenants = [tenant("users/a"), tenant("users/b"), tenant("users/c")];
    let batch = |batch: u64| -> Vec<_> {
        let numbers = batch * 30..(batch + 1) * 30;
        numbers.zip(tenants.iter().cycle()).map(|(number, to)| words(to, number + 1)).collect()
    };
    // Nobody waits for the answer before the next batch is put in.
    let sent: Vec<_> = (0..10).map(|number| queue.send(&batch(number))).collect();
    for answer in sent {
        fine(answer.await);
    }
    let mut last = BTreeMap::new();
    for received in receive_all(&queue, 300).await {
        let version = received.addressed.message.version;
        let before = last.insert(received.addressed.to, version);
        assert!(before < Some(version), "{version:?} came behind {before:?}");
    }
    assert_eq!(last.len(), 3);
    subject.leave(queue).await;
}

/// Invariant queue-1.
async fn what_is_not_acknowledged_comes_again(subject: &mut impl QueueSubject) {
    let first = subject.join().await;
    let put_in: Vec<_> =
        (1..=3).map(|number| words(&tenant(&format!("users/u{number}")), number)).collect();
    fine(first.send(&put_in).await);
    let before = receive_all(&first, 3).await;
    subject.leave(first).await;
    let second = subject.join().await;
    let again = receive_all(&second, 3).await;
    let sorted = |received: &[Received]| ids(received).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&again), sorted(&before));
    subject.leave(second).await;
}

/// Invariant queue-3.
async fn an_acknowledgement_does_not_reach_over_what_lies_before_it(
    subject: &mut impl QueueSubject,
) {
    let first = subject.join().await;
    let put_in: Vec<_> = (1..=3).map(|number| words(&tenant("users/a"), number)).collect();
    fine(first.send(&put_in).await);
    let before = receive_all(&first, 3).await;
    acknowledge(&first, &before[1..]);
    subject.leave(first).await;
    let second = subject.join().await;
    let again = receive(&second).await;
    assert_eq!(again[0].addressed, put_in[0], "it was never acknowledged");
    subject.leave(second).await;
}

/// Invariant queue-3: it is kept by whoever ends in order, so that little comes again.
async fn what_is_acknowledged_does_not_come_again(subject: &mut impl QueueSubject) {
    let first = subject.join().await;
    let to = tenant("users/a");
    fine(first.send(&[words(&to, 1), words(&to, 2)]).await);
    let before = receive_all(&first, 2).await;
    acknowledge(&first, &before);
    fine(first.send(&[words(&to, 3)]).await);
    subject.leave(first).await;
    let second = subject.join().await;
    assert_eq!(receive(&second).await[0].addressed, words(&to, 3));
    subject.leave(second).await;
}

/// Invariant queue-3.
async fn the_receipt_of_who_has_left_says_nothing(subject: &mut impl QueueSubject) {
    let first = subject.join().await;
    let put_in = [words(&tenant("users/a"), 1)];
    fine(first.send(&put_in).await);
    let before = receive_all(&first, 1).await;
    subject.leave(first).await;
    assert!(before[0].receipt.is_void());
    let second = subject.join().await;
    assert_eq!(receive(&second).await[0].addressed, put_in[0]);
    acknowledge(&second, &before);
    subject.leave(second).await;
    let third = subject.join().await;
    assert_eq!(receive(&third).await[0].addressed, put_in[0], "nobody has heard it yet");
    subject.leave(third).await;
}

/// Invariant queue-1, while what there is is shared out anew again and again.
async fn processes_that_come_and_go_lose_nothing(subject: &mut impl QueueSubject) {
    let tenants: Vec<_> = (0..12).map(|number| tenant(&format!("users/u{number}"))).collect();
    let mut missing = BTreeSet::new();
    let mut members = vec![subject.join().await];
    for round in 0..4_u64 {
        let numbers = 1 + round * 24..=(round + 1) * 24;
        let batch: Vec<_> =
            numbers.zip(tenants.iter().cycle()).map(|(number, to)| words(to, number)).collect();
        fine(members[0].send(&batch).await);
        missing.extend(batch.iter().map(|words| words.message.id));
        // Somebody has a part of them in his hands when the next one comes or he himself goes.
        let some = tokio::time::timeout(PATIENCE, members[0].receive()).await;
        let some = fine(some.expect("some come in time"));
        acknowledge(&members[0], &some[..some.len() / 2]);
        let heard = ids(&some[..some.len() / 2]);
        missing.retain(|id| !heard.contains(id));
        if round % 2 == 0 {
            members.push(subject.join().await);
        } else {
            let gone = members.remove(0);
            subject.leave(gone).await;
        }
    }
    let last = members.pop().expect("one is left");
    for gone in members {
        subject.leave(gone).await;
    }
    while !missing.is_empty() {
        let received = receive(&last).await;
        let heard = ids(&received);
        missing.retain(|id| !heard.contains(id));
        acknowledge(&last, &received);
    }
    subject.leave(last).await;
}

/// Invariant queue-1: its id is the same, and it is heard once.
async fn what_may_have_been_put_in_is_put_in_again(subject: &mut impl QueueSubject) {
    let queue = subject.join().await;
    let put_in = [words(&tenant("users/a"), 1)];
    if subject.lose_answer(&queue) {
        queue.send(&put_in).await.expect_err("its answer was lost");
    }
    fine(queue.send(&put_in).await);
    fine(queue.send(&[words(&tenant("users/a"), 2)]).await);
    let mut came = Vec::new();
    while came.last() != Some(&words(&tenant("users/a"), 2).message.id) {
        came.extend(ids(&receive(&queue).await));
    }
    came.dedup();
    assert_eq!(came.len(), 2, "copies of one message have one id");
    subject.leave(queue).await;
}
