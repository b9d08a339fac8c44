//! What operators are told.

use std::time::Duration;

use souk_proto_fleet::v1::{DoctorRequest, Finding, ListSlotsRequest, WhereIsTenantRequest};
use tonic::Code;

use crate::fleet::{Plane, Watcher, beat, eventually, send};

async fn doctor(plane: &Plane) -> Vec<Finding> {
    plane.operator().await.doctor(DoctorRequest {}).await.unwrap().into_inner().findings
}

fn complaints(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|finding| !finding.ok).map(|finding| finding.check.as_str()).collect()
}

#[tokio::test]
async fn a_tenant_is_found_where_the_table_says() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 2).await;
    let ask = |tenant: &str| WhereIsTenantRequest { tenant: tenant.into() };
    let mut operator = plane.operator().await;
    let nowhere = operator.where_is_tenant(ask("users/a")).await.unwrap().into_inner();
    assert_eq!((nowhere.cell, nowhere.generation, nowhere.slot), (None, 0, 0x3e3d));
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let table = watcher.next().await.unwrap();
    let found = operator.where_is_tenant(ask("users/a")).await.unwrap().into_inner();
    let owner = table.route("users/a").owner().unwrap();
    assert_eq!(found.cell.unwrap().id, owner.cell.id.as_str());
    assert_eq!(found.generation, owner.generation.0);
    assert!(!found.by_override);
    let status = operator.where_is_tenant(ask("Users/A")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("expected users/<id>"));
}

#[tokio::test]
async fn slots_are_listed_in_runs_that_cover_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 2).await;
    let ask = |cell: &str| ListSlotsRequest { cell: cell.into() };
    let mut operator = plane.operator().await;
    let runs = operator.list_slots(ask("")).await.unwrap().into_inner().runs;
    assert_eq!((runs.len(), runs[0].first, runs[0].last), (1, 0, 65_535));
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let runs = operator.list_slots(ask("")).await.unwrap().into_inner().runs;
    assert!(runs.windows(2).all(|pair| pair[0].last + 1 == pair[1].first));
    let mine = operator.list_slots(ask("cell-1")).await.unwrap().into_inner().runs;
    assert!(mine.iter().all(|run| run.cell == "cell-1" && run.generation == 1));
    let status = operator.list_slots(ask("cell-9")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "cell cell-9 has never registered")
    );
}

#[tokio::test]
async fn the_doctor_complains_about_what_is_wrong_and_only_about_that() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 2).await;
    assert_eq!(complaints(&doctor(&plane).await), ["slots", "routers"]);
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let mut watchers = vec![
        Watcher::cell(plane.address(), "cell-1").await,
        Watcher::cell(plane.address(), "cell-2").await,
        Watcher::router(plane.address(), "router-1").await,
    ];
    for watcher in &mut watchers {
        let table = watcher.next().await.unwrap();
        watcher.ack(&table).await;
    }
    eventually("all is well", async || complaints(&doctor(&plane).await).is_empty()).await;
    let mut clash = beat(2);
    clash.edge_address = beat(1).edge_address;
    clash.signing_keys.clear();
    plane.clock.advance(Duration::from_mins(1));
    send(plane.address(), clash).await.unwrap();
    let findings = doctor(&plane).await;
    let expected = [
        "cell-1 heartbeat",
        "cell-1 table",
        "cell-2 table",
        "cell-2 signing keys",
        "addresses",
        "router-1 table",
    ];
    assert_eq!(complaints(&findings), expected);
    let silent = findings.iter().find(|finding| finding.check == "cell-1 heartbeat").unwrap();
    assert!(
        silent.text.starts_with("silent for 60 s; its tenants stay its own"),
        "{}",
        silent.text
    );
}
