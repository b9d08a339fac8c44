//! Pods of one cell join, die, leave and come back; the cell goes on as long as one of them does.

use std::time::Duration;

use router_table::Table;
use souk_proto_fleet::v1::{
    CellStatus, DoctorRequest, Finding, HeartbeatRequest, ListCellsRequest, Work,
};
use tonic::Code;

use crate::fleet::{Plane, Watcher, beat, eventually, key, send};

/// What pod `name` of `cell-1` says.
fn pod(name: &str) -> HeartbeatRequest {
    let nth = u16::from(name.as_bytes()[0]);
    HeartbeatRequest {
        cell: "cell-1".into(),
        pod: name.into(),
        boot: format!("first-{name}"),
        signing_keys: vec![key(&format!("cell-1-{name}"))],
        ..beat(nth)
    }
}

/// Lets seconds pass, in each of which these pods beat.
async fn seconds(plane: &Plane, count: u32, beating: &[&str]) {
    for _ in 0..count {
        plane.clock.advance(Duration::from_secs(1));
        for name in beating {
            send(plane.address(), pod(name)).await.unwrap();
        }
    }
}

fn names(table: &Table) -> Vec<String> {
    table.cells()[0].pods.iter().map(|pod| pod.name.to_string()).collect()
}

async fn status(plane: &Plane) -> CellStatus {
    let cells = plane.operator().await.list_cells(ListCellsRequest {}).await.unwrap();
    cells.into_inner().cells.remove(0)
}

async fn complaints(plane: &Plane) -> Vec<Finding> {
    let found = plane.operator().await.doctor(DoctorRequest {}).await.unwrap();
    let mut findings = found.into_inner().findings;
    findings.retain(|finding| !finding.ok && finding.check.ends_with("heartbeat"));
    findings
}

#[tokio::test]
async fn a_pod_that_dies_leaves_the_table_while_another_lives_and_comes_back_when_it_beats() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 3, &["a", "b", "c"]).await;
    let mut router = Watcher::router(plane.address(), "router-1").await;
    let before = router.next().await.unwrap();
    assert_eq!(names(&before), ["a", "b", "c"]);
    let owned = plane.running.plane().fleet().slot_runs(None);

    seconds(&plane, 4, &["a", "c"]).await;
    assert_eq!(plane.running.plane().fleet().epoch(), before.epoch(), "not missed yet");
    seconds(&plane, 4, &["a", "c"]).await;
    let after = router.next().await.unwrap();
    assert_eq!(
        (names(&after), after.epoch()),
        (vec!["a".into(), "c".into()], before.epoch().next())
    );
    assert!(after.signing_key("cell-1-b").is_some(), "its tokens are good for a while");
    assert_eq!(plane.running.plane().fleet().slot_runs(None), owned);

    let dead = complaints(&plane).await;
    assert_eq!((dead.len(), dead[0].check.as_str()), (1, "cell-1/b heartbeat"));
    assert!(dead[0].text.starts_with("dead: silent for 8 s, and out of the table"), "{dead:?}");
    let shown = status(&plane).await;
    let pods: Vec<_> = shown
        .pods
        .iter()
        .map(|pod| (pod.pod.as_ref().unwrap().name.as_str(), pod.alive, pod.listed))
        .collect();
    assert!(shown.alive);
    assert_eq!(pods, [("a", true, true), ("c", true, true), ("b", false, false)]);

    let restarted = HeartbeatRequest { boot: "second".into(), ..pod("b") };
    send(plane.address(), restarted).await.unwrap();
    let back = router.next().await.unwrap();
    assert_eq!(names(&back), ["a", "b", "c"]);
    assert!(complaints(&plane).await.is_empty());
    let superseded = send(plane.address(), pod("b")).await.unwrap_err();
    assert_eq!(superseded.code(), Code::FailedPrecondition);
    assert!(superseded.message().contains("cell-1/b was started again"), "{superseded}");
}

#[tokio::test]
async fn a_pod_that_stops_cleanly_leaves_at_once_and_nobody_complains() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 1, &["a", "b"]).await;
    let mut router = Watcher::router(plane.address(), "router-1").await;
    router.next().await.unwrap();
    send(plane.address(), HeartbeatRequest { leaves: true, ..pod("a") }).await.unwrap();
    assert_eq!(names(&router.next().await.unwrap()), ["b"]);
    assert!(complaints(&plane).await.is_empty());
    let epoch = plane.running.plane().fleet().epoch();
    // Said twice it means the same.
    send(plane.address(), HeartbeatRequest { leaves: true, ..pod("a") }).await.unwrap();
    assert_eq!(plane.running.plane().fleet().epoch(), epoch);
}

