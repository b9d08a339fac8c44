//! The runtime, proven on a toy service in a fleet of cells that live in one process.

#![allow(clippy::unwrap_used, reason = "a test ends where its expectation does")]

mod feed;
mod fleet;
mod held;
mod pods;
mod queue;
mod together;
mod toy;

use base_fault::Code;
use base_ids::Version;
use cell_kernel::No;
use cell_runtime::{
    Unanswered,
    local::Passage,
    memory::{Faults, Injected},
};
use fleet::{Fleet, call, cell_id, rest, table};
use futures_util::StreamExt as _;
use prost::Message as _;
use toy::{GetRequest, Purse, PutRequest, SendRequest};

fn put(coins: i64) -> PutRequest {
    PutRequest { name: String::new(), coins }
}

fn send(to: &base_ids::Tenant, coins: i64) -> SendRequest {
    SendRequest { name: String::new(), to: to.to_string(), coins }
}

fn code(no: Unanswered) -> String {
    match no {
        Unanswered::No(No::Fault(fault)) => fault.code().as_str().to_owned(),
        Unanswered::No(No::Refused { code, .. }) => code,
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_wrote_reads_its_own_write() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let (purse, _) = fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    assert_eq!(purse.coins, 5);
    assert_eq!(fleet.coins(&user).await, 5);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_answers_the_same_and_happens_once() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let first = fleet.call::<Purse>(&user, "Put", &put(5), Some("k1")).await.unwrap();
    let again = fleet.call::<Purse>(&user, "Put", &put(5), Some("k1")).await.unwrap();
    assert_eq!((first.0, again.1), (again.0, true));
    let other = fleet.call::<Purse>(&user, "Put", &put(6), Some("k1")).await.unwrap_err();
    assert_eq!(code(other), "idempotency_key_reused");
    fleet.kill(0).await;
    fleet.boot(0).await;
    let after_a_crash = fleet.call::<Purse>(&user, "Put", &put(5), Some("k1")).await.unwrap();
    assert!(after_a_crash.1);
    assert_eq!(fleet.coins(&user).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_under_its_key_too() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    let no = fleet.call::<Purse>(&user, "Send", &send(&friend, 1), Some("k")).await.unwrap_err();
    assert_eq!(code(no), "too_few_coins");
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    let same = fleet.call::<Purse>(&user, "Send", &send(&friend, 1), Some("k")).await.unwrap_err();
    assert_eq!(code(same), "too_few_coins", "the identical answer, though there are coins now");
}

#[tokio::test(start_paused = true)]
async fn many_at_once_lose_nothing() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let requests: Vec<_> = (0..50).map(|_| put(1)).collect();
    let calls = requests.iter().map(|request| fleet.call::<Purse>(&user, "Put", request, None));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(fleet.coins(&user).await, 50);
}

#[tokio::test(start_paused = true)]
async fn coins_reach_a_purse_in_another_cell_once() {
    let fleet = Fleet::new(2).await;
    let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    fleet.call::<Purse>(&here, "Put", &put(10), None).await.unwrap();
    fleet.call::<Purse>(&here, "Send", &send(&there, 4), None).await.unwrap();
    rest(100).await;
    assert_eq!((fleet.coins(&here).await, fleet.coins(&there).await), (6, 4));
    assert_eq!(fleet.cell(0).on_way(), 0, "nothing is left on its way");
}

#[tokio::test(start_paused = true)]
async fn messages_for_a_dead_cell_wait_and_others_do_not() {
    let fleet = Fleet::new(3).await;
    let (here, dead, alive) = (fleet.user_in(0, 0), fleet.user_in(1, 0), fleet.user_in(2, 0));
    fleet.call::<Purse>(&here, "Put", &put(10), None).await.unwrap();
    fleet.cut(1);
    fleet.call::<Purse>(&here, "Send", &send(&dead, 4), None).await.unwrap();
    fleet.call::<Purse>(&here, "Send", &send(&alive, 3), None).await.unwrap();
    rest(20_000).await;
    assert_eq!(fleet.coins(&alive).await, 3);
    fleet.mend(1);
    rest(20_000).await;
    assert_eq!(fleet.coins(&dead).await, 4);
}

#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_at_a_crash_arrives_after_it() {
    let fleet = Fleet::new(2).await;
    let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    fleet.call::<Purse>(&here, "Put", &put(10), None).await.unwrap();
    fleet.cut(1);
    fleet.call::<Purse>(&here, "Send", &send(&there, 4), None).await.unwrap();
    fleet.kill(0).await;
    fleet.mend(1);
    fleet.boot(0).await;
    rest(1_000).await;
    assert_eq!(fleet.coins(&there).await, 4);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_read_back_and_never_guessed() {
    let fleet = Fleet::new(2).await;
    let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    for step in 0..12 {
        let start = fleet.disk(0).steps();
        fleet.disk(0).inject(Some(Faults::at(start + step, Injected::LoseAnswerAfter)));
        fleet.call::<Purse>(&here, "Put", &put(1), None).await.unwrap();
        fleet
            .call::<Purse>(&here, "Send", &send(&there, 1), Some(&format!("k{step}")))
            .await
            .unwrap();
        rest(1_000).await;
        fleet.disk(0).inject(None);
    }
    assert_eq!((fleet.coins(&here).await, fleet.coins(&there).await), (0, 12));
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_message_is_parked_and_holds_nobody_up() {
    let fleet = Fleet::new(2).await;
    let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    fleet.call::<Purse>(&here, "Put", &put(20), None).await.unwrap();
    fleet.call::<Purse>(&here, "Send", &send(&there, 13), None).await.unwrap();
    fleet.call::<Purse>(&here, "Send", &send(&there, 1), None).await.unwrap();
    rest(1_000).await;
    assert_eq!(fleet.coins(&there).await, 14);
    let dead = fleet.cell(1).stores().outbox.dead(10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].why, "not a coin");
    let id = dead[0].errand.message().id;
    assert!(fleet.cell(1).replay_dead(id).await.unwrap());
    rest(1_000).await;
    assert_eq!(
        fleet.cell(1).stores().outbox.dead(10).await.unwrap().len(),
        1,
        "still poison: parked again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_decision_is_a_fault_and_the_stream_goes_on() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    let no = fleet.call::<Purse>(&user, "Break", &GetRequest::default(), None).await.unwrap_err();
    assert_eq!(code(no), Code::Internal.as_str());
    assert_eq!(fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap().0.coins, 10);
}

#[tokio::test(start_paused = true)]
async fn deadlines_become_commands_even_over_a_crash() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    fleet.call::<Purse>(&user, "Send", &send(&friend, 1), None).await.unwrap();
    rest(30_000).await;
    assert_eq!(fleet.looked(&user).await, 0, "not yet");
    fleet.kill(0).await;
    rest(60_000).await;
    fleet.boot(0).await;
    rest(1_000).await;
    assert_eq!(fleet.looked(&user).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_reminder_that_is_called_off_is_gone_and_one_in_the_same_words_takes_its_place() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    let waiting = || fleet.disk(0).outbox().len();
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    fleet.call::<Purse>(&user, "Send", &send(&friend, 1), None).await.unwrap();
    rest(30_000).await;
    fleet.call::<Purse>(&user, "Send", &send(&friend, 1), None).await.unwrap();
    rest(100).await;
    assert_eq!(waiting(), 1, "the later one");
    rest(31_000).await;
    assert_eq!(fleet.looked(&user).await, 0, "the first one would have come by now");
    fleet.call::<Purse>(&friend, "Send", &send(&user, 1), None).await.unwrap();
    rest(100).await;
    assert_eq!(waiting(), 1, "only the friend's own");
    rest(60_000).await;
    assert_eq!((fleet.looked(&user).await, fleet.looked(&friend).await), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_reminder_that_was_forgotten_at_a_crash_comes_all_the_same() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    fleet.call::<Purse>(&user, "Send", &send(&friend, 1), None).await.unwrap();
    rest(100).await;
    fleet.kill(0).await;
    fleet.boot(0).await;
    fleet.call::<Purse>(&friend, "Send", &send(&user, 1), None).await.unwrap();
    rest(61_000).await;
    assert_eq!(fleet.looked(&user).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_to_the_outside_is_made_until_it_is_answered() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    fleet.call::<Purse>(&user, "Put", &put(1_000), None).await.unwrap();
    rest(1_000).await;
    assert_eq!(fleet.coins(&user).await, 1_100, "the bank was closed at first");
}

#[tokio::test(start_paused = true)]
async fn public_messages_reach_every_cell_once_and_in_order() {
    let fleet = Fleet::new(3).await;
    let users = [fleet.user_in(0, 0), fleet.user_in(1, 0), fleet.user_in(2, 0)];
    for coins in 1..=30 {
        for user in &users {
            fleet.call::<Purse>(user, "Put", &put(coins), None).await.unwrap();
        }
        if coins == 15 {
            fleet.kill(2).await;
            fleet.boot(2).await;
        }
    }
    rest(10_000).await;
    for number in 0..3 {
        for user in &users {
            let row = fleet
                .cell(number)
                .reading()
                .get_replica::<toy::Riches>("purses", user.as_str())
                .await
                .unwrap();
            let row = row.unwrap();
            assert_eq!((row["coins"], row["changes"]), (465, 30), "{user} in {number}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_own_a_tenant_says_who_does() {
    let fleet = Fleet::new(2).await;
    let there = fleet.user_in(1, 0);
    let no = fleet.cell(0).serve(call(&there, "Put", &put(1), None)).await.unwrap_err();
    let Unanswered::NotMine { owner, .. } = no else { panic!("{no:?}") };
    assert_eq!(owner, Some(cell_id(1)));
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_to_whoever_is_to_answer() {
    let fleet = Fleet::new(2).await;
    let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    fleet.call::<Purse>(&there, "Put", &put(7), None).await.unwrap();
    let request = GetRequest { name: there.to_string() };
    let answered = fleet.cell(0).serve(call(&here, "GetOther", &request, None)).await.unwrap();
    assert_eq!(Purse::decode(&*answered.response).unwrap().coins, 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_on_goes_the_same_way_under_its_key() {
    let fleet = Fleet::new(3).await;
    let user = fleet.user_in(0, 0);
    let put_anywhere = async |coins: i64, key: &str| {
        fleet.call::<Purse>(&user, "PutAnywhere", &put(coins), Some(key)).await
    };
    let first = put_anywhere(5, "k1").await.unwrap();
    let again = put_anywhere(5, "k1").await.unwrap();
    assert_eq!((first.0.coins, first.1, again.0.coins, again.1), (5, false, 5, true));
    assert_eq!(code(put_anywhere(6, "k1").await.unwrap_err()), "idempotency_key_reused");
    for number in 0..3 {
        fleet.kill(number).await;
        fleet.boot(number).await;
    }
    assert!(put_anywhere(5, "k1").await.unwrap().1, "also after a crash");
    let both = tokio::join!(put_anywhere(7, "k2"), put_anywhere(7, "k2"));
    let both = (both.0.unwrap(), both.1.unwrap());
    assert_eq!((both.0.0, both.0.1 ^ both.1.1), (both.1.0, true), "one of two at once");
}

#[tokio::test(start_paused = true)]
async fn who_is_to_answer_is_read_back_when_the_answer_of_the_store_is_lost() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    for step in 0..6 {
        let key = format!("k{step}");
        let start = fleet.disk(0).steps();
        fleet.disk(0).inject(Some(Faults::at(start + step, Injected::LoseAnswerAfter)));
        fleet.call::<Purse>(&user, "PutAnywhere", &put(5), Some(&key)).await.unwrap();
        fleet.disk(0).inject(None);
        let again = fleet.call::<Purse>(&user, "PutAnywhere", &put(5), Some(&key)).await.unwrap();
        assert_eq!((again.0.coins, again.1), (5, true), "step {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_is_followed_until_nothing_more_can_come() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    let mut changes =
        fleet.cell(0).watch(call(&user, "Watch", &GetRequest::default(), None)).await.unwrap();
    let mut next =
        async || changes.next().await.map(|answer| Purse::decode(&*answer.unwrap()).unwrap().coins);
    assert_eq!(next().await, Some(5));
    fleet.call::<Purse>(&user, "Put", &put(1), None).await.unwrap();
    assert_eq!(next().await, Some(6));
    fleet.call::<Purse>(&user, "Send", &send(&friend, 6), None).await.unwrap();
    assert_eq!(next().await, Some(0));
    assert_eq!(next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_version_is_refused_before_anything_happens() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    let mut stale = call(&user, "Put", &put(5), None);
    stale.if_match = Some(Version(9));
    assert_eq!(code(fleet.cell(0).serve(stale).await.unwrap_err()), "version_mismatch");
    let mut fresh = call(&user, "Put", &put(5), None);
    fresh.if_match = Some(Version(1));
    assert_eq!(fleet.cell(0).serve(fresh).await.unwrap().version, Version(2));
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_lost_a_tenant_writes_nothing_more() {
    let fleet = Fleet::new(2).await;
    let user = fleet.user_in(1, 0);
    fleet.call::<Purse>(&user, "Put", &put(5), None).await.unwrap();
    // Everything goes to one cell; the other is told.
    let mut draft = router_table::Draft::new(base_ids::Epoch(2));
    let mut owners = table(2, 1).cells().to_vec();
    owners.truncate(1);
    let only = draft.cell(owners.remove(0));
    for slot in 0..=u16::MAX {
        draft.slot(base_ids::Slot(slot), only, base_ids::Generation(2));
    }
    assert!(fleet.cell(1).adopt(draft.build().unwrap()).await.unwrap());
    let no = fleet.cell(1).serve(call(&user, "Put", &put(5), None)).await.unwrap_err();
    assert!(matches!(no, Unanswered::NotMine { .. }), "{no:?}");
    assert!(!fleet.cell(1).adopt(table(2, 1)).await.unwrap(), "never back to an older table");
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_comes_back_from_its_snapshot() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    for _ in 0..23 {
        fleet.call::<Purse>(&user, "Put", &put(1), None).await.unwrap();
    }
    let stream = format!("{user}/purses/purse").parse().unwrap();
    let loaded = fleet.cell(0).stores().journal.load(&stream, Version(0)).await.unwrap();
    assert!(loaded.snapshot.is_some_and(|(version, _)| version >= Version(20)));
    assert!(loaded.events.len() < 5);
    fleet.cell(0).forget();
    assert_eq!(fleet.call::<Purse>(&user, "Put", &put(1), None).await.unwrap().0.coins, 24);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_twice_late_or_without_an_answer_is_heard_once() {
    let odd = [
        Passage::Twice,
        Passage::AnswerLost,
        Passage::After(std::time::Duration::from_millis(300)),
    ];
    for passage in odd {
        let fleet = Fleet::new(2).await;
        let (here, there) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
        fleet.call::<Purse>(&here, "Put", &put(10), None).await.unwrap();
        fleet.wires().on_passage(Some(std::sync::Arc::new(move |_, _, number| {
            if number == 1 { passage } else { Passage::Once }
        })));
        fleet.call::<Purse>(&here, "Send", &send(&there, 4), None).await.unwrap();
        fleet.call::<Purse>(&here, "Send", &send(&there, 1), None).await.unwrap();
        rest(5_000).await;
        assert_eq!(fleet.coins(&there).await, 5, "{passage:?}");
    }
}
