//! The router proves to cells and to the control plane who it is, and speaks to nobody else than whom it means.

use std::{net::SocketAddr, time::Duration};

use base_identity::{Authority, Door, Issued, Passport, Role};
use base_testkit::eventually;
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use router_server::{Config, Router, RunningRouter};
use souk_proto_fleet::{
    GRPC,
    v1::{self, mesh_client::MeshClient},
};

use crate::{
    cells::StandInCell,
    client::{Client, Raw},
    control_plane::ControlPlane,
    fleet::{config, keep, table, table_of},
    lasting::{echo, open_socket},
};

const DAY: Duration = Duration::from_hours(24);
const ROUTERS: &[Role] = &[Role::Router];
const HTTP: &[&str] = &["h2", "http/1.1"];
/// For a router to see that files have changed; no measure of how soon it does.
const PATIENCE: Duration = Duration::from_mins(1);

/// An authority, and a folder for the identities that it issues.
struct Fleet {
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Fleet {
    fn new() -> Self {
        let authority = Authority::make("souk.example", DAY).unwrap();
        Self { authority, folder: tempfile::tempdir().unwrap() }
    }

    fn issue(&self, role: Role, name: &str) -> Issued {
        self.authority.issue(role, name, DAY).unwrap()
    }

    fn files(&self, role: Role, name: &str) -> base_identity::Config {
        let folder = self.folder.path().join(format!("{role}-{name}"));
        self.issue(role, name).write(&folder).unwrap()
    }

    fn passport(&self, role: Role, name: &str) -> Passport {
        Passport::read(&self.files(role, name), role, Some(name)).unwrap()
    }

    /// A cell that routers alone may come to; `name` is who it is, whatever its number.
    async fn cell(&self, number: u16, name: &str) -> (StandInCell, Passport) {
        let passport = self.passport(Role::Cell, name);
        let door = Door::new("edge", Some(&passport), ROUTERS, HTTP);
        (StandInCell::start_behind(number, door).await, passport)
    }

    fn config(&self, directory: &std::path::Path) -> Config {
        Config { identity: Some(self.files(Role::Router, "router-1")), ..config(directory) }
    }
}

/// A router on a table of its own.
struct Stage {
    router: RunningRouter,
    client: Client,
    _directory: tempfile::TempDir,
}

impl Stage {
    async fn of(cells: &[StandInCell], set: impl FnOnce(&std::path::Path) -> Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &table(1, cells, &[]));
        let router = Router::start(set(directory.path())).await.unwrap();
        Self { client: Client::of(router.addresses().http), router, _directory: directory }
    }
}