#[tokio::test]
async fn the_last_pod_stays_as_the_address_of_its_cell_however_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 3, &["a", "b"]).await;
    let epoch = plane.running.plane().fleet().epoch();
    plane.clock.advance(Duration::from_mins(1));
    assert_eq!(complaints(&plane).await.len(), 2);
    assert!(!status(&plane).await.alive);
    assert_eq!(plane.running.plane().fleet().epoch(), epoch, "nobody was there to take over");
    seconds(&plane, 8, &["a"]).await;
    assert_eq!(status(&plane).await.cell.unwrap().pods.len(), 1, "now somebody is");
    send(plane.address(), HeartbeatRequest { leaves: true, ..pod("a") }).await.unwrap();
    let stopped = status(&plane).await;
    assert_eq!((stopped.cell.unwrap().pods.len(), stopped.alive), (1, false));
    let told = complaints(&plane).await;
    assert!(told.iter().any(|finding| finding.text.starts_with("stopped 0 s ago")), "{told:?}");
}

#[tokio::test]
async fn a_control_plane_that_starts_anew_gives_every_pod_the_time_to_beat() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 2, &["a", "b"]).await;
    let Plane { running, clock } = plane;
    running.stop().await;
    let running =
        cp_server::start(crate::fleet::config(directory.path(), 1), clock.clone(), None).await;
    let plane = Plane { running: running.unwrap(), clock };
    seconds(&plane, 5, &["a"]).await;
    assert_eq!(status(&plane).await.cell.unwrap().pods.len(), 2);
    seconds(&plane, 3, &["a"]).await;
    assert_eq!(status(&plane).await.cell.unwrap().pods.len(), 1);
}

#[tokio::test]
async fn two_pods_of_a_cell_watch_the_table_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 1, &["a", "b"]).await;
    let mut watchers = Vec::new();
    for name in ["a", "b"] {
        watchers.push(Watcher::pod(plane.address(), "cell-1", name).await);
    }
    let table = watchers[0].next().await.unwrap();
    watchers[0].ack(&table).await;
    let held = async |name: &str| {
        let shown = status(&plane).await;
        let named = |pod: &&souk_proto_fleet::v1::PodStatus| pod.pod.as_ref().unwrap().name == name;
        (shown.pods.iter().find(named).unwrap().epoch, shown.epoch)
    };
    let epoch = table.epoch().0;
    eventually("a's word is heard", async || held("a").await == (epoch, 0)).await;
    let table = watchers[1].next().await.unwrap();
    watchers[1].ack(&table).await;
    eventually("b's word, too", async || held("b").await == (epoch, epoch)).await;
}

#[tokio::test]
async fn a_role_that_no_pod_has_is_named_until_one_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    seconds(&plane, 1, &["a"]).await;
    let front = [Work::Edge, Work::Services, Work::Relay];
    let _a = Watcher::pod_that_does(plane.address(), "cell-1", "a", &front).await;
    let roles = async || {
        let found = plane.operator().await.doctor(DoctorRequest {}).await.unwrap();
        let mut findings = found.into_inner().findings.into_iter();
        findings.find(|finding| finding.check == "cell-1 roles")
    };
    let undone = async || status(&plane).await.undone().collect::<Vec<_>>();
    let missing = async || undone().await == [Work::Indexer];
    eventually("what nobody does is named", missing).await;
    let found = roles().await.unwrap();
    assert!(!found.ok && found.text.starts_with("no pod has the role indexer: "), "{found:?}");
    assert_eq!(plane.counter("roles_without_a_pod").await, 1);

    // One that answers no callers does not beat, and nobody is sent to it.
    let mut indexer =
        Watcher::pod_that_does(plane.address(), "cell-1", "c", &[Work::Indexer]).await;
    assert_eq!(names(&indexer.next().await.unwrap()), ["a"]);
    assert_eq!(undone().await, []);
    assert!(roles().await.unwrap().ok);
    let shown = status(&plane).await.pods;
    assert!(
        shown[1].alive && !shown[1].listed && shown[1].works().eq([Work::Indexer]),
        "{shown:?}"
    );
    assert!(shown[0].listed && shown[0].works().eq(front), "{shown:?}");
    drop(indexer);
    eventually("it is missed", missing).await;
    assert_eq!(status(&plane).await.pods.len(), 1);
}
