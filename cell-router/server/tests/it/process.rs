//! The binary: says what is wrong before it binds a port, says where it serves, ends when it is told to.

use std::process::{Output, Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::client::Client;

pub(crate) fn souk_router(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_souk-router"));
    command.args(args).kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads what a router logs until it serves; gives back the rest.
pub(crate) async fn until_it_serves(router: &mut Child) -> Lines<BufReader<ChildStderr>> {
    let mut lines = BufReader::new(router.stderr.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().unwrap().contains("router serves") {}
    lines
}

async fn run(args: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = souk_router(args).output().await.unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[tokio::test]
async fn all_mistakes_are_told_before_a_port_is_bound() {
    let (sound, said) =
        run(&["--check", "--listen", "nowhere", "--control-plane", "c", "--log", "x"]).await;
    assert!(!sound);
    for field in ["listen: ", "control_plane: ", "telemetry.filter: "] {
        assert!(said.contains(field), "{said}");
    }
    let (sound, said) = run(&["--check", "--listen", "127.0.0.1:0"]).await;
    assert!(sound && said.contains("listen = \"127.0.0.1:0\""), "{said}");
}

#[tokio::test]
async fn it_tells_its_addresses_and_ends_at_either_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let (data, addresses) = (path("data"), path("addresses.json"));
        let args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", &data];
        let args = [&args[..], &["--addresses-file", &addresses, "--log-format", "json"]].concat();
        let mut router = souk_router(&args).spawn().unwrap();
        let _said = until_it_serves(&mut router).await;
        let told = std::fs::read(&addresses).unwrap();
        let told: router_server::Addresses = serde_json::from_slice(&told).unwrap();
        assert_eq!(Client::of(told.admin).get("/healthz").await.status, 200);
        assert_eq!(Client::of(told.http).get("/v1/users/u1").await.problem(), "unavailable");
        let pid = Pid::from_raw(router.id().unwrap().try_into().unwrap());
        kill(pid, signal).unwrap();
        assert!(router.wait().await.unwrap().success(), "{signal}");
    }
}
