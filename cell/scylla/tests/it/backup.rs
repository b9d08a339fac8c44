//! Backup and restore, as the page for operators says: a cell that stands still, a snapshot, an engine that is lost.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use base_ids::{Generation, StreamName, Version};
use base_testkit::{OwnEngine, Scratch, eventually};
use cell_runtime::port::{Append, Appended, Fence, Reply, ReplyKey, Scope, StoredEvent, Stores};
use cell_scylla::{Mishap, Step};

use crate::{
    given::{NOON, done, due, events, full, owned, row, version},
    keyspace::Keyspace,
};

const NODE: &str = "cassandra-1";
const SOON: Duration = Duration::from_secs(30);
/// Positions of the public log in a bucket.
const BUCKET: u64 = 4_096;

/// What a stream's readers see.
type Seen = (Vec<StoredEvent>, Option<String>);

async fn seen(stores: &Stores, streams: &[StreamName]) -> Vec<Seen> {
    let mut all = Vec::new();
    for stream in streams {
        let events = stores.journal.events(stream, Version(0), usize::MAX).await.unwrap();
        all.push((events, row(stores, stream).await));
    }
    all
}

fn key() -> ReplyKey {
    ReplyKey { caller: "users/a".to_owned(), key: "k".to_owned() }
}

/// Makes a stream under a key.
fn keyed(stream: &StreamName) -> Append {
    let until = NOON.after(Duration::from_hours(24));
    let reply = Reply { request: 7, answer: Ok(vec![1]), version: Version(1), until };
    Append { reply: Some((key(), reply)), ..full(stream, 0) }
}

/// Settles what is due at once.
async fn settle(stores: &Stores) {
    let due = stores.outbox.due(NOON, None, 99).await.unwrap();
    stores.outbox.settle(due.into_iter().map(|(key, _)| key).collect()).await.unwrap();
}

/// The tables of a keyspace, each a folder with its name and its id.
fn tables(engine: &OwnEngine, keyspace: &str) -> Vec<PathBuf> {
    let folder = engine.folder().join(NODE).join("data/data").join(keyspace);
    fs::read_dir(folder).unwrap().map(|table| table.unwrap().path()).collect()
}

