//! Stores that do not open, and what they say.

use std::path::Path;

use cell_embedded::{Config, Embedded, OpenRefusal};

use crate::{
    ledger::{self, Ledger},
    victim::Victim,
};

fn refusal(directory: &Path) -> OpenRefusal {
    let Err(refusal) = Embedded::open(&Config::new(directory)) else {
        panic!("{} opened", directory.display());
    };
    refusal
}

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut victim = Victim::start(&path, None);
    victim.next(&mut Ledger::default()).expect("it writes");
    let text = refusal(&path).to_string();
    let (place, holder) = (path.display().to_string(), victim.id().to_string());
    assert!(text.contains(&place) && text.contains(&format!("process {holder};")), "{text}");
}

#[test]
fn a_place_that_cannot_be_written_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.as_path(), &file.join("store"), Path::new("/sys/souk-store")] {
        let refusal = refusal(path);
        let text = refusal.to_string();
        assert!(matches!(refusal, OpenRefusal::Directory { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(!text.contains("see the cause"), "{text}: {refusal:?}");
    }
}

#[tokio::test]
async fn a_loss_is_gone_on_from_only_with_an_operators_word() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let config = Config::new(&path);
    let stream = ledger::stream(1);
    let store = Embedded::open(&config).unwrap();
    ledger::own_all(&store.stores()).await.unwrap();
    for version in 0..20 {
        store.stores().journal.append(ledger::append(&stream, version)).await.unwrap();
    }
    drop(store);
    // Somebody deletes the log: 20 acknowledged appends are gone.
    for log in std::fs::read_dir(path.join("database")).unwrap() {
        let log = log.unwrap().path();
        if log.extension().is_some_and(|extension| extension == "jnl") {
            std::fs::remove_file(log).unwrap();
        }
    }
    let OpenRefusal::Lost { accept, .. } = refusal(&path) else {
        panic!("it is lost");
    };
    std::fs::write(path.join("accept-loss"), "1").unwrap();
    assert!(matches!(refusal(&path), OpenRefusal::Lost { .. }), "another number");
    std::fs::write(path.join("accept-loss"), format!("{accept}\n")).unwrap();
    let store = Embedded::open(&config).unwrap();
    ledger::own_all(&store.stores()).await.unwrap();
    let again = store.stores().journal.append(ledger::append(&stream, 0)).await.unwrap();
    let cell_runtime::port::Appended::Done { commit } = again else {
        panic!("the stream is empty: {again:?}");
    };
    assert!(commit > accept, "commit {commit} was used before");
    drop(store);
    // The word counted once.
    drop(Embedded::open(&config).unwrap());
    assert!(!path.join("accept-loss").exists());
}
