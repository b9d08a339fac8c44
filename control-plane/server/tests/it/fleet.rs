//! What the stories share: a control plane with a clock of ours, cells and routers that speak to it.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base_time::{Clock, Timestamp};
use cp_server::{Config, Running, start};
use router_table::{Delta, Table};
use souk_proto_fleet::v1::{
    HeartbeatRequest, HeartbeatResponse, SigningKey, TableHeld, TableUpdate, Work,
    fleet_client::FleetClient, operator_client::OperatorClient, table_held,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

/// Longest wait for anything that must happen: it tells a test that hangs from one that waits on a busy machine, and nothing else.
const PATIENCE: Duration = Duration::from_mins(3);

/// A clock that moves only when told.
pub(crate) struct OurClock(AtomicI64);

impl OurClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for OurClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A control plane in this process.
pub(crate) struct Plane {
    pub(crate) running: Running,
    pub(crate) clock: Arc<OurClock>,
}

pub(crate) fn config(directory: &Path, settle_at: u32) -> Config {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        listen: any,
        admin: any,
        data_dir: directory.to_owned(),
        settle_at,
        ..Config::default()
    }
}

impl Plane {
    pub(crate) async fn start(directory: &Path, settle_at: u32) -> Self {
        let clock = Arc::new(OurClock(AtomicI64::new(1_795_262_400_000)));
        let running = start(config(directory, settle_at), clock.clone(), None).await.unwrap();
        Self { running, clock }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addresses().listen
    }

    pub(crate) async fn operator(&self) -> OperatorClient<Channel> {
        OperatorClient::connect(format!("http://{}", self.address())).await.unwrap()
    }

    /// Body of a path on the admin port.
    pub(crate) async fn admin(&self, path: &str) -> String {
        page(self.running.addresses().admin, path).await
    }

    pub(crate) async fn counter(&self, name: &str) -> u64 {
        let metrics = self.admin("/metrics").await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&format!("souk_control_plane_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
    }
}

/// Body of a path on an admin port.
pub(crate) async fn page(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nhost: admin\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

pub(crate) async fn fleet(address: SocketAddr) -> FleetClient<Channel> {
    let client = FleetClient::connect(format!("http://{address}")).await.unwrap();
    client.max_decoding_message_size(64 << 20)
}

/// What the `number`-th cell says with its first beats.
pub(crate) fn beat(number: u16) -> HeartbeatRequest {
    let address = |port| format!("127.0.0.1:{}", 20_000 + number * 10 + port);
    HeartbeatRequest {
        cell: format!("cell-{number}"),
        boot: format!("boot-of-{number}"),
        edge_address: address(0),
        mesh_address: address(1),
        admin_address: address(2),
        weight: 100,
        signing_keys: vec![key(&format!("cell-{number}-k1"))],
        version: "0.1.0".into(),
        commit: 1,
        pod: String::new(),
        leaves: false,
    }
}

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey { kid: kid.into(), public_key: vec![9; 32].into(), accepted_until_ms: i64::MAX }
}

pub(crate) async fn send(
    address: SocketAddr,
    beat: HeartbeatRequest,
) -> Result<HeartbeatResponse, Status> {
    Ok(fleet(address).await.heartbeat(beat).await?.into_inner())
}

/// A member that holds nothing yet.
fn member(name: &str, role: table_held::Role) -> TableHeld {
    TableHeld {
        member: name.into(),
        role: role.into(),
        admin_address: "127.0.0.1:9".into(),
        ..TableHeld::default()
    }
}

/// A member that watches the table.
pub(crate) struct Watcher {
    member: TableHeld,
    reports: mpsc::Sender<TableHeld>,
    updates: Streaming<TableUpdate>,
}

impl Watcher {
    pub(crate) async fn router(address: SocketAddr, name: &str) -> Self {
        Self::open(address, name, table_held::Role::Router).await.unwrap()
    }

    pub(crate) async fn cell(address: SocketAddr, name: &str) -> Self {
        Self::open(address, name, table_held::Role::Cell).await.unwrap()
    }

    pub(crate) async fn pod(address: SocketAddr, cell: &str, pod: &str) -> Self {
        Self::pod_that_does(address, cell, pod, &[]).await
    }

    pub(crate) async fn pod_that_does(
        address: SocketAddr,
        cell: &str,
        pod: &str,
        works: &[Work],
    ) -> Self {
        let works = works.iter().map(|work| i32::from(*work)).collect();
        let member = TableHeld { pod: pod.into(), works, ..member(cell, table_held::Role::Cell) };
        Self::with(address, member).await.unwrap()
    }

    pub(crate) async fn open(
        address: SocketAddr,
        name: &str,
        role: table_held::Role,
    ) -> Result<Self, Status> {
        Self::with(address, member(name, role)).await
    }

    /// A router that holds `table` already and takes deltas.
    pub(crate) async fn holding(address: SocketAddr, name: &str, table: &Table) -> Self {
        let member = TableHeld {
            epoch: table.epoch().0,
            digest: table.digest(),
            takes_deltas: true,
            ..member(name, table_held::Role::Router)
        };
        Self::with(address, member).await.unwrap()
    }

    async fn with(address: SocketAddr, member: TableHeld) -> Result<Self, Status> {
        let (reports, receiver) = mpsc::channel(8);
        reports.send(member.clone()).await.unwrap();
        let updates =
            fleet(address).await.watch_table(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Self { member, reports, updates })
    }

    /// The next table that is pushed, checked against its digest.
    pub(crate) async fn next(&mut self) -> Result<Table, Status> {
        Ok(Table::try_from(self.update().await?.table.unwrap()).unwrap())
    }

    /// What changed, that is pushed next.
    pub(crate) async fn next_delta(&mut self) -> Delta {
        let update = self.update().await.unwrap();
        assert!(update.table.is_none());
        Delta::try_from(update.delta.unwrap()).unwrap()
    }

    async fn update(&mut self) -> Result<TableUpdate, Status> {
        let update =
            timeout(PATIENCE, self.updates.message()).await.expect("a table is pushed in time")?;
        update.ok_or_else(|| Status::cancelled("the stream has ended"))
    }

    pub(crate) async fn want_whole(&self, table: &Table) {
        let (epoch, digest) = (table.epoch().0, table.digest());
        let held = TableHeld { epoch, digest, wants_whole: true, ..self.member.clone() };
        self.reports.send(held).await.unwrap();
    }

    pub(crate) async fn ack(&self, table: &Table) {
        self.report(table.epoch().0, table.digest()).await;
    }

    pub(crate) async fn report(&self, epoch: u64, digest: u64) {
        let held = TableHeld { epoch, digest, ..self.member.clone() };
        self.reports.send(held).await.unwrap();
    }
}

/// Looks again until it holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    let looked = timeout(PATIENCE, async {
        while !holds().await {
            beat.tick().await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("not in time: {what}"));
}
