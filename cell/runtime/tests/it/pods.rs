//! Several processes of one cell over the same stores.

use std::time::Duration;

use cell_runtime::Cell;
use futures_util::StreamExt as _;
use prost::Message as _;

use crate::{
    fleet::{Fleet, call, rest},
    put, send,
    toy::{self, GetRequest, Purse},
};

async fn carry(pod: &Cell, user: &base_ids::Tenant, method: &str, request: &impl prost::Message) {
    pod.serve(call(user, method, request, None)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_pod_remembers_is_no_ground_for_a_refusal() {
    let fleet = Fleet::new(1).await;
    let (user, friend) = (fleet.user_in(0, 0), fleet.user_in(0, 1));
    let (a, b) = (fleet.pod(0).await, fleet.pod(0).await);
    carry(&a, &user, "Put", &put(5)).await;
    carry(&b, &user, "Put", &put(10)).await;
    carry(&a, &user, "Send", &send(&friend, 12)).await;
    let no = b.serve(call(&user, "Send", &send(&friend, 4), None)).await.unwrap_err();
    assert_eq!(crate::code(no), "too_few_coins", "what is left is known here, too");
}

#[tokio::test(start_paused = true)]
async fn pods_that_race_for_a_stream_lose_nothing() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let pods = [fleet.pod(0).await, fleet.pod(0).await];
    for _ in 0..20 {
        let one = put(1);
        let (first, second) = tokio::join!(
            pods[0].serve(call(&user, "Put", &one, None)),
            pods[1].serve(call(&user, "Put", &one, None))
        );
        first.and(second).unwrap();
    }
    assert_eq!(fleet.coins(&user).await, 40);
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_a_row_at_one_pod_sees_what_another_changes() {
    let fleet = Fleet::new(1).await;
    let user = fleet.user_in(0, 0);
    let (a, b) = (fleet.pod(0).await, fleet.pod(0).await);
    carry(&a, &user, "Put", &put(5)).await;
    let mut followed = a.watch(call(&user, "Watch", &GetRequest::default(), None)).await.unwrap();
    let mut next = async || {
        let answer = tokio::time::timeout(Duration::from_secs(5), followed.next()).await;
        Purse::decode(&*answer.expect("within five seconds").unwrap().unwrap()).unwrap().coins
    };
    assert_eq!(next().await, 5);
    carry(&b, &user, "Put", &put(10)).await;
    assert_eq!(next().await, 15);
    carry(&a, &user, "Put", &put(1)).await;
    assert_eq!(next().await, 16);
    let quiet = tokio::time::timeout(Duration::from_mins(1), followed.next()).await;
    assert!(quiet.is_err(), "what has not changed is not told again");
}

#[tokio::test(start_paused = true)]
async fn public_messages_are_folded_once_whichever_pods_follow() {
    let fleet = Fleet::new(2).await;
    let users = [fleet.user_in(0, 0), fleet.user_in(1, 0)];
    let pods = [fleet.pod(0).await, fleet.pod(0).await];
    let mut told = 0;
    for stopped in [None, Some(0), Some(1)] {
        if let Some(stopped) = stopped {
            pods[stopped].stop().await;
        }
        for _ in 0..30 {
            for user in &users {
                fleet.call::<Purse>(user, "Put", &put(1), None).await.unwrap();
            }
            told += 1;
            rest(50).await;
        }
        // Within seconds whoever is left has followed.
        rest(5_000).await;
        for user in &users {
            let reading = fleet.cell(0);
            let row = reading.reading().get_replica::<toy::Riches>("purses", user.as_str()).await;
            let row = row.unwrap().unwrap();
            assert_eq!((row["coins"], row["changes"]), (told, told), "{user}, {stopped:?}");
        }
    }
}
