//! A cell that stops beating is shown as not alive, and keeps everything that it owns.

use std::time::Duration;

use souk_proto_fleet::v1::{CellStatus, ListCellsRequest};
use tonic::Code;

use crate::fleet::{Plane, beat, send};

async fn cells(plane: &Plane) -> Vec<CellStatus> {
    let answer = plane.operator().await.list_cells(ListCellsRequest {}).await.unwrap();
    answer.into_inner().cells
}

#[tokio::test]
async fn a_silent_cell_is_not_alive_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 2).await;
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let before = cells(&plane).await;
    assert!(before.iter().all(|cell| cell.alive && cell.slots > 30_000));
    plane.clock.advance(Duration::from_secs(6));
    send(plane.address(), beat(2)).await.unwrap();
    let after = cells(&plane).await;
    assert_eq!((after[0].alive, after[1].alive), (false, true));
    assert_eq!(after[0].slots, before[0].slots);
    send(plane.address(), beat(1)).await.unwrap();
    assert!(cells(&plane).await[0].alive);
}

#[tokio::test]
async fn a_process_that_another_one_took_over_from_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut restarted = beat(1);
    restarted.boot = "second".into();
    restarted.edge_address = "127.0.0.1:30000".into();
    send(plane.address(), restarted.clone()).await.unwrap();
    let status = send(plane.address(), beat(1)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("no longer that pod of the cell"), "{status}");
    let cells = cells(&plane).await;
    let pods = &cells[0].cell.as_ref().unwrap().pods;
    assert_eq!((pods.len(), &pods[0].edge_address), (1, &restarted.edge_address));
}