async fn call(router: SocketAddr) -> String {
    let mut mesh = MeshClient::connect(format!("http://{router}")).await.unwrap();
    let mut request = tonic::Request::new(v1::CallRequest::default());
    request.metadata_mut().insert("souk-tenant", "users/u1".parse().unwrap());
    match mesh.call(request).await.unwrap().into_inner().outcome {
        Some(v1::call_response::Outcome::Response(told)) => {
            String::from_utf8(told.to_vec()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_handshake_is_enough_for_many_requests_of_either_protocol() {
    let fleet = Fleet::new();
    let (cell, passport) = fleet.cell(1, "cell-1").await;
    let cells = [cell];
    let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
    for _ in 0..20 {
        let answer = stage.client.get("/v1/users/u1").await;
        assert_eq!((answer.status.as_u16(), answer.cell().as_str()), (200, "cell-1"));
    }
    assert_eq!(passport.counts().admitted_on("edge"), 1, "twenty requests over HTTP/1.1");
    for _ in 0..20 {
        assert_eq!(call(stage.router.addresses().http).await, "cell-1 users/u1 0");
    }
    assert_eq!(passport.counts().admitted_on("edge"), 2, "and twenty calls over HTTP/2");
    for _ in 0..3 {
        let body = Bytes::from(vec![b'x'; 100_000]);
        let answer = stage.client.send(Method::PUT, "/v1/users/u1/x", &[], body).await;
        assert_eq!(answer.status, 200);
    }
    let admitted = passport.counts().admitted_on("edge");
    assert!(admitted <= 4, "questions have a connection of their own: {admitted}");
}

#[tokio::test]
async fn events_calls_and_sockets_that_last_pass_piece_by_piece() {
    let fleet = Fleet::new();
    let (cell, passport) = fleet.cell(1, "cell-1").await;
    let cells = [cell];
    let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
    let address = stage.router.addresses().http;
    let answer = stage.client.open(Method::GET, "/v1/users/u1/events", &[], Bytes::new()).await;
    let mut events = answer.into_body();
    let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&*first, b"data: first\n\n");
    cells[0].go_on();
    assert_eq!(&*events.collect().await.unwrap().to_bytes(), b"data: second\n\n");

    let mut mesh = MeshClient::connect(format!("http://{address}")).await.unwrap();
    let mut follow = tonic::Request::new(v1::FollowRequest::default());
    follow.metadata_mut().insert("souk-tenant", "users/u1".parse().unwrap());
    let mut batches = mesh.follow(follow).await.unwrap().into_inner();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 1);
    cells[0].go_on();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 2);

    let mut socket = open_socket(Raw::open(address).await.stream).await;
    echo(&mut socket).await;
    assert_eq!(passport.counts().refused_on("edge", "plaintext"), 0);
}

#[tokio::test]
async fn another_cell_at_the_address_hears_nothing() {
    let fleet = Fleet::new();
    // cell-2 has moved in where the table says that cell-1 is.
    let (cell, passport) = fleet.cell(1, "cell-2").await;
    let cells = [cell];
    let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
    let answer = stage.client.get("/v1/users/u1").await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    let body = Bytes::from(vec![b'x'; 100_000]);
    let large = stage.client.send(Method::PUT, "/v1/users/u1/x", &[], body).await;
    assert!(large.status.is_server_error(), "{large:?}");
    assert_eq!((cells[0].requests(), cells[0].questions()), (0, 0));
    assert!(passport.counts().refused_on("edge", "broken") > 0, "the router has hung up");
    let metrics = stage.router.metrics().text();
    assert!(metrics.contains("souk_router_connect_errors_total{cell=\"cell-1\"}"), "{metrics}");
}

#[tokio::test]
async fn who_is_no_cell_of_the_fleet_hears_nothing() {
    let (fleet, false_fleet) = (Fleet::new(), Fleet::new());
    let cells = [StandInCell::start(1).await];
    let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
    assert!(stage.client.get("/v1/users/u1").await.status.is_server_error());
    assert_eq!(cells[0].requests(), 0, "plaintext is not fallen back to");
    for (fleet_of_cell, role) in [(&false_fleet, Role::Cell), (&fleet, Role::ControlPlane)] {
        let passport = fleet_of_cell.passport(role, "cell-1");
        let door = Door::new("edge", Some(&passport), ROUTERS, HTTP);
        let cell = StandInCell::start_behind(1, door).await;
        let cells = [cell];
        let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
        assert!(stage.client.get("/v1/users/u1").await.status.is_server_error());
        assert_eq!(passport.counts().admitted_on("edge"), 0);
    }
}

#[tokio::test]
async fn a_cell_tells_a_router_without_identity_and_one_of_another_fleet_apart_from_its_own() {
    let (fleet, false_fleet) = (Fleet::new(), Fleet::new());
    let (cell, passport) = fleet.cell(1, "cell-1").await;
    let cells = [cell];
    let nameless = Stage::of(&cells, config).await;
    assert!(nameless.client.get("/v1/users/u1").await.status.is_server_error());
    assert_eq!(passport.counts().refused_on("edge", "plaintext"), 1);
    let foreign = Stage::of(&cells, |directory| false_fleet.config(directory)).await;
    assert!(foreign.client.get("/v1/users/u1").await.status.is_server_error());
    assert_eq!((cells[0].requests(), passport.counts().admitted_on("edge")), (0, 0));
    let own = Stage::of(&cells, |directory| fleet.config(directory)).await;
    assert_eq!(own.client.get("/v1/users/u1").await.status, 200);
}

#[tokio::test]
async fn a_new_identity_is_shown_on_new_connections_and_the_old_one_no_more() {
    let fleet = Fleet::new();
    let (cell, passport) = fleet.cell(1, "cell-1").await;
    let cells = [cell];
    let stage = Stage::of(&cells, |directory| fleet.config(directory)).await;
    assert_eq!(stage.client.get("/v1/users/u1").await.status, 200);
    fleet.files(Role::Router, "router-1");
    stage.router.reread_certificates();
    let read = "souk_router_identity_reads_total{outcome=\"read\"} 1";
    let seen = eventually(PATIENCE, async || {
        let metrics = stage.router.metrics().text();
        if metrics.contains(read) { Ok(()) } else { Err("the identity was not read anew") }
    });
    seen.await.unwrap();
    for _ in 0..3 {
        assert_eq!(stage.client.get("/v1/users/u1").await.status, 200);
        assert_eq!(passport.counts().admitted_on("edge"), 2, "the kept connection is not used");
    }
}

#[tokio::test]
async fn tables_come_from_the_control_plane_of_the_fleet_and_from_nobody_else() {
    let fleet = Fleet::new();
    let (cell, _) = fleet.cell(1, "cell-1").await;
    let cells = [cell];
    let guarded = |role, name: &'static str| {
        let passport = fleet.passport(role, name);
        let door = Door::new("listen", Some(&passport), ROUTERS, GRPC);
        async move { (ControlPlane::start_behind(door).await, passport) }
    };
    let (mut control_plane, _) = guarded(Role::ControlPlane, "control-plane").await;
    let (false_one, false_passport) = guarded(Role::Cell, "cell-9").await;
    let at = |address: SocketAddr| {
        let fleet = &fleet;
        move |directory: &std::path::Path| Config {
            control_plane: Some(format!("https://{address}")),
            ..fleet.config(directory)
        }
    };
    let stage = Stage::of(&cells, at(control_plane.address)).await;
    control_plane.push(&table(7, &cells, &[])).await;
    assert_eq!(stage.router.table().epoch().0, 7);

    false_one.push_raw((&table(9, &cells, &[])).into());
    let misled = Stage::of(&cells, at(false_one.address)).await;
    let refused = eventually(PATIENCE, async || {
        match false_passport.counts().refused_on("listen", "broken") {
            0 => Err("nobody has come yet"),
            _ => Ok(()),
        }
    });
    refused.await.unwrap();
    assert_eq!(
        (misled.router.table().epoch().0, false_passport.counts().admitted_on("listen")),
        (1, 0)
    );
}

