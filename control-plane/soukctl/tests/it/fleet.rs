//! The program against a control plane and a cell that answer over real connections.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process::{Command, Output},
};

use base_telemetry::{Admin, Metrics, Readiness};
use souk_proto_fleet::v1::{
    self as wire,
    cell_admin_server::{CellAdmin, CellAdminServer},
    operator_server::{Operator, OperatorServer},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{Request, Response, Status, async_trait, service::Routes};

const LETTER: [u8; 16] = [0x4f; 16];
const LETTER_HEX: &str = "4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f";

/// A control plane that knows one cell, and that cell, both on one admin port.
#[derive(Clone)]
pub(crate) struct Stage {
    cell: wire::Cell,
}

impl Stage {
    /// With a cell that serves operators there.
    pub(crate) fn of(address: SocketAddr, cell: &str) -> Self {
        let cell =
            wire::Cell { id: cell.into(), pods: vec![pod("0", address)], ..Default::default() };
        Self { cell }
    }
}

fn pod(name: &str, address: SocketAddr) -> wire::Pod {
    wire::Pod {
        name: name.into(),
        edge_address: String::new(),
        mesh_address: address.to_string(),
        admin_address: address.to_string(),
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[async_trait]
impl Operator for Stage {
    async fn list_cells(
        &self,
        _: Request<wire::ListCellsRequest>,
    ) -> Answer<wire::ListCellsResponse> {
        let cell =
            wire::CellStatus { cell: Some(self.cell.clone()), alive: true, ..Default::default() };
        Ok(Response::new(wire::ListCellsResponse { cells: vec![cell] }))
    }

    async fn list_routers(
        &self,
        _: Request<wire::ListRoutersRequest>,
    ) -> Answer<wire::ListRoutersResponse> {
        let router = wire::RouterStatus {
            member: "router-1".into(),
            admin_address: self.cell.pods.last().unwrap().admin_address.clone(),
            connected: true,
            ..Default::default()
        };
        Ok(Response::new(wire::ListRoutersResponse { routers: vec![router], epoch: 1 }))
    }

    async fn where_is_tenant(
        &self,
        request: Request<wire::WhereIsTenantRequest>,
    ) -> Answer<wire::WhereIsTenantResponse> {
        let tenant = request.into_inner().tenant;
        let cell = (tenant != "users/nobody").then(|| self.cell.clone());
        Ok(Response::new(wire::WhereIsTenantResponse { tenant, cell, ..Default::default() }))
    }

    async fn list_slots(
        &self,
        _: Request<wire::ListSlotsRequest>,
    ) -> Answer<wire::ListSlotsResponse> {
        Err(Status::not_found("cell cell-9 has never registered"))
    }

    async fn doctor(&self, _: Request<wire::DoctorRequest>) -> Answer<wire::DoctorResponse> {
        let finding = wire::Finding {
            check: "slots".into(),
            ok: true,
            text: "every slot has an owner".into(),
        };
        Ok(Response::new(wire::DoctorResponse { findings: vec![finding] }))
    }

    async fn hold(&self, request: Request<wire::HoldRequest>) -> Answer<wire::HoldResponse> {
        let wire::HoldRequest { place, by, why } = request.into_inner();
        if place == Some(tenant("users/nobody")) {
            return Err(Status::failed_precondition("nobody owns tenant users/nobody yet"));
        }
        let hold = Some(wire::Hold { by, why, since_ms: 1_000 });
        let ownership = wire::Ownership { place, cell: "cell-1".into(), generation: 2, hold };
        Ok(Response::new(wire::HoldResponse { ownership: Some(ownership), epoch: 7 }))
    }

    async fn release(
        &self,
        request: Request<wire::ReleaseRequest>,
    ) -> Answer<wire::ReleaseResponse> {
        let place = request.into_inner().place;
        let ownership = wire::Ownership { place, cell: "cell-1".into(), generation: 3, hold: None };
        Ok(Response::new(wire::ReleaseResponse { ownership: Some(ownership), epoch: 8 }))
    }

    async fn list_holds(
        &self,
        _: Request<wire::ListHoldsRequest>,
    ) -> Answer<wire::ListHoldsResponse> {
        Ok(Response::new(wire::ListHoldsResponse { held: vec![], epoch: 8 }))
    }

    async fn pin_tenants(
        &self,
        request: Request<wire::PinTenantsRequest>,
    ) -> Answer<wire::PinTenantsResponse> {
        let pinned = u32::try_from(request.into_inner().tenants.len()).unwrap();
        Ok(Response::new(wire::PinTenantsResponse { pinned, epoch: 9 }))
    }

    async fn list_deeds(
        &self,
        request: Request<wire::ListDeedsRequest>,
    ) -> Answer<wire::ListDeedsResponse> {
        let deed = wire::Deed { at_ms: 1_000, by: "leila".into(), ..Default::default() };
        let deeds = vec![deed; request.into_inner().limit as usize];
        Ok(Response::new(wire::ListDeedsResponse { deeds }))
    }
}

fn tenant(name: &str) -> wire::Place {
    wire::Place { is: Some(wire::place::Is::Tenant(name.into())) }
}

fn streams() -> BTreeMap<&'static str, wire::StreamEvent> {
    let event = |kind: &str, at_ms, cause| wire::StreamEvent {
        version: 1,
        kind: kind.into(),
        at_ms,
        body: "{}".into(),
        cause: Some(cause),
    };
    let told = wire::Told {
        id: vec![7; 16].into(),
        to_tenant: "users/leila".into(),
        to_service: "orders".into(),
        kind: "souk.orders.v1.PlaceGroup".into(),
        due_ms: 0,
    };
    let asked = wire::Cause {
        actor: "users/leila".into(),
        command: r#"{"Start":{}}"#.into(),
        told: vec![told],
        ..Default::default()
    };
    let heard = wire::Cause {
        heard: vec![7; 16].into(),
        heard_from_stream: "users/leila/checkout/s1".into(),
        heard_from_version: 1,
        heard_kind: "souk.orders.v1.PlaceGroup".into(),
        ..Default::default()
    };
    BTreeMap::from([
        ("users/leila/checkout/s1", event("Started", 1_000, asked)),
        ("users/leila/orders/o1", event("GroupPlaced", 2_000, heard)),
    ])
}

#[async_trait]
impl CellAdmin for Stage {
    async fn show_stream(
        &self,
        request: Request<wire::ShowStreamRequest>,
    ) -> Answer<wire::ShowStreamResponse> {
        let request = request.into_inner();
        let event = streams().remove(request.stream.as_str());
        let head = u64::from(event.is_some());
        let events = event.into_iter().filter(|event| event.version > request.after).collect();
        Ok(Response::new(wire::ShowStreamResponse { events, head }))
    }

    async fn who_heard(&self, _: Request<wire::WhoHeardRequest>) -> Answer<wire::WhoHeardResponse> {
        Ok(Response::new(wire::WhoHeardResponse {
            stream: "users/leila/orders/o1".into(),
            version: 1,
            called_off: false,
        }))
    }

    async fn list_streams(
        &self,
        _: Request<wire::ListStreamsRequest>,
    ) -> Answer<wire::ListStreamsResponse> {
        let head = |stream: &str| wire::StreamHead { stream: stream.into(), version: 1 };
        Ok(Response::new(wire::ListStreamsResponse {
            streams: streams().into_keys().map(head).collect(),
        }))
    }

    async fn list_dead_letters(
        &self,
        _: Request<wire::ListDeadLettersRequest>,
    ) -> Answer<wire::ListDeadLettersResponse> {
        let message = wire::Message { id: LETTER.to_vec().into(), ..Default::default() };
        let letter = wire::DeadLetter {
            message: Some(message),
            why: "cannot be read".into(),
            tries: 12,
            parked_ms: 1,
        };
        Ok(Response::new(wire::ListDeadLettersResponse { letters: vec![letter] }))
    }

    async fn replay_dead_letter(
        &self,
        request: Request<wire::DeadLetterRequest>,
    ) -> Answer<wire::DeadLetterResponse> {
        if request.into_inner().id == LETTER.as_slice() {
            Ok(Response::new(wire::DeadLetterResponse { text: "delivered again".into() }))
        } else {
            Err(Status::not_found("there is no such letter"))
        }
    }

    async fn drop_dead_letter(
        &self,
        _: Request<wire::DeadLetterRequest>,
    ) -> Answer<wire::DeadLetterResponse> {
        Ok(Response::new(wire::DeadLetterResponse { text: "dropped".into() }))
    }

    async fn list_waiting(
        &self,
        _: Request<wire::ListWaitingRequest>,
    ) -> Answer<wire::ListWaitingResponse> {
        Ok(Response::new(wire::ListWaitingResponse::default()))
    }

    async fn check_cell(&self, _: Request<wire::CheckCellRequest>) -> Answer<wire::DoctorResponse> {
        let finding = wire::Finding { check: "store".into(), ok: true, text: "commit 9".into() };
        Ok(Response::new(wire::DoctorResponse { findings: vec![finding] }))
    }

    async fn grant_operator(
        &self,
        request: Request<wire::GrantOperatorRequest>,
    ) -> Answer<wire::GrantOperatorResponse> {
        let request = request.into_inner();
        let operators = if request.take_away { vec![] } else { vec![request.user] };
        Ok(Response::new(wire::GrantOperatorResponse { operators }))
    }
}

/// Both on one port, as a process serves its own admin port.
async fn stage() -> (SocketAddr, JoinHandle<()>) {
    stage_with(None).await
}

/// The same with another pod of the cell, which comes first.
async fn stage_with(other: Option<SocketAddr>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut stage = Stage::of(address, "cell-1");
    if let Some(other) = other {
        stage.cell.pods = vec![pod("0", other), pod("1", address)];
    }
    let grpc =
        Routes::new(OperatorServer::new(stage.clone())).add_service(CellAdminServer::new(stage));
    let readiness = Readiness::new();
    readiness.register("table").ready();
    let admin = Admin::new(Metrics::new(), readiness).with_routes(grpc.into_axum_router());
    let serving = tokio::spawn(async move { admin.serve(listener).await.unwrap() });
    (address, serving)
}

/// Runs the program; its exit code and what it printed on both channels.
async fn soukctl(address: SocketAddr, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soukctl"));
    command.args(["--control-plane", &address.to_string(), "--zone", "UTC"]).args(arguments);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
    let Output { status, stdout, stderr } = ran.await.unwrap();
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[tokio::test]
async fn streams_and_purchases_are_read_from_the_cell_that_has_them() {
    let (address, serving) = stage().await;
    let (code, said) = soukctl(address, &["streams", "show", "users/leila/checkout/s1"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("1        1970-01-01 00:00:01.000 +00:00  Started  {}    users/leila: Start"),
        "{said}"
    );
    let (code, said) = soukctl(address, &["streams", "show", "users/leila/checkout/s2"]).await;
    assert_eq!(
        (code, &*said),
        (1, "soukctl: users/leila/checkout/s2 has no events in cell-1, where users/leila lives\n")
    );
    let (code, said) = soukctl(address, &["streams", "show", "users/nobody/checkout/s1"]).await;
    assert_eq!(code, 1, "{said}");
    for order in ["users/leila/orders/o1", "users/leila/checkouts/s1"] {
        let (code, said) = soukctl(address, &["explain", order]).await;
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("PlaceGroup from users/leila/checkout/s1@1"), "{said}");
        assert!(said.contains("2 events in cell-1"), "{said}");
    }
    let (code, said) = soukctl(address, &["explain", "users/leila/orders/o2"]).await;
    assert_eq!(
        (code, &*said),
        (1, "soukctl: there is no users/leila/orders/o2 in cell-1, where users/leila lives\n")
    );
    serving.abort();
}

#[tokio::test]
async fn dead_letters_are_listed_replayed_and_dropped() {
    let (address, serving) = stage().await;
    let (code, said) = soukctl(address, &["messages", "dead", "list", "-o", "json"]).await;
    assert_eq!(code, 0, "{said}");
    let listed: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(listed["letters"][0]["id"], LETTER_HEX);
    let done = |text: &str| (0, format!("cell-1: {text}\n"));
    assert_eq!(
        soukctl(address, &["messages", "dead", "replay", LETTER_HEX]).await,
        done("delivered again")
    );
    assert_eq!(
        soukctl(address, &["messages", "dead", "drop", LETTER_HEX, "--yes"]).await,
        done("dropped")
    );
    let (code, said) = soukctl(address, &["messages", "dead", "replay", &"0".repeat(32)]).await;
    assert_eq!(code, 1);
    assert!(said.contains("there is no such letter"), "{said}");
    assert_eq!(soukctl(address, &["messages", "dead", "replay", "4f"]).await.0, 2);
    assert_eq!(
        soukctl(address, &["messages", "waiting"]).await,
        (0, "no message waits\n".to_owned())
    );
    serving.abort();
}

#[tokio::test]
async fn operators_are_granted_and_the_doctor_visits_everybody() {
    let (address, serving) = stage().await;
    let (_, said) = soukctl(address, &["operators", "grant", "leila"]).await;
    assert_eq!(said, "OPERATOR\nusers/leila\n");
    let (_, said) = soukctl(address, &["operators", "revoke", "users/leila"]).await;
    assert_eq!(said, "nobody operates the platform\n");
    let (code, said) = soukctl(address, &["doctor"]).await;
    assert_eq!(code, 0, "{said}");
    for check in ["slots", "cell-1 store", "router-1 readiness: table"] {
        assert!(said.contains(check), "{said}");
    }
    let (code, said) = soukctl(address, &["slots", "list", "--cell", "cell-9"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("cell cell-9 has never registered"), "{said}");
    serving.abort();
}

#[tokio::test]
async fn places_are_held_released_and_listed_and_a_reason_is_needed() {
    let (address, serving) = stage().await;
    let because = ["--why", "a look at the disk", "--by", "leila"];
    let ask = async |words: &[&str]| soukctl(address, &[words, &because[..]].concat()).await;
    let (code, said) = ask(&["slots", "hold", "3e3d"]).await;
    let held = "slot 3e3d is held at cell-1, generation 2, from epoch 7 on: writes wait, reads are served\n";
    assert_eq!((code, &*said), (0, held));
    let (code, said) = ask(&["slots", "release", "vendors/atlas"]).await;
    let released = "vendors/atlas is released at cell-1, generation 3, from epoch 8 on\n";
    assert_eq!((code, &*said), (0, released));
    let (code, said) = ask(&["slots", "hold", "users/nobody"]).await;
    assert_eq!(code, 1);
    assert!(said.contains("nobody owns tenant users/nobody yet"), "{said}");
    let (code, said) = ask(&["tenants", "pin", "vendors/atlas", "users/a"]).await;
    assert_eq!((code, &*said), (0, "2 tenants placed by name that were not before, epoch 9\n"));
    let (code, said) = soukctl(address, &["slots", "hold", "3e3d", "--by", "leila"]).await;
    assert_eq!(code, 2);
    assert!(said.contains("--why <TEXT>"), "{said}");
    let (code, said) = soukctl(address, &["slots", "held"]).await;
    assert_eq!((code, &*said), (0, "nothing is held\n"));
    let (code, said) = soukctl(address, &["slots", "record", "--limit", "3"]).await;
    assert_eq!((code, said.matches("leila").count()), (0, 3), "{said}");
    serving.abort();
}

#[tokio::test]
async fn a_cell_is_asked_at_a_pod_that_answers_and_the_doctor_names_the_dead_one() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = nobody.local_addr().unwrap();
    drop(nobody);
    let (address, serving) = stage_with(Some(dead)).await;
    let (code, said) = soukctl(address, &["streams", "show", "users/leila/checkout/s1"]).await;
    assert_eq!(code, 0, "{said}");
    let (_, said) = soukctl(address, &["operators", "grant", "leila"]).await;
    assert_eq!(said, "OPERATOR\nusers/leila\n");
    let (code, said) = soukctl(address, &["doctor"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("cell-1/1 store"), "{said}");
    let lines: Vec<_> = said.lines().filter(|line| line.contains("NOT OK")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("cell-1/0 operators' port"), "{said}");
    assert!(lines[0].contains(&format!("cell-1/0 ({dead}) cannot be reached")), "{said}");
    // What waits is each pod's own to tell: without one of them the list is not whole.
    let (code, said) = soukctl(address, &["messages", "waiting"]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("not reached: cell-1/0"), "{said}");
    serving.abort();
}
