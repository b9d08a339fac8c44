//! The client against an etcd of the test's own: who is let in, and what becomes of calls when members die.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use base_identity::{Authority, Role};
use base_testkit::{OwnEtcd, Scratch, eventually};
use cp_etcd::{Client, Config, EtcdError, Kind, Transaction, is_new, put, written_at};

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_mins(1);

fn config(own: &OwnEtcd) -> Config {
    Config { endpoints: own.endpoints(), timeout_ms: 2_000, ..Config::default() }
}

async fn write(client: &Client, key: &str, value: &str) -> Result<bool, EtcdError> {
    let then = vec![put(key, value.to_owned())];
    let transaction = Transaction { then, ..Transaction::default() };
    client.transact(transaction).await.map(|outcome| outcome.done)
}

/// Lets nobody in but root and a user who may do everything below /souk/.
async fn ask_for_passwords(own: &OwnEtcd) {
    for (path, json) in [
        ("/v3/auth/user/add", r#"{"name":"root","password":"r"}"#),
        ("/v3/auth/role/add", r#"{"name":"root"}"#),
        ("/v3/auth/user/grant", r#"{"user":"root","role":"root"}"#),
        ("/v3/auth/user/add", r#"{"name":"souk","password":"open sesame"}"#),
        ("/v3/auth/role/add", r#"{"name":"souk"}"#),
        ("/v3/auth/user/grant", r#"{"user":"souk","role":"souk"}"#),
        (
            "/v3/auth/role/grant",
            r#"{"name":"souk","perm":{"permType":"READWRITE","key":"L3NvdWsv","range_end":"L3NvdWsw"}}"#,
        ),
        ("/v3/auth/enable", "{}"),
    ] {
        own.post(0, path, json).await.unwrap();
    }
}

fn signed_in(own: &OwnEtcd, folder: &Path, password: &str) -> Config {
    let file = folder.join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    Config { user: Some("souk".into()), password_file: Some(file), ..config(own) }
}

#[tokio::test]
async fn who_signs_in_wrongly_is_told_what_to_look_at_and_who_does_well_signs_in_again_by_itself() {
    let Some(mut own) = OwnEtcd::start(1, &[], false).await.unwrap() else { return };
    let folder = Scratch::new("passwords").unwrap();
    ask_for_passwords(&own).await;
    let stranger = Client::new(&config(&own)).unwrap();
    let wrong = Client::new(&signed_in(&own, folder.path(), "open barley")).unwrap();
    for client in [&stranger, &wrong] {
        let error = client.get("/souk/head").await.unwrap_err();
        assert_eq!(error.kind, Kind::Denied, "{error}");
        let text = error.to_string();
        for part in ["a read failed at etcd (127.0.0.1:", "user and password_file are right"] {
            assert!(text.contains(part), "{text}");
        }
    }
    let client = Client::new(&signed_in(&own, folder.path(), "open sesame")).unwrap();
    assert!(write(&client, "/souk/head", "1").await.unwrap());
    let error = write(&client, "/other", "1").await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied, "{error}");
    // Tokens do not outlive etcd's process.
    own.kill(0).unwrap();
    own.restart(0).unwrap();
    let read = eventually(PATIENCE, async || client.get("/souk/head").await).await.unwrap();
    assert_eq!(&*read.keys[0].value, b"1");
}

#[tokio::test]
async fn over_tls_both_sides_must_be_known_to_each_other() {
    let folder = Scratch::new("tls").unwrap();
    let week = Duration::from_hours(168);
    let authority = Authority::make("souk", week).unwrap();
    let server = authority.issue_server(&["127.0.0.1", "localhost"], week).unwrap();
    let server = server.write(&folder.path().join("server")).unwrap();
    // A certificate of a client; etcd knows no roles.
    let client = authority.issue(Role::Operator, "control-plane", week).unwrap();
    let client = client.write(&folder.path().join("client")).unwrap();
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let flags = [
        flag("cert-file", &server.certificate),
        flag("key-file", &server.key),
        flag("trusted-ca-file", &server.authorities),
        "--client-cert-auth".to_owned(),
    ];
    let Some(own) = OwnEtcd::start(1, &flags, true).await.unwrap() else { return };
    let known = Config {
        authorities: Some(client.authorities.clone()),
        certificate: Some(client.certificate.clone()),
        key: Some(client.key.clone()),
        ..config(&own)
    };
    let trusted = Client::new(&known).unwrap();
    eventually(PATIENCE, async || write(&trusted, "/souk/head", "1").await).await.unwrap();
    let other = Authority::make("other", week).unwrap().issue(Role::Operator, "x", week).unwrap();
    let other = other.write(&folder.path().join("other")).unwrap();
    let quick = Config { timeout_ms: 600, ..known };
    for (who, config) in [
        ("plaintext", Config { authorities: None, certificate: None, key: None, ..quick.clone() }),
        ("nobody", Config { certificate: None, key: None, ..quick.clone() }),
        ("another's etcd", Config { authorities: Some(other.authorities), ..quick.clone() }),
    ] {
        let error = Client::new(&config).unwrap().get("/souk/head").await.unwrap_err();
        assert_eq!(error.kind, Kind::Away, "{who}: {error}");
    }
    let missing = Config { key: Some("/nowhere/key".into()), ..quick };
    let error = Client::new(&missing).unwrap_err();
    assert_eq!(error.kind, Kind::Settings);
    assert!(error.to_string().contains("/nowhere/key cannot be used"), "{error}");
}

#[tokio::test]
async fn a_majority_is_enough_and_less_is_told_with_all_addresses() {
    let Some(mut own) = OwnEtcd::start(3, &[], false).await.unwrap() else { return };
    let client = Client::new(&config(&own)).unwrap();
    assert!(write(&client, "/souk/n", "1").await.unwrap());
    let first = own.leader().await.unwrap();
    own.kill(first).unwrap();
    let again = eventually(PATIENCE, async || {
        // It may have been done by a try whose answer was lost.
        let transaction = Transaction {
            holds: vec![is_new("/souk/m")],
            then: vec![put("/souk/m", "2")],
            otherwise: vec![cp_etcd::get("/souk/m")],
        };
        client.transact(transaction).await
    });
    let outcome = again.await.unwrap();
    assert!(outcome.done || outcome.read[0].is_some());
    let second = own.leader().await.unwrap();
    own.kill(second).unwrap();
    let error = client.get("/souk/n").await.unwrap_err();
    assert_eq!(error.kind, Kind::Away);
    let text = error.to_string();
    assert!(own.endpoints().iter().all(|at| text.contains(at)), "{text}");
    assert!(text.contains("a majority of its members is up"), "{text}");
    own.restart(first).unwrap();
    own.restart(second).unwrap();
    let read = eventually(PATIENCE, async || client.get("/souk/m").await).await.unwrap();
    assert_eq!(&*read.keys[0].value, b"2");
}

#[tokio::test]
async fn pages_leases_and_watches_do_what_they_say() {
    let Some(own) = OwnEtcd::start(1, &[], false).await.unwrap() else { return };
    let client = Client::new(&config(&own)).unwrap();
    let begin = client.get("/souk/x").await.unwrap().revision;
    let mut watch = client.watch("/souk/", begin + 1).await.unwrap();
    for page in 0..13 {
        let then = (0..100).map(|n| put(&format!("/souk/k{:04}", page * 100 + n), "v"));
        let transaction = Transaction { then: then.collect(), ..Transaction::default() };
        assert!(client.transact(transaction).await.unwrap().done);
    }
    let now = client.get("/souk/x").await.unwrap().revision;
    let all = client.all("/souk/", now).await.unwrap();
    assert_eq!(all.len(), 1_300, "in pages, none twice");
    assert!(all.is_sorted_by_key(|kv| kv.key.clone()));
    assert!(client.all("/souk/", begin).await.unwrap().is_empty(), "as it was");
    let mut heard = 0;
    while heard < 1_300 {
        let events = client_events(&mut watch).await;
        assert_eq!(events % 100, 0, "whole transactions");
        heard += events;
    }
    let last = client.last("/souk/k", Some(b"/souk/k0100")).await.unwrap();
    assert_eq!(&*last[0].key, b"/souk/k0099");
    let lease = client.grant(Duration::from_mins(1)).await.unwrap();
    let then = vec![cp_etcd::put_with_lease("/souk/leader", "me", lease.id)];
    client.transact(Transaction { then, ..Transaction::default() }).await.unwrap();
    client.keep(lease.id).await.unwrap();
    client.give_back(lease.id).await.unwrap();
    client.give_back(lease.id).await.unwrap();
    assert_eq!(client.keep(lease.id).await.unwrap_err().kind, Kind::NoLease);
    assert!(client.get("/souk/leader").await.unwrap().keys.is_empty());
    client.compact(now).await.unwrap();
    assert_eq!(client.watch("/souk/", begin + 1).await.err().map(|it| it.kind), None);
    let mut late = client.watch("/souk/", begin + 1).await.unwrap();
    assert_eq!(late.next().await.unwrap_err().kind, Kind::Compacted);
    let holds = vec![written_at("/souk/k0000", begin + 1)];
    let then = vec![put("/souk/k0000", "w")];
    let outcome = client.transact(Transaction { holds, then, otherwise: vec![] }).await.unwrap();
    assert!(outcome.done);
}

async fn client_events(watch: &mut cp_etcd::Watch) -> usize {
    watch.next().await.unwrap().len()
}