#[tokio::test]
async fn without_an_identity_no_table_is_taken_that_names_a_cell_elsewhere() {
    let here = StandInCell::start(1).await;
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = table_of(5, &[here.address, "10.0.0.7:7410".parse().unwrap()], &[]);
    keep(directory.path(), &elsewhere);
    let mut control_plane = ControlPlane::start().await;
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    let router = Router::start(config).await.unwrap();
    assert!(router.table().cells().is_empty(), "the one on disk is not used");
    control_plane.push(&table(6, std::slice::from_ref(&here), &[])).await;
    control_plane.push_raw((&table_of(7, &["10.0.0.7:7410".parse().unwrap()], &[])).into());
    let refused = "souk_router_tables_refused_total{cause=\"no_identity\"} 2";
    let told = eventually(PATIENCE, async || {
        let metrics = router.metrics().text();
        if metrics.contains(refused) { Ok(()) } else { Err(metrics) }
    });
    told.await.unwrap();
    assert_eq!(router.table().epoch().0, 6);
}

#[test]
fn what_does_not_fit_the_identity_is_a_mistake_of_the_settings() {
    let fleet = Fleet::new();
    let directory = tempfile::tempdir().unwrap();
    let told = |change: &dyn Fn(&mut Config)| {
        let mut config = fleet.config(directory.path());
        change(&mut config);
        let mistakes: Vec<_> =
            config.mistakes().iter().map(|fault| fault.context().to_owned()).collect();
        mistakes.join("; ")
    };
    assert_eq!(told(&|_| {}), "");
    assert!(
        told(&|config| config.name = "router-2".into())
            .contains("soukctl identity issue router router-2")
    );
    let plain = Some("http://127.0.0.1:7400".to_owned());
    assert!(told(&|config| config.control_plane.clone_from(&plain)).contains("spoken to with TLS"));
    let nameless = |config: &mut Config| {
        config.identity = None;
        config.control_plane = Some("http://10.0.0.5:7400".into());
    };
    assert!(told(&nameless).contains("soukctl identity authority"));
}
