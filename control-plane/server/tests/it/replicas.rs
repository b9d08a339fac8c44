//! Several control planes on one etcd: members of the fleet find the one that leads, and lose nothing with it.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base_ids::{Generation, Slot};
use base_testkit::{Child, TestEngine};
use base_time::SystemClock;
use cp_model::Place;
use cp_server::{Config, Running, start};
use router_table::Table;
use souk_proto_fleet::{
    Planes, leader_of,
    v1::{
        DoctorRequest, EndSessionsRequest, EndedSession, ListDeedsRequest, ListHoldsRequest,
        PinTenantsRequest, WatchEndedSessionsRequest, WhereIsTenantRequest,
        fleet_client::FleetClient, operator_client::OperatorClient,
    },
};
use tonic::{Code, Status, transport::Channel};

use crate::fleet::{Watcher, beat, config, eventually, fleet, page, send};

const PROGRAM: &str = env!("CARGO_BIN_EXE_souk-control-plane");

/// A prefix of etcd that nobody else has.
fn etcd() -> Option<cp_etcd::Config> {
    static PREFIXES: AtomicU32 = AtomicU32::new(0);
    let endpoints = TestEngine::Etcd.members()?;
    let number = PREFIXES.fetch_add(1, Ordering::Relaxed);
    let prefix = format!("/souk-test-server/{}-{number}/", std::process::id());
    Some(cp_etcd::Config { endpoints, prefix, lease_secs: 2, ..cp_etcd::Config::default() })
}

async fn replica(etcd: &cp_etcd::Config, number: u8) -> Running {
    let settings = Config {
        etcd: Some(etcd.clone()),
        name: format!("cp-{number}"),
        ..config("/nowhere".as_ref(), 2)
    };
    start(settings, Arc::new(SystemClock), None).await.unwrap()
}

async fn operator(address: SocketAddr) -> OperatorClient<Channel> {
    OperatorClient::connect(format!("http://{address}")).await.unwrap()
}

/// Who leads, as one of them says; nothing while it is not the one and names nobody.
async fn leader(asked: SocketAddr) -> Option<SocketAddr> {
    let mut operator = OperatorClient::connect(format!("http://{asked}")).await.ok()?;
    match operator.doctor(DoctorRequest {}).await {
        Ok(answer) => {
            let findings = answer.into_inner().findings;
            let lead = findings.iter().find(|it| it.check == "control plane leader")?;
            (lead.text == "this one leads").then_some(asked)
        }
        Err(status) => leader_of(&status)?.parse().ok(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_push_the_table_one_changes_it_and_the_others_name_it() {
    let Some(etcd) = etcd() else { return };
    let first = replica(&etcd, 1).await;
    let at = first.addresses().listen;
    eventually("the first one leads", async || leader(at).await == Some(at)).await;
    let second = replica(&etcd, 2).await;
    let other = second.addresses().listen;
    for number in 1..=2 {
        send(at, beat(number)).await.unwrap();
    }
    let refused = send(other, beat(1)).await.unwrap_err();
    assert_eq!((refused.code(), leader_of(&refused)), (Code::Unavailable, Some(&*at.to_string())));
    assert!(refused.message().contains("cp-1 at "), "{refused}");
    let mut watcher = Watcher::router(other, "router-1").await;
    let mut table = watcher.next().await.unwrap();
    while table.slot(Slot(5)).is_none() {
        table = watcher.next().await.unwrap();
    }
    let owner = first.plane().fleet().slot(Slot(5)).unwrap().owner.clone();
    first.plane().claim(Place::Slot(Slot(5)), Generation(1), owner).await.unwrap();
    while table.slot(Slot(5)).unwrap().generation == Generation(1) {
        table = watcher.next().await.unwrap();
    }
    assert_eq!(table.digest(), first.plane().fleet().table().unwrap().digest());
    let ask = WhereIsTenantRequest { tenant: "users/a".into() };
    let (one, two) = (
        operator(at).await.where_is_tenant(ask.clone()).await.unwrap().into_inner(),
        operator(other).await.where_is_tenant(ask).await.unwrap().into_inner(),
    );
    assert_eq!(one, two);
    assert!(
        page(second.addresses().admin, "/metrics").await.contains("souk_control_plane_leads 0")
    );
    first.stop().await;
    eventually("the second one leads", async || leader(other).await == Some(other)).await;
    assert_eq!(second.plane().fleet().slot(Slot(5)).unwrap().generation, Generation(2));
    send(other, beat(1)).await.unwrap();
    let owner = second.plane().fleet().slot(Slot(5)).unwrap().owner.clone();
    second.plane().claim(Place::Slot(Slot(5)), Generation(2), owner).await.unwrap();
    second.stop().await;
}

/// Invariant auth-4.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_told_to_one_control_plane_is_heard_by_routers_of_all() {
    let Some(etcd) = etcd() else { return };
    let (first, second) = (replica(&etcd, 1).await, replica(&etcd, 2).await);
    let places = [&first, &second].map(|each| each.addresses().listen.to_string());
    eventually("one leads", async || leader(second.addresses().listen).await.is_some()).await;
    // A cell and a router that both begin with the one that may not lead, and find the one that does.
    let ends = [["a", "b"], ["b", "a"]];
    for (number, _) in ends.iter().enumerate() {
        let mut order = places.to_vec();
        order.rotate_left(number);
        let planes = Planes::new(&order, None, |endpoint| endpoint).unwrap();
        let session = format!("s{number}");
        let ended = EndedSession {
            user: "users/u1".into(),
            session: session.clone(),
            tokens_until_ms: i64::MAX,
        };
        ask(&planes, async |mut client| {
            client.end_sessions(EndSessionsRequest { sessions: vec![ended.clone()] }).await
        })
        .await;
        let mut heard = ask(&planes, async |mut client| {
            let request = WatchEndedSessionsRequest { router: "router-1".into() };
            client.watch_ended_sessions(request).await
        })
        .await;
        let told = heard.message().await.unwrap().unwrap();
        assert!(told.sessions.iter().any(|told| told.session == session), "{told:?}");
    }
}

async fn ask<T>(
    planes: &Planes,
    ask: impl AsyncFn(FleetClient<Channel>) -> Result<tonic::Response<T>, Status>,
) -> T {
    loop {
        let plane = planes.current();
        match ask(FleetClient::new(plane.channel.clone())).await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => {
                assert!(leader_of(&status).is_some(), "{status}");
                planes.failed(&plane, &status);
            }
        }
    }
}

/// The program as a process.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    async fn start(etcd: &cp_etcd::Config, folder: &std::path::Path, name: &str) -> Self {
        let file = folder.join(format!("{name}.json"));
        let _ = fs::remove_file(&file);
        let log = fs::File::create(folder.join(format!("{name}.log"))).unwrap();
        let endpoints: Vec<_> = etcd.endpoints.iter().map(|at| format!("{at:?}")).collect();
        let child = Child::start(
            Command::new(PROGRAM)
                .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--settle-at", "3"])
                .arg("--addresses-file")
                .arg(&file)
                .args(["--set", &format!("name={name}")])
                .args(["--set", &format!("etcd.endpoints=[{}]", endpoints.join(","))])
                .args(["--set", &format!("etcd.prefix={}", etcd.prefix)])
                .args(["--set", "etcd.lease_secs=2"])
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log),
        )
        .unwrap();
        eventually("it says where it listens", async || file.exists()).await;
        let addresses: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        Self { child, address: addresses["listen"].as_str().unwrap().parse().unwrap() }
    }
}

