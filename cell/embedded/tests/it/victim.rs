//! A process that writes until something happens to it: this test binary, started again by a test with the directory in its environment.

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use cell_embedded::{Config, Embedded};
use cell_runtime::port::{Appended, Stores};

use crate::ledger::{self, Ledger};

const DIRECTORY: &str = "SOUK_VICTIM_DIRECTORY";
/// Once the store is open, no file of the victim may grow beyond this many bytes.
const FILE_BYTES_MAX: &str = "SOUK_VICTIM_FILE_BYTES_MAX";
const WRITERS: usize = 8;

/// A running victim, and what it has acknowledged so far.
pub(crate) struct Victim {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Victim {
    pub(crate) fn start(directory: &Path, file_bytes_max: Option<u64>) -> Self {
        // A file that grows too large must be an error of the write, as a full disk is, and not a signal.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "victim::a_victim_writes_until_something_happens"])
            .env(DIRECTORY, directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(bytes) = file_bytes_max {
            command.env(FILE_BYTES_MAX, bytes.to_string());
        }
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Notes the next acknowledgement. `None` when the victim has ended.
    pub(crate) fn next(&mut self, ledger: &mut Ledger) -> Option<String> {
        loop {
            let line = self.lines.next()?.ok()?;
            if let Some(acknowledged) = line.strip_prefix("acknowledged ") {
                let (stream, version) = acknowledged.split_once(' ')?;
                // A kill may cut the last line short; a version that is cut is smaller, which is no lie.
                if let Ok(version) = version.parse() {
                    ledger.acknowledged(stream, version);
                }
                return Some(line);
            }
            if line.starts_with("broken ") {
                return Some(line);
            }
        }
    }

    /// Kills it as the power would, and notes what it had still said.
    pub(crate) fn kill(mut self, ledger: &mut Ledger) {
        self.process.kill().unwrap();
        while self.next(ledger).is_some() {}
        self.process.wait().unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In an ordinary run there is nothing to do for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_victim_writes_until_something_happens() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    // A small memtable, so that tables are written and merged while it lives.
    let config = Config { memtable_bytes: 1 << 20, ..Config::new(directory) };
    let store = Embedded::open(&config).unwrap();
    ledger::own_all(&store.stores()).await.unwrap();
    if let Some(bytes) = std::env::var_os(FILE_BYTES_MAX) {
        limit_files(&bytes);
    }
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..WRITERS {
        writers.spawn(write_for_ever(store.stores(), number));
    }
    while writers.join_next().await.is_some() {}
    let broken = store.broken().borrow().clone();
    let late = store
        .stores()
        .journal
        .append(ledger::append(&ledger::stream(ledger::STREAMS_MAX - 1), 0))
        .await;
    say(&format!("broken {broken:?} later {late:?}"));
}

fn limit_files(bytes: &OsString) {
    let mut limit = OsString::from("--fsize=");
    limit.push(bytes);
    let own = std::process::id().to_string();
    let status = Command::new("prlimit").args(["--pid", &own]).arg(limit).status().unwrap();
    assert!(status.success(), "prlimit (of util-linux) does not limit this process");
}

async fn write_for_ever(stores: Stores, number: usize) {
    let stream = ledger::stream(number);
    let journal = &stores.journal;
    let mut version =
        journal.load(&stream, base_ids::Version(0)).await.unwrap().events.len() as u64;
    loop {
        match journal.append(ledger::append(&stream, version)).await {
            Ok(Appended::Done { .. }) => version += 1,
            Ok(other) => panic!("an append ended as {other:?}"),
            Err(_) => return,
        }
        say(&format!("acknowledged {stream} {version}"));
    }
}

/// One line in one write, past the test harness.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
