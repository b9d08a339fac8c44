//! An engine whose disk is full.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use base_fault::Code;
use base_ids::Version;
use base_testkit::{OwnEngine, eventually, skipped};
use cell_runtime::port::{Append, Appended, NewEvent};

use crate::{
    given::{done, events, owned, row, version},
    keyspace::Keyspace,
};

const NODE: &str = "cassandra-1";
const PATIENCE: Duration = Duration::from_mins(2);
/// What the disk holds, and how much of it one event takes, in bytes.
const DISK: &str = "size=128m";
const EVENT: usize = 256 << 10;
/// Appends that would fill it twice.
const TOO_MANY: u64 = 1_000;

/// A disk of its own, in memory; given back when it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// Nothing, and `test` is skipped, where nobody may mount.
    fn at(folder: PathBuf, test: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mount = ["-t", "tmpfs", "-o", DISK, "souk"];
        let mounted = Command::new("mount").args(mount).arg(&folder).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            skipped(test, "the right to mount a small disk");
            return None;
        }
        Some(Self(folder))
    }

    /// Takes all that is left of it, but for `left` bytes.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.0.join("somebody-elses");
        let mut file = fs::File::create(&path).unwrap();
        let mut taken = 0_u64;
        while let Ok(more) = file.write(&vec![0; 64 << 10]) {
            taken += more as u64;
        }
        file.set_len(taken.saturating_sub(left)).unwrap();
        path
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever is still there loses it when it ends.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn big(append: Append) -> Append {
    let body = [b"{\"n\":\"".as_slice(), &vec![b'x'; EVENT], b"\"}"].concat();
    let events = append.events.into_iter().map(|event| NewEvent { body: body.clone(), ..event });
    Append { events: events.collect(), ..append }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_engine_is_said_and_loses_nothing_that_was_acknowledged() {
    let test = "a_full_disk_of_the_engine_is_said_and_loses_nothing_that_was_acknowledged";
    let Some(engine) = OwnEngine::prepare(test, "cassandra", &[]).unwrap() else { return };
    let Some(disk) = Disk::at(engine.folder().join(NODE).join("data"), test) else { return };
    engine.restart().unwrap();
    let mut keyspace = Keyspace::on(engine.addresses().unwrap(), 1).await;
    keyspace.config.call_ms_max = 3_000;
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    done(&stores, crate::given::full(&stream, 0)).await;

    let somebodys = disk.fill(4 << 20);
    let mut acknowledged = 1;
    let fault = loop {
        assert!(acknowledged < TOO_MANY, "{} is never full", disk.path().display());
        match stores.journal.append(big(events(&stream, acknowledged, 1))).await {
            Ok(Appended::Done { .. }) => acknowledged += 1,
            Ok(ended) => panic!("{ended:?}"),
            Err(fault) => break fault,
        }
    };
    let text = base_fault::chain(&fault);
    let known = [Code::Unavailable, Code::OutcomeUnknown].contains(&fault.code());
    assert!(known && text.contains(&engine.address().unwrap()), "{text}");
    let refused = eventually(PATIENCE, async || {
        let again = stores.journal.append(big(events(&stream, acknowledged, 1))).await;
        match again {
            Err(fault) if fault.code() == Code::Unavailable => Ok(base_fault::chain(&fault)),
            other => Err(format!("{other:?}")),
        }
    });
    let text = refused.await.unwrap();
    for word in [&*engine.address().unwrap(), "Check that enough of its nodes live"] {
        assert!(text.contains(word), "{text}");
    }

    // There is room again, and whoever looks after the engine starts it.
    fs::remove_file(somebodys).unwrap();
    engine.kill(NODE).unwrap();
    engine.restart().unwrap();
    let head = eventually(PATIENCE, async || {
        let found = stores.journal.events(&stream, Version(0), usize::MAX).await;
        found.map(|events| events.last().map_or(0, |event| event.version.0))
    });
    let head = head.await.unwrap();
    assert!(head >= acknowledged, "{head} of {acknowledged}");
    let written = crate::given::full(&stream, head);
    let goes_on = eventually(PATIENCE, async || {
        let appended = stores.journal.append(written.clone()).await;
        let now = version(&stores, &stream).await;
        // One that was said to be unknown has happened.
        if now == Version(head + 1) { Ok(()) } else { Err(format!("{appended:?}")) }
    });
    goes_on.await.unwrap();
    assert_eq!(row(&stores, &stream).await, Some((head + 1).to_string()));
    drop(stores);
    open.close().await.unwrap();
    engine.stop().unwrap();
}
