//! A cell that has an identity: routers come to its edge, cells and operators to its mesh, each to what is theirs.

use std::{net::SocketAddr, path::Path, time::Duration};

use base_identity::{Authority, Expected, Passport, Role};
use base_program::Settings as _;
use base_testkit::eventually;
use cell_server::{Config, Running, start};
use souk_proto_fleet::{
    channel,
    v1::{
        CheckCellRequest, DeliverRequest, FollowRequest, cell_admin_client::CellAdminClient,
        mesh_client::MeshClient,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

/// For what happens at once; no measure of how soon it does.
const PATIENCE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A cell called `cell-1`, and the authority of its fleet.
struct Guarded {
    running: Running,
    authority: Authority,
    scratch: tempfile::TempDir,
}

fn config(authority: &Authority, scratch: &Path) -> Config {
    let free = "127.0.0.1:0".parse().unwrap();
    let mut config = Config { edge: free, mesh: free, admin: free, ..Config::default() };
    config.data_dir = scratch.join("cell");
    let issued = authority.issue(Role::Cell, "cell-1", DAY).unwrap();
    config.identity = Some(issued.write(&scratch.join("identity")).unwrap());
    crate::outside(&mut config, &scratch.join("mail"), scratch);
    config
}

impl Guarded {
    async fn open() -> Self {
        base_telemetry::install_crypto();
        let scratch = tempfile::tempdir().unwrap();
        let authority = Authority::make("souk.example", DAY).unwrap();
        let running = start(config(&authority, scratch.path()), None).await.unwrap();
        Self { running, authority, scratch }
    }

    fn passport(&self, role: Role, name: &str) -> Passport {
        passport(&self.authority, self.scratch.path(), role, name)
    }

    /// A channel to the mesh, as somebody of the fleet.
    fn mesh(&self, role: Role, name: &str) -> Channel {
        let endpoint =
            Endpoint::from_shared(format!("http://{}", self.running.addresses().mesh)).unwrap();
        let expected = Expected::one(Role::Cell, "cell-1");
        channel(&endpoint, Some(&self.passport(role, name)), expected)
    }

    /// What the cell's edge answers to somebody.
    async fn edge(&self, passport: &Passport) -> std::io::Result<String> {
        let edge = self.running.addresses().edge.unwrap().to_string();
        let expected = Expected::one(Role::Cell, "cell-1");
        let mut stream = passport.dial(&edge, &expected, &["http/1.1"]).await?;
        stream.write_all(GET).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Waits until a line is among the metrics: whoever is sent away hears so before it is counted.
    async fn counts(&self, line: &str) {
        let shown = eventually(PATIENCE, async || {
            let metrics = self.metrics().await;
            if metrics.contains(line) { Ok(()) } else { Err(metrics) }
        });
        shown.await.unwrap();
    }

    async fn metrics(&self) -> String {
        plain(self.running.addresses().admin, b"GET /metrics HTTP/1.0\r\nhost: a\r\n\r\n").await
    }
}

const GET: &[u8] =
    b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: souk\r\nconnection: close\r\n\r\n";

fn passport(authority: &Authority, scratch: &Path, role: Role, name: &str) -> Passport {
    let issued = authority.issue(role, name, DAY).unwrap();
    let files = issued.write(&scratch.join(format!("{role}-{name}"))).unwrap();
    Passport::read(&files, role, Some(name)).unwrap()
}

/// What a port answers to plaintext.
async fn plain(address: SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn denied(status: &Status, word: &str) {
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    assert!(status.message().contains(word), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routers_of_the_fleet_come_to_the_edge_and_nobody_else_does() {
    let cell = Guarded::open().await;
    let answer = cell.edge(&cell.passport(Role::Router, "router-1")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

    for (role, name) in [(Role::Cell, "cell-2"), (Role::Operator, "leila")] {
        cell.edge(&cell.passport(role, name)).await.unwrap_err();
    }
    let false_authority = Authority::make("souk.example", DAY).unwrap();
    let forged = passport(&false_authority, cell.scratch.path(), Role::Router, "router-1");
    cell.edge(&forged).await.unwrap_err();
    assert!(!plain(cell.running.addresses().edge.unwrap(), GET).await.contains("HTTP/"));

    for line in [
        "souk_cell_peers_admitted_total{port=\"edge\"} 1",
        "souk_cell_peers_refused_total{port=\"edge\",why=\"role\"} 2",
        "souk_cell_peers_refused_total{port=\"edge\",why=\"plaintext\"} 1",
        "souk_cell_identity_until_seconds 1",
    ] {
        cell.counts(line).await;
    }
    cell.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cells_speak_for_themselves_and_operators_have_a_service_of_their_own() {
    let cell = Guarded::open().await;
    let deliver =
        |from: &str| DeliverRequest { from_cell: from.into(), messages: vec![], epoch: 0 };
    let mut cell_2 = MeshClient::new(cell.mesh(Role::Cell, "cell-2"));
    cell_2.deliver(deliver("cell-2")).await.unwrap();
    denied(&cell_2.deliver(deliver("cell-3")).await.unwrap_err(), "cell cell-3 was meant");
    let follow = FollowRequest { follower_cell: "cell-3".into(), after: 0 };
    denied(&cell_2.follow(follow).await.unwrap_err(), "cell cell-3 was meant");
    let mut curious = CellAdminClient::new(cell.mesh(Role::Cell, "cell-2"));
    let refused = curious.check_cell(CheckCellRequest {}).await.unwrap_err();
    denied(&refused, "only operator may come here");

    let mut leila = CellAdminClient::new(cell.mesh(Role::Operator, "leila"));
    let findings = leila.check_cell(CheckCellRequest {}).await.unwrap().into_inner().findings;
    let identity = findings.iter().find(|finding| finding.check == "identity").unwrap();
    assert!(identity.ok, "{identity:?}");
    assert!(identity.text.starts_with("spiffe://souk.example/cell/cell-1, good until 20"));
    let mut posing = MeshClient::new(cell.mesh(Role::Operator, "cell-2"));
    denied(&posing.deliver(deliver("cell-2")).await.unwrap_err(), "only cell may come here");

    let mut router = MeshClient::new(cell.mesh(Role::Router, "cell-2"));
    router.deliver(deliver("cell-2")).await.unwrap_err();
    cell.counts("souk_cell_peers_refused_total{port=\"mesh\",why=\"role\"}").await;
    cell.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_stay_plain_and_have_nothing_for_operators() {
    let cell = Guarded::open().await;
    let admin = cell.running.addresses().admin;
    let health = plain(admin, b"GET /healthz HTTP/1.0\r\nhost: a\r\n\r\n").await;
    assert!(health.contains("200 OK"), "{health}");
    let endpoint = Endpoint::from_shared(format!("http://{admin}")).unwrap();
    let mut anybody = CellAdminClient::new(endpoint.connect_lazy());
    let refused = anybody.check_cell(CheckCellRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented, "{refused:?}");
    cell.running.stop().await;
}

#[test]
fn settings_that_would_speak_plaintext_over_a_network_are_mistakes() {
    let scratch = tempfile::tempdir().unwrap();
    let authority = Authority::make("souk.example", DAY).unwrap();
    let guarded = config(&authority, scratch.path());
    let everywhere = "0.0.0.0:7410".parse().unwrap();
    let set = |change: &dyn Fn(&mut Config)| {
        let mut config = guarded.clone();
        change(&mut config);
        config.mistakes().join("; ")
    };
    assert_eq!(set(&|_| {}), "");
    assert_eq!(set(&|config| config.edge = everywhere), "");
    let nameless = set(&|config| {
        config.identity = None;
        config.edge = everywhere;
        config.advertise = Some("10.0.0.7".parse().unwrap());
        config.control_plane = Some("http://10.0.0.5:7400".into());
    });
    for field in ["edge: 0.0.0.0:7410 is not", "advertise: 10.0.0.7:", "control_plane: `http://10"]
    {
        assert!(nameless.contains(field), "{nameless}");
    }
    assert!(!nameless.contains("mesh:"), "{nameless}");
    let other = set(&|config| config.name = "cell-2".parse().unwrap());
    assert!(other.contains("identity: ") && other.contains("soukctl identity issue cell cell-2"));
    let plain = set(&|config| config.control_plane = Some("http://127.0.0.1:7400".into()));
    assert!(plain.contains("spoken to with TLS"), "{plain}");
}
