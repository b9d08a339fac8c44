//! A Redis that is not there, that does not answer, that goes away and comes back, that does not let the cell in.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use base_testkit::{TestEngine, eventually};
use cell_redis::{Activity, Config, OpenRefusal, Redis};
use cell_runtime::ephemeral::{Arrival, Ephemeral as _, Pace, Welcome};
use tokio::net::TcpListener;

use crate::{cell, config, open, wire::Wire};

const LONG: Duration = Duration::from_mins(5);
const ONE: Pace = Pace { per_minute: 1, burst: 1 };

async fn comes(redis: &Redis, who: &str, session: &str) -> Welcome {
    redis.welcome(Arrival { who, session: Some(session), pace: Some(ONE) }).await
}

#[tokio::test]
async fn a_process_goes_on_alone_while_redis_is_away_and_uses_it_again_when_it_is_back() {
    let name = "a_process_goes_on_alone_while_redis_is_away_and_uses_it_again_when_it_is_back";
    let Some(address) = TestEngine::Redis.address(name) else { return };
    let wire = Wire::to(address.clone()).await;
    let cell = cell();
    let redis = open(&wire.address.to_string(), &cell).await;
    let other = open(&address, &cell).await;
    redis.remember("k", b"shared", LONG).await;
    assert_eq!(other.recall("k").await, Some(b"shared".to_vec()));
    wire.cut();
    redis.end_session("users/a", "s", LONG).await;
    assert_eq!(comes(&redis, "users/a", "s").await, Welcome::SessionEnded, "it knows by itself");
    assert_eq!(comes(&redis, "users/b", "s").await, Welcome::Come);
    assert!(matches!(comes(&redis, "users/b", "s").await, Welcome::After(_)), "its own pace");
    assert_eq!(redis.recall("k").await, None);
    let before = redis.activity();
    assert!(before.alone >= 4, "{before:?}");
    wire.mend();
    let back =
        eventually(Duration::from_secs(20), async || redis.recall("k").await.ok_or("still alone"));
    assert_eq!(back.await.unwrap(), b"shared");
    assert_eq!(comes(&redis, "users/a", "s").await, Welcome::SessionEnded, "it still knows");
    assert!(redis.activity().answered > before.answered);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_costs_one_wait_a_second() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let config = Config { call_ms_max: 100, ..config(&address) };
    let redis = Redis::open(&config, &cell()).await.unwrap();
    let begun = Instant::now();
    for nth in 0..200 {
        let who = format!("users/u{nth}");
        assert_eq!(comes(&redis, &who, "s").await, Welcome::Come);
    }
    // 200 waits would be 20 seconds.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(redis.activity(), Activity { answered: 0, alone: 200 });
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_what_to_check() {
    let name = "wrong_credentials_are_refused_with_what_to_check";
    let Some(address) = TestEngine::Redis.address(name) else { return };
    let client = redis::Client::open(format!("redis://{address}")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let user = format!("u{}", uuid::Uuid::new_v4().simple());
    redis::cmd("ACL")
        .arg(&["SETUSER", &user, "on", ">right", "~souk:*", "+@all"])
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    let with = |password: &str| Config {
        user: Some(user.clone()),
        password: password.to_owned().into(),
        ..config(&address)
    };
    let redis = Redis::open(&with("right"), &cell()).await.unwrap();
    redis.remember("k", b"v", LONG).await;
    assert_eq!(redis.activity().answered, 1);
    let Err(refusal) = Redis::open(&with("wrong"), &cell()).await else { panic!("it is let in") };
    let text = refusal.to_string();
    assert!(text.contains(&address) && text.contains("redis.password"), "{text}");
    assert!(matches!(refusal, OpenRefusal::Credentials { .. }) && refusal.source().is_some());
    redis::cmd("ACL").arg(&["DELUSER", &user]).query_async::<()>(&mut connection).await.unwrap();
}

#[tokio::test]
async fn settings_are_refused_all_at_once() {
    let wrong = Config { call_ms_max: 0, prefix: Some("é".to_owned()), ..config("nowhere") };
    let Err(refusal) = Redis::open(&wrong, &cell()).await else { panic!("it opens") };
    let text = refusal.to_string();
    for word in ["host:port", "prefix", "call_ms_max"] {
        assert!(text.contains(word), "{text}");
    }
}
