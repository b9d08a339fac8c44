//! Several processes on one etcd: all of them see the same, one of them changes it, and which one that is never doubtful.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base_ids::{Epoch, Generation, Slot};
use base_testkit::OwnEtcd;
use cp_etcd::{Call, Client, Config, Fair, Mishap, Transaction, Weather, put};
use cp_model::Refusal;
use cp_store::{ChangeError, OpenError, Standing, Store};

use crate::{
    stage::{EtcdStage, candidate, until},
    words::{asked, id, register, settle, slot, tenants},
};

#[test]
fn a_follower_sees_every_change_makes_none_and_says_who_leads() {
    let Some(stage) = EtcdStage::new() else { return };
    let leader = stage.leader("cp-1");
    let follower = stage.follower(Arc::new(Fair));
    follower.stand(candidate("cp-2"));
    settle(&leader, 3);
    leader.pin(&tenants(250), &asked("large")).unwrap();
    leader.hold(&slot(9), &asked("a look")).unwrap();
    until("the follower has all", || follower.fleet() == leader.fleet());
    assert_eq!(follower.commit(), leader.commit());
    assert_eq!(follower.standing(), Standing::Follows(candidate("cp-1")));
    let error = follower.release(&slot(9), &asked("me too")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "only the leading control plane changes anything: cp-1 at cp-1:7400 leads"
    );
    leader.resign();
    until("the follower leads", || follower.standing() == Standing::Leads);
    let error = leader.release(&slot(9), &asked("still me")).unwrap_err();
    assert!(matches!(error, ChangeError::NotLeading { .. }), "{error:?}");
    assert_eq!(follower.release(&slot(9), &asked("done")).unwrap().generation, Generation(2));
    until("the former leader follows", || leader.fleet() == follower.fleet());
}

#[test]
fn a_leader_that_is_silent_is_followed_by_another_once_its_lease_has_ended() {
    let Some(mut stage) = EtcdStage::new() else { return };
    stage.config.lease_secs = 2;
    let silent = Arc::new(Deaf::default());
    let first = stage.leader_in("cp-1", silent.clone());
    let second = stage.follower(Arc::new(Fair));
    second.stand(candidate("cp-2"));
    register(&first, "cell-1").unwrap();
    silent.0.store(true, Ordering::SeqCst);
    until("the second one leads", || second.standing() == Standing::Leads);
    assert_ne!(first.standing(), Standing::Leads, "the first one knows by its own clock");
    second.claim(&slot(3), Generation(0), &id("cell-1")).unwrap();
}

/// Keeps no lease.
#[derive(Debug, Default)]
struct Deaf(AtomicBool);

impl Weather for Deaf {
    fn before(&self, call: Call) -> Option<Mishap> {
        (call == Call::KeepAlive && self.0.load(Ordering::SeqCst)).then_some(Mishap::Reset)
    }
}

/// Ends the leader's lease and lets another one lead and change something, right before a write of the leader's is sent.
#[derive(Debug, Default)]
struct Usurper {
    armed: AtomicBool,
    config: Config,
}

impl Weather for Usurper {
    fn before(&self, call: Call) -> Option<Mishap> {
        if call == Call::Write && self.armed.swap(false, Ordering::SeqCst) {
            let config = self.config.clone();
            // A process of its own, as it were, with a runtime of its own.
            let usurped = std::thread::spawn(move || {
                let stage = EtcdStage::at(config);
                let store = stage.follower(Arc::new(Fair));
                store.stand(candidate("cp-2"));
                // The former leader stands again as well, and may be faster.
                until("the other one leads", || {
                    if store.standing() == Standing::Follows(candidate("cp-1")) {
                        stage.end_lease();
                    }
                    store.standing() == Standing::Leads
                });
                let claimed = store.claim(&slot(7), Generation(1), &id("cell-2"));
                drop(store);
                claimed.unwrap()
            });
            assert_eq!(usurped.join().unwrap(), Generation(2));
        }
        None
    }
}

/// Invariant one-owner.
#[test]
fn a_leader_that_lost_its_lease_without_knowing_writes_nothing() {
    let Some(stage) = EtcdStage::new() else { return };
    let usurper = Arc::new(Usurper { config: stage.config.clone(), ..Usurper::default() });
    let store = stage.leader_in("cp-1", usurper.clone());
    for number in 1..=2 {
        register(&store, &format!("cell-{number}")).unwrap();
    }
    store.claim(&slot(7), Generation(0), &id("cell-1")).unwrap();
    usurper.armed.store(true, Ordering::SeqCst);
    let error = store.claim(&slot(7), Generation(1), &id("cell-1")).unwrap_err();
    assert!(matches!(error, ChangeError::NotLeading { .. }), "{error:?}");
    let seen = stage.follower(Arc::new(Fair)).fleet();
    let row = seen.slot(Slot(7)).unwrap();
    assert_eq!((row.owner.clone(), row.generation), (id("cell-2"), Generation(2)));
}

/// Keeps a store from watching.
#[derive(Debug, Default)]
struct Blind(AtomicBool);

impl Weather for Blind {
    fn before(&self, call: Call) -> Option<Mishap> {
        (call == Call::Watch && self.0.load(Ordering::SeqCst)).then_some(Mishap::Reset)
    }
}

