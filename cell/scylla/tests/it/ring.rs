//! A ring of three nodes that keeps three copies, under writers who do not stop: nodes are killed with `kill -9` and come back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use base_fault::Code;
use base_ids::{StreamName, Version};
use base_testkit::{OwnEngine, eventually, has_time};
use cell_runtime::port::{Appended, Stores};
use futures_util::future::join_all;

use crate::{
    given::{full, owned, row, version},
    keyspace::Keyspace,
};

const PATIENCE: Duration = Duration::from_mins(2);
/// How often a writer appends at most.
const PACE: Duration = Duration::from_millis(50);
/// Appends of each writer that show that it goes on.
const SOME: u64 = 5;

/// Appends to a stream of its own until it is told to stop.
struct Writer {
    stores: Stores,
    stream: StreamName,
    /// Appends that were acknowledged.
    done: AtomicU64,
    /// How the last one that was not ended.
    refused: parking_lot::Mutex<Option<(Code, String)>>,
}

impl Writer {
    async fn new(stores: Stores, name: &str) -> Self {
        let stream = owned(&stores, name).await;
        Self { stores, stream, done: AtomicU64::new(0), refused: parking_lot::Mutex::default() }
    }

    async fn write(&self, stop: &AtomicBool) {
        let (mut head, mut turns) = (0, tokio::time::interval(PACE));
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !stop.load(Ordering::SeqCst) {
            turns.tick().await;
            match self.stores.journal.append(full(&self.stream, head)).await {
                Ok(Appended::Done { .. }) => {
                    head += 1;
                    self.done.fetch_add(1, Ordering::SeqCst);
                }
                // One that was said to be unknown has happened.
                Ok(Appended::Conflict { head: now }) => {
                    assert!(now.0 > head, "{} is at {} and was at {head}", self.stream, now.0);
                    head = now.0;
                }
                Ok(ended) => panic!("{ended:?}"),
                Err(fault) => {
                    *self.refused.lock() = Some((fault.code(), base_fault::chain(&fault)));
                }
            }
        }
    }

    fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }
}

/// Waits until each writer has appended some more.
async fn go_on(writers: &[Arc<Writer>]) {
    let before: Vec<_> = writers.iter().map(|writer| writer.done()).collect();
    let more = eventually(PATIENCE, async || {
        let now: Vec<_> = writers.iter().map(|writer| writer.done()).collect();
        let all = before.iter().zip(&now).all(|(before, now)| now >= &(before + SOME));
        if all { Ok(()) } else { Err(format!("{before:?}, {now:?}, {:?}", writers[0].refused)) }
    });
    more.await.unwrap();
}

async fn days(ring: &OwnEngine, writers: &[Arc<Writer>]) {
    go_on(writers).await;
    // One of three, and the one by which the cell came in: nobody notices for long.
    ring.kill("cassandra-1").unwrap();
    go_on(writers).await;
    ring.restart().unwrap();
    // What the first one has missed is read with it, for one of the others is gone.
    ring.kill("cassandra-2").unwrap();
    go_on(writers).await;
    for writer in writers {
        let acknowledged = writer.done();
        assert!(version(&writer.stores, &writer.stream).await >= Version(acknowledged));
    }
    // Two of three.
    for writer in writers {
        *writer.refused.lock() = None;
    }
    ring.kill("cassandra-3").unwrap();
    let refused = eventually(PATIENCE, async || {
        let all = writers.iter().map(|writer| writer.refused.lock().clone());
        let all: Option<Vec<_>> = all.collect();
        all.filter(|all| all.iter().all(|(code, _)| *code == Code::Unavailable)).ok_or("not yet")
    });
    for (_, text) in refused.await.unwrap() {
        for word in ["127.0.0.1:", "127.0.0.3:", "enough of its nodes live"] {
            assert!(text.contains(word), "{text}");
        }
    }
    let acknowledged: u64 = writers.iter().map(|writer| writer.done()).sum();
    let fault = writers[0].stores.journal.events(&writers[0].stream, Version(0), 9).await;
    assert_eq!(fault.map_err(|fault| fault.code()), Err(Code::Unavailable));
    assert_eq!(
        writers.iter().map(|writer| writer.done()).sum::<u64>(),
        acknowledged,
        "one is not enough"
    );
    ring.restart().unwrap();
    go_on(writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_goes_on_without_one_node_and_after_two_and_loses_nothing() {
    let test = "a_ring_goes_on_without_one_node_and_after_two_and_loses_nothing";
    if !has_time(test) {
        return;
    }
    let ring = OwnEngine::start(test, "cassandra", &["--ring", "3"]).unwrap();
    let Some(ring) = ring else { return };
    let mut keyspace = Keyspace::on(ring.addresses().unwrap(), 3).await;
    (keyspace.config.call_ms_max, keyspace.config.silent_ms_max) = (3_000, 5_000);
    let pods = [keyspace.open().await, keyspace.open().await];
    let mut writers = Vec::new();
    let stop = Arc::new(AtomicBool::new(false));
    let mut writing = Vec::new();
    for (nth, pod) in pods.iter().enumerate() {
        for other in 0..2 {
            let name = format!("users/u{nth}/carts/c{other}");
            let (writer, stop) = (Arc::new(Writer::new(pod.stores(), &name).await), stop.clone());
            writers.push(writer.clone());
            writing.push(tokio::spawn(async move { writer.write(&stop).await }));
        }
    }
    days(&ring, &writers).await;
    stop.store(true, Ordering::SeqCst);
    for ended in join_all(writing).await {
        ended.unwrap();
    }
    for writer in &writers {
        let (stores, stream) = (&writer.stores, &writer.stream);
        let head = version(stores, stream).await;
        assert!(head >= Version(writer.done()), "{stream} is at {head:?}");
        assert_eq!(row(stores, stream).await, Some(head.0.to_string()), "{stream}");
    }
    drop(writers);
    for pod in pods {
        pod.close().await.unwrap();
    }
}