/// Invariant one-owner.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_killed_in_the_middle_of_changes_leaves_one_owner_each_and_members_go_on() {
    const ROUNDS: usize = 4;
    let Some(etcd) = etcd() else { return };
    let folder = base_testkit::Scratch::new("control-planes").unwrap();
    let mut processes = BTreeMap::new();
    for name in ["cp-1", "cp-2", "cp-3"] {
        let process = Process::start(&etcd, folder.path(), name).await;
        processes.insert(process.address, (name, process));
    }
    let leads = async |known: &BTreeMap<SocketAddr, (&str, Process)>| {
        let mut found = None;
        eventually("somebody leads", async || {
            for asked in known.keys() {
                found = leader(*asked).await.filter(|leader| known.contains_key(leader));
                if found.is_some() {
                    return true;
                }
            }
            false
        })
        .await;
        found.unwrap()
    };
    let mut at = leads(&processes).await;
    for number in 1..=3 {
        eventually("a cell registers", async || send(at, beat(number)).await.is_ok()).await;
    }
    let mut pinned = 0_usize;
    for round in 0..ROUNDS {
        at = leads(&processes).await;
        let names: Vec<String> = (0..1_500).map(|n| format!("users/r{round}-{n}")).collect();
        let request = PinTenantsRequest { tenants: names, by: "leila".into(), why: "large".into() };
        let mut asked = operator(at).await;
        let change = tokio::spawn({
            let request = request.clone();
            async move { asked.pin_tenants(request).await }
        });
        // At another moment of the change in each round.
        tokio::time::timeout(Duration::from_millis(7 * round as u64), std::future::pending::<()>())
            .await
            .unwrap_err();
        let (name, mut killed) = processes.remove(&at).unwrap();
        killed.child.kill().unwrap();
        let answered = change.await.unwrap().is_ok();
        at = leads(&processes).await;
        let mut operator = operator(at).await;
        let mut now = 0;
        eventually("the change is made again", async || {
            let made = operator.pin_tenants(request.clone()).await;
            if let Ok(made) = &made {
                now = made.get_ref().pinned as usize;
            }
            made.is_ok()
        })
        .await;
        assert!(now == 0 || now == 1_500, "round {round}: {now} were placed");
        assert!(!answered || now == 0, "round {round}: what was acknowledged is there");
        pinned += 1_500;
        let back = Process::start(&etcd, folder.path(), name).await;
        processes.insert(back.address, (name, back));
    }
    // All of them show the same table, whole, with one owner for each tenant.
    let mut tables: Vec<Table> = Vec::new();
    for address in processes.keys() {
        let mut watcher = Watcher::router(*address, "router-1").await;
        let mut table = watcher.next().await.unwrap();
        while table.overrides_len() < pinned {
            table = watcher.next().await.unwrap();
        }
        tables.push(table);
    }
    assert!(tables.windows(2).all(|two| two[0].digest() == two[1].digest()));
    for round in 0..ROUNDS {
        let tenant = format!("users/r{round}-7");
        let row = tables[0].route(&tenant).owner().unwrap();
        assert_eq!(row.generation, Generation(2), "{tenant}");
    }
    let mut operator = operator(at).await;
    let deeds = operator.list_deeds(ListDeedsRequest { limit: 1_000 }).await.unwrap().into_inner();
    let places: std::collections::BTreeSet<_> =
        deeds.deeds.iter().map(|deed| deed.place.clone()).collect();
    assert_eq!(places.len(), 1_000, "the record has each deed once");
    assert!(operator.list_holds(ListHoldsRequest {}).await.unwrap().into_inner().held.is_empty());
    drop(fleet(at).await);
}
