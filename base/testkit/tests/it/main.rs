//! The test kit, tested: children end, ports are free, waiting ends, directories go.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use base_testkit::{Child, Scratch, Stopped, eventually, free_port};
use nix::sys::signal::Signal;

const PATIENCE: Duration = Duration::from_secs(10);

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600").stdin(Stdio::null());
    command
}

fn lives(pid: u32) -> bool {
    // A zombie has no command line any more.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn a_child_ends_when_it_is_dropped() {
    let child = Child::start(&mut sleeper()).unwrap();
    let pid = child.pid();
    // Between its start and its first instruction it has no command line yet.
    eventually(PATIENCE, async || if lives(pid) { Ok(()) } else { Err("not yet") }).await.unwrap();
    drop(child);
    assert!(!lives(pid));
}

#[tokio::test]
async fn a_child_is_asked_first_and_killed_if_it_does_not_listen() {
    let mut polite = Child::start(&mut sleeper()).unwrap();
    assert!(matches!(polite.stop(PATIENCE).await.unwrap(), Stopped::Ended(_)));
    let mut deaf = Child::start(
        Command::new("sh")
            .args(["-c", "trap '' TERM; echo; while :; do sleep 1; done"])
            .stdout(Stdio::null()),
    )
    .unwrap();
    let status =
        || std::fs::read_to_string(format!("/proc/{}/status", deaf.pid())).unwrap_or_default();
    eventually(PATIENCE, async || {
        // Whoever runs this may have had other signals ignored already.
        let status = status();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        let ignored = mask.is_some_and(|mask| mask & 1 << (Signal::SIGTERM as u64 - 1) != 0);
        if ignored { Ok(()) } else { Err("still listens") }
    })
    .await
    .unwrap();
    assert_eq!(deaf.stop(Duration::from_millis(50)).await.unwrap(), Stopped::Killed);
}

#[tokio::test]
async fn the_watch_kills_when_the_parent_is_gone() {
    // The parent's part is played by a pipe that closes: the very shell line that watches.
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let mut watch = Command::new("sh")
        .args(["-c", "read -r _; kill -9 \"$0\" 2>/dev/null", &child.id().to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    drop(watch.stdin.take());
    watch.wait().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
}

#[tokio::test]
async fn waiting_ends_with_the_last_word_or_with_what_was_waited_for() {
    let mut tries = 0;
    let found = eventually(PATIENCE, async || {
        tries += 1;
        if tries < 4 { Err(tries) } else { Ok("there") }
    });
    assert_eq!(found.await.unwrap(), "there");
    let late = eventually(Duration::ZERO, async || Err::<(), _>("not yet")).await.unwrap_err();
    assert_eq!(late.last, "not yet");
}

#[test]
fn a_free_port_can_be_bound() {
    let port = free_port().unwrap();
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_scratch_goes_with_its_test_unless_it_is_kept() {
    let scratch = Scratch::new("gone").unwrap();
    let path = scratch.path().to_owned();
    drop(scratch);
    assert!(!path.exists());
    let kept = Scratch::new("kept").unwrap().keep();
    assert!(kept.exists());
    std::fs::remove_dir_all(kept).unwrap();
}
