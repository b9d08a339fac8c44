//! Messages that wait for one stream are heard together: in one append, each with its own effect.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_runtime::{
    memory::{Faults, Injected},
    mesh::{Addressed, Delivery},
    port::{Cause, Message},
};
use prost::Name;

use crate::{
    fleet::Fleet,
    toy::{Breaks, Coins, Poison},
};

/// A message from a purse elsewhere, the `number`-th of it.
fn from_elsewhere<M: prost::Message + Name>(to: &Tenant, number: u64, words: &M) -> Addressed {
    let from: StreamName = "users/elsewhere/purses/purse".parse().unwrap();
    let version = Version(number);
    let message = Message {
        id: MessageId::derived(&from, version, 0),
        from,
        version,
        kind: M::full_name(),
        body: words.encode_to_vec(),
        at: Timestamp::from_millis(0),
        trace: None,
    };
    Addressed { to: to.clone(), service: "purses".to_owned(), message }
}

fn coins(to: &Tenant, number: u64, coins: i64) -> Addressed {
    from_elsewhere(to, number, &Coins { coins })
}

/// What the appends of the cell meet in their order, and how many there are.
fn appends_meet(fleet: &Fleet, fates: &'static [Injected]) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    fleet.disk(0).inject(Some(Faults::before_append(move |_, _| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        fates.get(number).copied().unwrap_or(Injected::Proceed)
    })));
    count
}

async fn receive(fleet: &Fleet, messages: &[Addressed]) -> String {
    let outcomes = fleet.cell(0).receive(messages.to_vec()).await;
    let name = |outcome| match outcome {
        Delivery::Applied => 'a',
        Delivery::Retry(_) => 'r',
        Delivery::NotMine => 'n',
        Delivery::Parked => 'p',
    };
    outcomes.into_iter().map(name).collect()
}

#[tokio::test(start_paused = true)]
async fn what_comes_together_for_one_stream_is_one_append() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    let appends = appends_meet(&fleet, &[]);
    let messages =
        [coins(&user, 1, 1), coins(&friend, 2, 20), coins(&user, 3, 3), coins(&user, 4, 5)];
    assert_eq!(receive(&fleet, &messages).await, "aaaa");
    assert_eq!((fleet.coins(&user).await, fleet.coins(&friend).await), (9, 20));
    assert_eq!(appends.load(Ordering::Relaxed), 2, "one for each purse");

    let stream: StreamName = format!("{user}/purses/purse").parse().unwrap();
    let cell = fleet.cell(0);
    let journal = &cell.stores().journal;
    let events = journal.events(&stream, Version(0), 9).await.unwrap();
    let heard = events.iter().map(|event| {
        let cause: Cause = serde_json::from_slice(event.cause.as_ref().unwrap()).unwrap();
        let told: Vec<_> = cause.told.iter().map(|told| told.id).collect();
        assert_eq!(told, [MessageId::derived(&stream, event.version, 0)]);
        cause.heard.unwrap().id
    });
    let ids = [0, 2, 3].map(|place: usize| messages[place].message.id);
    assert_eq!(heard.collect::<Vec<_>>(), ids, "each event has the cause of its own message");
    for (id, version) in ids.into_iter().zip(1..) {
        let place = journal.heard(&user, "purses", id).await.unwrap();
        assert_eq!(place, Some((stream.clone(), Version(version))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_message_does_not_spoil_those_it_comes_with() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let messages = [
        coins(&user, 1, 1),
        from_elsewhere(&user, 2, &Breaks {}),
        from_elsewhere(&user, 3, &Poison { text: "not a coin".to_owned() }),
        coins(&user, 4, 5),
    ];
    assert_eq!(receive(&fleet, &messages).await, "arpa");
    assert_eq!(fleet.coins(&user).await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_among_others_has_its_effect_once() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let [first, second, third] = [1, 2, 3].map(|number| coins(&user, number, 10));
    assert_eq!(receive(&fleet, &[first.clone(), second.clone()]).await, "aa");
    let again = [second, third.clone(), third, first];
    assert_eq!(receive(&fleet, &again).await, "aaaa");
    assert_eq!(fleet.coins(&user).await, 30);
}

#[tokio::test(start_paused = true)]
async fn each_finds_out_whether_it_was_heard_when_the_answer_is_lost() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let messages = [coins(&user, 1, 1), coins(&user, 2, 2), coins(&user, 3, 4)];
    appends_meet(&fleet, &[Injected::LoseAnswerAfter]);
    assert_eq!(receive(&fleet, &messages).await, "aaa");
    assert_eq!(fleet.coins(&user).await, 7);
    fleet.kill(0).await;
    fleet.boot(0).await;
    assert_eq!(fleet.coins(&user).await, 7);
}

#[tokio::test(start_paused = true)]
async fn none_is_heard_by_an_append_that_fails() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let messages = [coins(&user, 1, 1), coins(&user, 2, 2), coins(&user, 3, 4)];
    appends_meet(&fleet, &[Injected::FailBefore]);
    assert_eq!(receive(&fleet, &messages).await, "rrr");
    assert_eq!(fleet.coins(&user).await, 0);
    assert_eq!(receive(&fleet, &messages).await, "aaa");
    assert_eq!(fleet.coins(&user).await, 7);
}
