//! Damaged files: every acknowledged append is there, or the store says so; never silence.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use cell_embedded::{Config, Embedded};
use cell_runtime::port::Stores;

use crate::ledger::{self, Ledger, Wrong};

const STREAMS: usize = 5;
const APPENDS: u64 = 240;

/// How a damaged store ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// It opened and everything is there.
    Intact,
    /// It did not open.
    Refused,
    /// It opened, and a read of the damaged part failed.
    FailedRead,
}

/// A store with tables, sealed and open logs, as a crash left it; and what it had acknowledged.
struct Original {
    home: tempfile::TempDir,
    ledger: Ledger,
}

impl Original {
    async fn make() -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = Config { memtable_bytes: 1 << 20, ..Config::new(home.path().join("store")) };
        let mut ledger = Ledger::default();
        let store = Embedded::open(&config).unwrap();
        ledger::own_all(&store.stores()).await.unwrap();
        for version in 0..APPENDS {
            let appends = (0..STREAMS).map(|number| {
                let stream = ledger::stream(number);
                let stores: Stores = store.stores();
                async move {
                    let append = ledger::append(&stream, version);
                    stores.journal.append(append).await.unwrap();
                }
            });
            futures_util::future::join_all(appends).await;
        }
        for number in 0..STREAMS {
            ledger.acknowledged(ledger::stream(number).to_string(), APPENDS);
        }
        // Copied while it is open: as a crash would leave it.
        let original = Self { home, ledger };
        original.copy_to(&original.path("crashed"), "store");
        drop(store);
        original
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn copy_to(&self, to: &Path, from: &str) {
        let status = Command::new("cp")
            .args(["-r", "--sparse=always"])
            .args([&self.path(from), to])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// All files of the crashed store, by their path in it, with the length of what was really written.
    fn files(&self) -> Vec<(PathBuf, u64)> {
        let root = self.path("crashed");
        let mut directories = vec![root.clone()];
        let mut files = Vec::new();
        while let Some(directory) = directories.pop() {
            for found in std::fs::read_dir(directory).unwrap() {
                let path = found.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
                    files.push((path.strip_prefix(&root).unwrap().to_owned(), written as u64));
                }
            }
        }
        files.sort();
        files
    }

    /// Damages a copy and sees how it ends.
    async fn damaged(&self, damage: impl FnOnce(&Path)) -> Ended {
        let trial = tempfile::tempdir_in(self.home.path()).unwrap();
        let path = trial.path().join("store");
        self.copy_to(&path, "crashed");
        damage(&path);
        let mut ledger = self.ledger.clone();
        let Ok(store) = Embedded::open(&Config::new(&path)) else {
            return Ended::Refused;
        };
        let stores = store.stores();
        match ledger.check(&stores).await {
            Ok(()) => Ended::Intact,
            Err(Wrong::Loud(_)) => Ended::FailedRead,
            Err(wrong @ Wrong::Silent(_)) => panic!("{}", wrong.text()),
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    intact: usize,
    refused: usize,
    failed_reads: usize,
}

impl Counts {
    fn note(&mut self, ended: &Ended) {
        match ended {
            Ended::Intact => self.intact += 1,
            Ended::Refused => self.refused += 1,
            Ended::FailedRead => self.failed_reads += 1,
        }
    }
}

#[tokio::test]
async fn a_flipped_byte_is_never_passed_over_in_silence() {
    let original = Original::make().await;
    let mut counts = Counts::default();
    for (file, written) in original.files() {
        // More places where writes go; the step is odd so that it meets every part of a record.
        let is_log = file.extension().is_some_and(|extension| extension == "jnl");
        let step = (written / if is_log { 80 } else { 10 }).max(1) | 1;
        for place in (0..written).step_by(usize::try_from(step).unwrap()) {
            let ended = original.damaged(|store| flip(&store.join(&file), place)).await;
            counts.note(&ended);
        }
    }
    assert!(counts.intact > 0 && counts.refused > 0, "{counts:?}");
}

/// The engine's own checksums do not cover the first bytes of a batch, so each of them is tried, at several batches.
#[tokio::test]
async fn no_byte_between_two_batches_is_passed_over_in_silence() {
    const END_OF_BATCH: [u8; 4] = *b"FJL\x03";
    const BATCHES: usize = 5;
    const BYTES_BEFORE: u64 = 14;
    const BYTES_BEHIND: u64 = 16;
    let original = Original::make().await;
    let mut logs = original.files().into_iter().map(|(file, _)| file);
    let log = logs.rfind(|file| file.extension().is_some_and(|extension| extension == "jnl"));
    let log = log.unwrap();
    let bytes = std::fs::read(original.path("crashed").join(&log)).unwrap();
    let is_end = |at: &usize| bytes[*at..].starts_with(&END_OF_BATCH);
    let ends: Vec<u64> = (0..bytes.len()).filter(is_end).map(|at| at as u64).collect();
    assert!(ends.len() > BATCHES, "the log has another form: {} batches", ends.len());
    let mut counts = Counts::default();
    for end in ends.iter().step_by(ends.len() / BATCHES) {
        let behind = (end + BYTES_BEHIND).min(bytes.len() as u64);
        for place in end.saturating_sub(BYTES_BEFORE)..behind {
            let ended = original.damaged(|store| flip(&store.join(&log), place)).await;
            counts.note(&ended);
        }
    }
    assert!(counts.refused > counts.intact, "{counts:?}");
}

#[tokio::test]
async fn a_file_that_is_cut_or_gone_is_never_passed_over_in_silence() {
    let original = Original::make().await;
    let mut counts = Counts::default();
    for (file, written) in original.files() {
        for len in [0, written / 3, written.saturating_sub(1)] {
            let cut = |store: &Path| open(&store.join(&file)).set_len(len).unwrap();
            counts.note(&original.damaged(cut).await);
        }
        let gone = |store: &Path| std::fs::remove_file(store.join(&file)).unwrap();
        counts.note(&original.damaged(gone).await);
    }
    assert!(counts.intact > 0 && counts.refused > 0, "{counts:?}");
}

fn open(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

fn flip(path: &Path, place: u64) {
    let file = open(path);
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 0x41], place).unwrap();
}
