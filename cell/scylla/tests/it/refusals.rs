//! Keyspaces that do not open, and what they say.

use base_testkit::free_port;
use cell_scylla::{Config, OpenRefusal, Scylla};
use tokio::net::{TcpListener, TcpStream};

use crate::keyspace::Keyspace;

async fn refusal(config: &Config) -> OpenRefusal {
    match Scylla::open(config).await {
        Err(refusal) => refusal,
        Ok(_) => panic!("{} opened", config.keyspace),
    }
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named_with_what_to_check() {
    let nobody = format!("127.0.0.1:{}", free_port().unwrap());
    let config =
        Config { call_ms_max: 500, patience_ms: 0, ..Config::new([nobody.clone()], "souk") };
    let refusal = refusal(&config).await;
    let text = refusal.to_string();
    assert!(matches!(refusal, OpenRefusal::Unreachable { .. }), "{text}");
    assert!(text.contains(&nobody) && text.contains("check that the engine runs"), "{text}");
}

#[tokio::test]
async fn an_engine_that_comes_later_is_waited_for() {
    let Some(keyspace) = Keyspace::new("an_engine_that_comes_later_is_waited_for").await else {
        return;
    };
    let engine = keyspace.config.nodes[0].clone();
    let door = format!("127.0.0.1:{}", free_port().unwrap());
    let config = Config { nodes: vec![door.clone()], ..keyspace.config.clone() };
    let mut opening = Box::pin(Scylla::open(&config));
    let soon = std::time::Duration::from_millis(500);
    assert!(tokio::time::timeout(soon, &mut opening).await.is_err(), "it waits");
    let listener = TcpListener::bind(&door).await.unwrap();
    let doorkeeper = tokio::spawn(async move {
        loop {
            let (mut coming, _) = listener.accept().await.unwrap();
            let mut inside = TcpStream::connect(&engine).await.unwrap();
            tokio::spawn(
                async move { tokio::io::copy_bidirectional(&mut coming, &mut inside).await },
            );
        }
    });
    opening.await.unwrap().close().await.unwrap();
    doorkeeper.abort();
    keyspace.forget().await;
}

#[tokio::test]
async fn settings_are_refused_all_at_once_before_anybody_is_asked() {
    let config = Config { replication: 0, ..Config::new(["nobody".to_owned()], "Not A Name") };
    let text = refusal(&config).await.to_string();
    for word in ["nobody", "replication", "keyspace"] {
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn a_keyspace_of_a_newer_build_is_refused() {
    let Some(keyspace) = Keyspace::new("a_keyspace_of_a_newer_build_is_refused").await else {
        return;
    };
    keyspace.open().await.close().await.unwrap();
    keyspace.say("UPDATE KEYSPACE.laid_out SET version = 99 WHERE shard = 0 IF version = 2").await;
    let refusal = refusal(&keyspace.config).await;
    let text = refusal.to_string();
    assert!(matches!(refusal, OpenRefusal::Newer { found: 99, known: 2, .. }), "{text}");
    assert!(text.contains(&keyspace.config.keyspace) && text.contains("at least as new"), "{text}");
    keyspace.forget().await;
}

#[tokio::test]
async fn pods_that_start_at_once_lay_out_one_keyspace() {
    let Some(keyspace) = Keyspace::new("pods_that_start_at_once_lay_out_one_keyspace").await else {
        return;
    };
    let opened = futures_util::future::join_all((0..4).map(|_| keyspace.open())).await;
    let stores: Vec<_> = opened.iter().map(Scylla::stores).collect();
    let stream = crate::given::owned(&stores[0], "users/a/carts/main").await;
    for (head, stores) in (0..).zip(&stores) {
        crate::given::done(stores, crate::given::full(&stream, head)).await;
    }
    drop(stores);
    for pod in opened {
        pod.close().await.unwrap();
    }
    keyspace.forget().await;
}
