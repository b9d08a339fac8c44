//! The program itself: it dies at any moment without losing anything, and ends when asked, whoever watches.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use base_identity::{Authority, Role};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use router_table::Table;

use crate::fleet::{Watcher, beat, eventually, page, send};

const PROGRAM: &str = env!("CARGO_BIN_EXE_souk-control-plane");

/// The program as a child that never outlives the test.
struct Process {
    child: Child,
    address: SocketAddr,
    admin: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    async fn start(directory: &Path) -> Self {
        Self::start_as(directory, None).await
    }

    /// Starts it with the identity in a folder.
    async fn start_as(directory: &Path, identity: Option<&Path>) -> Self {
        let file = directory.join("addresses.json");
        let _ = fs::remove_file(&file);
        let mut child = Command::new(PROGRAM)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0",
                "--settle-at",
                "3",
                "--log-format",
                "json",
            ])
            .arg("--data-dir")
            .arg(directory.join("data"))
            .arg("--addresses-file")
            .arg(&file)
            .args(identity.map(|folder| format!("--identity={}", folder.display())))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("it says where it listens", async || {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            file.exists()
        })
        .await;
        let addresses: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let address = |of: &str| addresses[of].as_str().unwrap().parse().unwrap();
        Self { child, address: address("listen"), admin: address("admin") }
    }

    async fn end(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("it ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }

    async fn table(&self) -> Table {
        Watcher::router(self.address, "router-1").await.next().await.unwrap()
    }
}

#[tokio::test]
async fn a_killed_control_plane_comes_back_with_what_it_had_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut before = None;
    for round in 1..=4 {
        let mut process = Process::start(directory.path()).await;
        if let Some(before) = &before {
            assert_eq!(&process.table().await, before, "round {round}");
        }
        let answer = send(process.address, beat(round)).await.unwrap();
        let table = process.table().await;
        assert_eq!(table.epoch().0, answer.epoch);
        assert_eq!(table.cells().len(), usize::from(round));
        assert_eq!(table.route("users/a").owner().is_some(), round >= 3);
        before = Some(table);
        process.child.kill().unwrap();
        process.end().await;
    }
}

#[tokio::test]
async fn it_ends_cleanly_when_asked_though_members_watch() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path()).await;
    let mut watcher = Watcher::router(process.address, "router-1").await;
    watcher.next().await.unwrap();
    kill(Pid::from_raw(process.child.id().cast_signed()), Signal::SIGTERM).unwrap();
    // A stream that was cut, because the process waited for it in vain, ends without a word.
    let told = watcher.next().await.unwrap_err();
    assert_eq!(told.message(), "the control plane is stopping");
    assert!(process.end().await.success());
}

#[tokio::test]
async fn it_takes_a_new_identity_when_it_is_told_to_look_again() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("identity");
    let day = Duration::from_hours(24);
    let authority = Authority::make("souk.example", day).unwrap();
    let issue = |span| {
        let issued = authority.issue(Role::ControlPlane, "eu-1", span).unwrap();
        issued.write(&folder).unwrap();
    };
    issue(day);
    let process = Process::start_as(directory.path(), Some(&folder)).await;
    let until = async || {
        let metrics = page(process.admin, "/metrics").await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("souk_control_plane_identity_until_seconds "));
        line.unwrap().parse::<i64>().unwrap()
    };
    let before = until().await;
    issue(30 * day);
    kill(Pid::from_raw(process.child.id().cast_signed()), Signal::SIGHUP).unwrap();
    eventually("the new identity is in force", async || until().await >= before + 29 * 86_400)
        .await;
}

fn run(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn all_wrong_settings_are_told_before_a_port_is_taken() {
    let (output, said) =
        run(&["--settle-at", "0", "--set", "beat_ms=1", "--set", "telemetry.filter=loud"]);
    assert_eq!(output.status.code(), Some(2));
    for wrong in ["settle_at is 0", "beat_ms is 1", "`loud` is not a log filter"] {
        assert!(said.contains(wrong), "{said}");
    }
    let (output, said) = run(&["--set", "settel_at=1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("did you mean settle_at?"), "{said}");
}

#[test]
fn a_check_prints_the_settings_and_does_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (output, said) =
        run(&["--check", "--settle-at", "3", "--data-dir", data.to_str().unwrap()]);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("settle_at = 3"), "{printed}");
    assert!(!data.exists());
}

#[test]
fn a_data_directory_that_cannot_be_is_refused_with_its_path() {
    let (output, said) = run(&[
        "--data-dir",
        "/proc/self/souk",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("cannot write to the data directory /proc/self/souk"), "{said}");
}
