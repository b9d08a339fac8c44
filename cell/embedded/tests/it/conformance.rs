//! The shared suite on the embedded engine.

use cell_embedded::{Config, Embedded};
use cell_runtime::{
    conformance::{self, Subject},
    port::Stores,
};

struct OnDisk {
    open: Option<Embedded>,
    config: Config,
    // Taken away when dropped.
    _directory: tempfile::TempDir,
}

impl Subject for OnDisk {
    fn stores(&self) -> Stores {
        self.open.as_ref().expect("it is open").stores()
    }

    async fn reopen(&mut self) {
        // A second process is kept out while the first one lives, so this waits for its end.
        drop(self.open.take());
        self.open = Some(Embedded::open(&self.config).unwrap());
    }
}

async fn fresh() -> OnDisk {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::new(directory.path().join("store"));
    OnDisk { open: Some(Embedded::open(&config).unwrap()), config, _directory: directory }
}

#[tokio::test]
async fn the_embedded_engine_keeps_every_law() {
    assert_eq!(conformance::all(fresh).await, 33);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_engine_keeps_every_law_with_many_threads() {
    assert_eq!(conformance::all(fresh).await, 33);
}