/// Takes a snapshot of the keyspace, and puts it where the engine cannot lose it.
fn back_up(engine: &OwnEngine, keyspace: &str, to: &Path) -> io::Result<()> {
    engine.nodetool(NODE, &["snapshot", "-t", "before", keyspace])?;
    for table in tables(engine, keyspace) {
        copy(&table.join("snapshots/before"), &to.join(table.file_name().unwrap()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// Lays the tables out on an empty engine, with the ids that they had, and puts their files where they were.
async fn restore(engine: &OwnEngine, keyspace: &mut Keyspace, from: &Path) -> io::Result<()> {
    engine.stop()?;
    fs::remove_dir_all(engine.folder().join(NODE).join("data"))?;
    engine.restart()?;
    keyspace.connect_again().await;
    keyspace
        .say("CREATE keyspace KEYSPACE WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1}")
        .await;
    for table in fs::read_dir(from)? {
        let schema = fs::read_to_string(table?.path().join("schema.cql"))?;
        keyspace.say(schema.trim_end().trim_end_matches(';')).await;
    }
    engine.stop()?;
    for table in tables(engine, &keyspace.config.keyspace) {
        copy(&from.join(table.file_name().unwrap()), &table)?;
    }
    engine.restart()?;
    keyspace.connect_again().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_cell_is_what_it_was_when_the_snapshot_was_taken_and_goes_on() {
    let test = "a_restored_cell_is_what_it_was_when_the_snapshot_was_taken_and_goes_on";
    let Some(engine) = OwnEngine::start(test, "cassandra", &[]).unwrap() else { return };
    let mut keyspace = Keyspace::on(engine.addresses().unwrap(), 1).await;
    let copy = Scratch::new("backup").unwrap();

    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let (stores, others) = (a.stores(), b.stores());
    let told = owned(&stores, "users/a/carts/told").await;
    let waits = owned(&stores, "users/a/carts/waits").await;
    let half = owned(&stores, "users/a/carts/half").await;
    let made = owned(&stores, "users/a/carts/made").await;
    let late = owned(&stores, "users/a/carts/late").await;
    let streams = [told.clone(), waits.clone(), made.clone(), late.clone()];
    done(&stores, full(&told, 0)).await;
    settle(&stores).await;
    done(&others, full(&waits, 0)).await;
    done(&others, full(&waits, 1)).await;
    done(&stores, keyed(&made)).await;
    let before = seen(&stores, &streams).await;
    // One process dies with an append half done; the other ends in order. The cell stands still.
    b.mishaps().queue(Step::Spread, Mishap::CallLost, 1_000);
    assert!(others.journal.append(full(&half, 0)).await.is_err());
    drop((stores, others));
    a.close().await.unwrap();
    drop(b);
    back_up(&engine, &keyspace.config.keyspace, copy.path()).unwrap();

    // It goes on, and all of this is going to be lost.
    let c = keyspace.open().await;
    let stores = c.stores();
    for (stream, head) in [(&told, 1), (&waits, 2), (&made, 1), (&late, 0)] {
        done(&stores, events(stream, head, 3)).await;
        done(&stores, full(stream, head + 3)).await;
    }
    settle(&stores).await;
    let lost_head = *stores.public.head().borrow();
    let slot = || Scope::Slot(told.tenant.slot());
    stores.fences.set(vec![(slot(), Fence::Closed(Generation(9)))]).await.unwrap();
    assert_ne!(seen(&stores, &streams).await, before);
    drop(stores);
    drop(c);
    restore(&engine, &mut keyspace, copy.path()).await.unwrap();
    // Other cells have followed what was told since: nothing new may lie where they have been.
    let bucket = lost_head / BUCKET + 1;
    keyspace
        .say(&format!("INSERT INTO KEYSPACE.places (kind, name, position) VALUES ('public', 'tip', {bucket}) USING TIMESTAMP {bucket}"))
        .await;
    let d = keyspace.open().await;
    let stores = d.stores();
    assert_eq!(seen(&stores, &streams).await, before);
    // What was half done is finished, what waited is told, what was settled is not told again.
    let finished = eventually(SOON, async || match due(&stores).await {
        4 => Ok(()),
        count => Err(count),
    });
    finished.await.unwrap();
    assert_eq!(row(&stores, &half).await.as_deref(), Some("1"));
    let timer = NOON.after(Duration::from_mins(5));
    assert_eq!(stores.outbox.next_due(NOON).await.unwrap(), Some(timer));
    let answered = stores.journal.reply(&told.tenant, &key()).await.unwrap();
    assert_eq!(answered.map(|reply| reply.version), Some(Version(1)));
    let fence = stores.fences.of(&told.tenant).await.unwrap();
    assert_eq!(fence, Some(Fence::Open(crate::given::OWNED)));

    // It goes on with other deeds than those that were lost; their rows are its own.
    let again = stores.journal.append(keyed(&late)).await.unwrap();
    assert!(matches!(again, Appended::AlreadyReplied(_)), "{again:?}");
    for (stream, head) in [(&told, 1), (&waits, 2), (&half, 1), (&made, 1), (&late, 0)] {
        done(&stores, full(stream, head)).await;
        assert_eq!(version(&stores, stream).await, Version(head + 1), "{stream}");
        let written = (head + 1).to_string();
        assert_eq!(row(&stores, stream).await.as_deref(), Some(&*written), "{stream}");
    }
    assert_eq!(due(&stores).await, 9);
    let log = stores.public.after(0, 99).await.unwrap();
    let ids: BTreeSet<_> = log.iter().map(|(_, message)| message.id.0).collect();
    assert_eq!(ids.len(), 10, "{log:?}");
    let behind = stores.public.after(lost_head, 99).await.unwrap();
    let new = behind.iter().filter(|(_, message)| message.version > Version(1)).count();
    assert!(new >= 3, "whoever has followed what was lost hears the new: {behind:?}");
    drop(stores);
    d.close().await.unwrap();
}
