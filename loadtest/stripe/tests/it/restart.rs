//! Stopping, killing and starting again: what was acknowledged is still there.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use loadtest_stripe::{Config, Retry, StandIn};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client::Client;
use crate::receiver::Receiver;

const PATIENCE: Duration = Duration::from_secs(20);

fn kept(folder: &Path) -> Config {
    Config {
        state: Some(folder.join("state.jsonl")),
        retry: Retry {
            first: Duration::from_millis(1),
            most: Duration::from_millis(20),
            attempts: 10_000,
        },
        ..Config::default()
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start(kept(folder.path())).await.unwrap();
    let client = Client::new(&stand_in.url);
    let form = [
        ("amount", "10000"),
        ("currency", "mad"),
        ("capture_method", "manual"),
        ("confirm", "true"),
        ("payment_method", "pm_card_visa"),
    ];
    let paid = client.post_keyed("/v1/payment_intents", "k", &form).await;
    let before = stand_in.accounts();
    assert!(StandIn::start(kept(folder.path())).await.is_err(), "two writers of one state file");
    stand_in.stop().await;

    let stand_in = StandIn::start(kept(folder.path())).await.unwrap();
    let client = Client::new(&stand_in.url);
    assert_eq!(stand_in.accounts(), before);
    let replayed = client.post_keyed("/v1/payment_intents", "k", &form).await;
    assert_eq!(replayed.text, paid.text);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    let path = format!("/v1/payment_intents/{}/capture", paid.id());
    assert_eq!(client.post(&path, &[]).await.json()["status"], "succeeded");
    let events = client.get("/v1/events").await.json();
    assert_eq!(events["data"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn webhooks_that_were_not_taken_come_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start().await;
    let stand_in = StandIn::start(kept(folder.path())).await.unwrap();
    receiver.answer_with(&[503; 5]);
    let client = Client::new(&stand_in.url);
    client
        .post(
            "/v1/payment_intents",
            &[("amount", "10000"), ("currency", "mad"), ("metadata[webhook_url]", &receiver.url)],
        )
        .await;
    let event = receiver.next().await.id();
    stand_in.stop().await;

    let stand_in = StandIn::start(kept(folder.path())).await.unwrap();
    assert!(stand_in.quiet(PATIENCE).await);
    assert_eq!(stand_in.accounts().deliveries["delivered"], 1);
    assert_eq!(receiver.next().await.id(), event);
}

#[tokio::test]
async fn a_damaged_state_file_is_refused_with_a_clear_word() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start(kept(folder.path())).await.unwrap();
    let client = Client::new(&stand_in.url);
    client.pay("pm_card_visa", &[]).await;
    client.pay("pm_card_visa", &[]).await;
    stand_in.stop().await;
    let path = folder.path().join("state.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 0x20;
    std::fs::write(&path, bytes).unwrap();
    let error = StandIn::start(kept(folder.path())).await.unwrap_err().to_string();
    assert!(error.contains("is damaged at line 1"), "{error}");
}

/// The stand-in as a process; killed when dropped.
struct Spawned {
    child: Child,
    url: String,
}

impl Spawned {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stripe-stand-in"))
            .args(["--listen", "127.0.0.1:0", "--state"])
            .arg(folder.join("state.jsonl"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("it says where it listens");
        Self { child, url }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(String, String)> = Vec::new();
    for round in 0..5_usize {
        let spawned = Spawned::start(folder.path());
        let client = Client::new(&spawned.url);
        for (key, text) in &acknowledged {
            let replayed = client.post_keyed("/v1/payment_intents", key, &PAY).await;
            assert_eq!(&replayed.text, text, "lost in round {round}");
        }
        // Several at once, so that the kill falls into the middle of something.
        let mut calls = tokio::task::JoinSet::new();
        for call in 0..16 {
            let (client, key) = (client.clone(), format!("{round}-{call}"));
            calls.spawn(async move {
                let answer = client.try_post("/v1/payment_intents", Some(&key), &PAY).await;
                answer.ok().filter(|it| it.status == 200).map(|it| (key, it.text))
            });
        }
        for _ in 0..=round {
            acknowledged.extend(calls.join_next().await.unwrap().unwrap());
        }
        drop(spawned);
        while let Some(ended) = calls.join_next().await {
            acknowledged.extend(ended.unwrap());
        }
    }
    let spawned = Spawned::start(folder.path());
    let state = Client::new(&spawned.url).get("/_script/state").await.json();
    let succeeded = state["intents"]["succeeded"].as_u64().unwrap();
    assert!(succeeded >= acknowledged.len() as u64);
    assert_eq!(state["money"]["mad"]["captured"], succeeded * 10_000);
    assert_eq!(state["events"], succeeded * 3);
}

const PAY: [(&str, &str); 4] = [
    ("amount", "10000"),
    ("currency", "mad"),
    ("confirm", "true"),
    ("payment_method", "pm_card_visa"),
];

#[tokio::test]
async fn a_polite_signal_ends_the_process_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut spawned = Spawned::start(folder.path());
    let client = Client::new(&spawned.url);
    // A connection that stays open does not hold it up.
    client.pay("pm_card_visa", &[]).await;
    let id = i32::try_from(spawned.child.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || spawned.child.wait().unwrap());
    let status = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}
