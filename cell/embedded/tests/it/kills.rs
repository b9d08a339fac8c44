//! kill -9 at random moments, and a disk that takes no more.

use cell_embedded::{Config, Embedded};

use crate::{ledger::Ledger, victim::Victim};

/// Kills of one store, one after the other.
const KILLS: u64 = 12;

#[tokio::test]
async fn what_was_acknowledged_survives_kills_at_random_moments() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut ledger = Ledger::default();
    for kill in 0..KILLS {
        let mut victim = Victim::start(&path, None);
        // From the first moments of the store to the middle of merges, differently each time.
        let moment = kill * kill * 29 % 1500 + u64::from(std::process::id() % 50);
        for _ in 0..moment {
            victim.next(&mut ledger).expect("it writes until it is killed");
        }
        victim.kill(&mut ledger);
        let acknowledged = ledger.len();
        let store = Embedded::open(&Config::new(&path)).unwrap();
        ledger.check(&store.stores()).await.unwrap_or_else(|wrong| {
            panic!("kill {kill} after {acknowledged} acknowledged appends: {}", wrong.text())
        });
    }
    assert!(ledger.len() > 1000, "only {} appends", ledger.len());
}

#[tokio::test]
async fn a_full_disk_breaks_the_store_in_words_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut ledger = Ledger::default();
    let mut victim = Victim::start(&path, Some(200_000));
    let mut last = String::new();
    while let Some(line) = victim.next(&mut ledger) {
        last = line;
    }
    assert!(last.starts_with("broken Some(store_broken: the store cannot be written"), "{last}");
    assert!(last.contains("nothing acknowledged is lost"), "{last}");
    assert!(last.contains("later Err(store_broken"), "{last}");
    assert!(ledger.len() > 50, "only {} appends", ledger.len());
    // With room again it opens and goes on.
    let store = Embedded::open(&Config::new(&path)).unwrap();
    ledger.check(&store.stores()).await.unwrap_or_else(|wrong| panic!("{}", wrong.text()));
}
