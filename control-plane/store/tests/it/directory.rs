//! What a directory promises: nothing that was acknowledged is lost in silence, whatever becomes of its files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cp_model::Fleet;
use cp_store::{OpenError, Store};
use proptest::prelude::*;

use crate::words;

/// What [`words::fill`] writes, in a directory.
fn fill(directory: &Path) -> Fleet {
    let store = Store::open(directory).unwrap();
    words::fill(&store);
    Fleet::clone(&store.fleet())
}

#[test]
fn a_second_process_is_refused_while_the_first_one_lives() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(directory.path()).unwrap();
    let second = Store::open(directory.path()).err().unwrap();
    assert!(matches!(second, OpenError::Locked(_)), "{second:?}");
    assert!(second.to_string().contains("another control plane already uses"));
    drop(first);
    Store::open(directory.path()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("data"), PathBuf::from("/proc/self/souk")] {
        let error = Store::open(&path).err().unwrap();
        assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn an_emptied_database_is_not_taken_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_dir_all(directory.path().join("store")).unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, OpenError::LostCommits { found: 0, acknowledged: 8, .. }), "{error:?}");
}

#[test]
fn a_lost_mark_is_not_taken_for_a_low_one() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_file(directory.path().join("high-water")).unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, OpenError::MarkLost { found: 8, .. }), "{error:?}");
}

/// The mark of a store with so many commits.
fn mark_of(commits: u64) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for number in 1..=commits {
        words::register(&store, &format!("cell-{number}")).unwrap();
    }
    assert_eq!(store.commit(), commits);
    fs::read(directory.path().join("high-water")).unwrap()
}

#[test]
fn a_crash_between_a_commit_and_its_mark_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let before = fill(directory.path());
    fs::write(directory.path().join("high-water"), mark_of(4)).unwrap();
    assert_eq!(*Store::open(directory.path()).unwrap().fleet(), before);
}

fn files_of(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_of(&path, files);
        } else if path.file_name().is_some_and(|name| name != "lock")
            && path.metadata().unwrap().len() > 0
        {
            files.push(path);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Spoils one file of a copy of the store; what opens afterwards, if anything, must be all that was acknowledged.
fn spoil(file: usize, spoil: impl Fn(&mut Vec<u8>)) {
    let original = tempfile::tempdir().unwrap();
    let before = fill(original.path());
    let directory = tempfile::tempdir().unwrap();
    copy(original.path(), directory.path());
    let mut files = Vec::new();
    files_of(directory.path(), &mut files);
    files.sort();
    let path = &files[file % files.len()];
    let mut bytes = fs::read(path).unwrap();
    // Journals are allocated ahead; only what was written counts.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |at| at + 1);
    bytes.truncate(written);
    spoil(&mut bytes);
    fs::write(path, &bytes).unwrap();
    match Store::open(directory.path()) {
        Ok(store) => {
            assert_eq!(*store.fleet(), before, "{}", path.display());
            if let Ok(record) = store.record(100) {
                assert_eq!(record.len(), 3, "{}", path.display());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_flipped_byte_is_harmless_or_refused_but_never_a_silent_loss(file: usize, at: usize, bits in 1_u8..) {
        spoil(file, |bytes| {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        });
    }

    #[test]
    fn a_truncated_file_is_harmless_or_refused_but_never_a_silent_loss(file: usize, keep: usize) {
        spoil(file, |bytes| bytes.truncate(keep % (bytes.len() + 1)));
    }
}