#[test]
fn what_was_compacted_while_nobody_watched_is_read_anew() {
    let Some(mut stage) = EtcdStage::new() else { return };
    stage.config.timeout_ms = 300;
    let leader = stage.leader("cp-1");
    let blind = Arc::new(Blind(AtomicBool::new(true)));
    let follower = stage.follower(blind.clone());
    settle(&leader, 3);
    leader.claim(&slot(3), Generation(1), &id("cell-1")).unwrap();
    until("it says why it knows nothing new", || follower.trouble().is_some());
    assert_eq!(follower.fleet().epoch(), Epoch(0), "nothing was watched");
    stage.config.timeout_ms = Config::default().timeout_ms;
    let client = stage.client();
    stage.runtime.block_on(async {
        let revision = client.get(&stage.key("head")).await.unwrap().revision;
        client.compact(revision).await.unwrap();
    });
    blind.0.store(false, Ordering::SeqCst);
    until("it has read everything anew", || follower.fleet() == leader.fleet());
    leader.claim(&slot(3), Generation(2), &id("cell-2")).unwrap();
    until("and watches on", || follower.fleet() == leader.fleet());
    assert_eq!(follower.trouble(), None);
}

#[test]
fn rows_that_cannot_be_read_are_refused_with_key_and_place() {
    let Some(stage) = EtcdStage::new() else { return };
    let client = stage.client();
    let spoil = |key: &str, value: &str| {
        let then = vec![put(&stage.key(key), value.to_owned())];
        let transaction = Transaction { then, ..Transaction::default() };
        assert!(stage.runtime.block_on(client.transact(transaction)).unwrap().done);
    };
    let refused = || -> String {
        let _inside = stage.runtime.enter();
        let client = Client::new(&stage.config).unwrap();
        let handle = stage.runtime.handle().clone();
        let error = Store::on_etcd(&stage.config, client, handle).err().unwrap();
        assert!(matches!(error, OpenError::Unreadable { .. }), "{error:?}");
        base_fault::chain(&error)
    };
    let head = r#"{"format":1,"commit":1,"epoch":1,"change":"a"}"#;
    spoil("head", &head.replace("\"format\":1", "\"format\":2,\"more\":3"));
    let text = refused();
    assert!(text.contains("the rows have format 2; this version reads format 1"), "{text}");
    assert!(text.contains(&stage.config.prefix), "{text}");
    spoil("head", head);
    spoil("slots/00", "{}");
    assert!(refused().contains("key `slots/00` holds something else"), "{}", refused());
    let row = vec!["-"; 1_024].join(" ").replacen('-', "0@1", 1);
    spoil("slots/00", &format!(r#"{{"cells":["cell-1"],"rows":"{row}"}}"#));
    assert!(refused().contains("cell-1, which has never registered"), "{}", refused());
}

#[test]
fn an_etcd_that_was_emptied_is_not_followed() {
    let Some(stage) = EtcdStage::new() else { return };
    let leader = stage.leader("cp-1");
    let follower = stage.follower(Arc::new(Fair));
    settle(&leader, 2);
    until("the follower has all", || follower.fleet() == leader.fleet());
    let client = stage.client();
    let then = vec![cp_etcd::delete_prefix(&stage.config.prefix)];
    let emptied = client.transact(Transaction { then, ..Transaction::default() });
    assert!(stage.runtime.block_on(emptied).unwrap().done);
    until("it says so", || {
        follower.trouble().is_some_and(|trouble| trouble.contains("put back from an older copy"))
    });
    assert_eq!(follower.fleet().unheld().count(), 0, "what was known is served on");
    until("the leader's seat is gone", || leader.standing() != Standing::Leads);
}

#[test]
fn an_etcd_that_is_not_there_is_waited_for_and_then_named() {
    let port = base_testkit::free_port().unwrap();
    let config = Config {
        endpoints: vec![format!("127.0.0.1:{port}")],
        timeout_ms: 200,
        patience_ms: 300,
        ..Config::default()
    };
    let stage = EtcdStage::at(config);
    let _inside = stage.runtime.enter();
    let client = Client::new(&stage.config).unwrap();
    let handle = stage.runtime.handle().clone();
    let error = Store::on_etcd(&stage.config, client, handle).err().unwrap();
    let text = base_fault::chain(&error);
    let named = format!("a read failed at etcd (127.0.0.1:{port})");
    assert!(text.contains(&named) && text.contains("refused"), "{text}");
}

/// Invariant one-owner.
#[test]
fn the_store_goes_on_when_etcds_own_leader_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(mut own) = runtime.block_on(OwnEtcd::start(3, &[], false)).unwrap() else { return };
    let config = Config { endpoints: own.endpoints(), timeout_ms: 3_000, ..Config::default() };
    let stage = EtcdStage::at(config);
    let store = stage.leader("cp-1");
    let follower = stage.follower(Arc::new(Fair));
    for number in 1..=2 {
        register(&store, &format!("cell-{number}")).unwrap();
    }
    let mut generation = Generation(0);
    for round in 0..6 {
        let owner = id(&format!("cell-{}", round % 2 + 1));
        let killed = (round % 2 == 0).then(|| runtime.block_on(own.leader()).unwrap());
        if let Some(member) = killed {
            own.kill(member).unwrap();
        }
        until("the claim is made", || match store.claim(&slot(7), generation, &owner) {
            Ok(_) => true,
            // Made by a try of which nobody could tell.
            Err(ChangeError::Refused(Refusal::Lost { current: Some(row), .. })) => {
                assert_eq!((&row.owner, row.generation), (&owner, generation.next()));
                true
            }
            Err(ChangeError::Away(_) | ChangeError::NotLeading { .. }) => false,
            Err(error) => panic!("{error:?}"),
        });
        generation = generation.next();
        assert_eq!(store.fleet().slot(Slot(7)).unwrap().generation, generation);
        if let Some(member) = killed {
            own.restart(member).unwrap();
        }
    }
    until("the follower has all", || follower.fleet() == store.fleet());
}
