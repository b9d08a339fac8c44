//! A control plane that has an identity: cells and routers speak for themselves alone, and operators have a service of their own.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use base_identity::{Authority, Expected, Passport, Role};
use base_time::SystemClock;
use cp_server::{Config, Running, start};
use souk_proto_fleet::{
    channel,
    v1::{
        EndSessionsRequest, HoldRequest, ListCellsRequest, ListDeedsRequest, Place, TableHeld,
        WatchEndedSessionsRequest, fleet_client::FleetClient, operator_client::OperatorClient,
        place, table_held,
    },
    why,
};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use crate::fleet::{beat, config};

const DAY: Duration = Duration::from_hours(24);

struct Guarded {
    running: Running,
    authority: Authority,
    scratch: tempfile::TempDir,
}

fn guarded(authority: &Authority, scratch: &Path) -> Config {
    let issued = authority.issue(Role::ControlPlane, "control-plane", DAY).unwrap();
    let identity = Some(issued.write(&scratch.join("identity")).unwrap());
    Config { identity, ..config(&scratch.join("data"), 1) }
}

impl Guarded {
    async fn start() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let authority = Authority::make("souk.example", DAY).unwrap();
        let config = guarded(&authority, scratch.path());
        let running = start(config, Arc::new(SystemClock), None).await.unwrap();
        Self { running, authority, scratch }
    }

    /// The way there, as somebody that `authority` has issued an identity to.
    fn reach(&self, authority: &Authority, role: Role, name: &str) -> Channel {
        let issued = authority.issue(role, name, DAY).unwrap();
        let files = issued.write(&self.scratch.path().join(format!("{role}-{name}"))).unwrap();
        let passport = Passport::read(&files, role, Some(name)).unwrap();
        let place = format!("http://{}", self.address());
        let endpoint = Endpoint::from_shared(place).unwrap();
        channel(&endpoint, Some(&passport), Expected::any(Role::ControlPlane))
    }

    fn fleet(&self, role: Role, name: &str) -> FleetClient<Channel> {
        FleetClient::new(self.reach(&self.authority, role, name))
    }

    fn operator(&self, role: Role, name: &str) -> OperatorClient<Channel> {
        OperatorClient::new(self.reach(&self.authority, role, name))
    }

    fn address(&self) -> SocketAddr {
        self.running.addresses().listen
    }
}

fn denied(status: &Status, word: &str) {
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    assert!(status.message().contains(word), "{status:?}");
}

/// What somebody hears who says that it watches the table as a member.
async fn watch(
    client: &mut FleetClient<Channel>,
    role: table_held::Role,
    member: &str,
) -> Result<u64, Status> {
    let held = TableHeld { member: member.into(), role: role.into(), ..TableHeld::default() };
    let words = tokio_stream::StreamExt::chain(
        tokio_stream::iter([held]),
        tokio_stream::pending::<TableHeld>(),
    );
    let mut updates = client.watch_table(words).await?.into_inner();
    let update = updates.message().await?.unwrap();
    Ok(update.table.map_or(0, |table| table.epoch))
}

#[tokio::test]
async fn a_cell_beats_and_watches_in_its_own_name_only() {
    let plane = Guarded::start().await;
    let mut cell_1 = plane.fleet(Role::Cell, "cell-1");
    cell_1.heartbeat(beat(1)).await.unwrap();
    watch(&mut cell_1, table_held::Role::Cell, "cell-1").await.unwrap();
    denied(&cell_1.heartbeat(beat(2)).await.unwrap_err(), "cell cell-2 was meant");
    let posing = watch(&mut cell_1, table_held::Role::Cell, "cell-2").await.unwrap_err();
    denied(&posing, "cell cell-2 was meant");
    let posing = watch(&mut cell_1, table_held::Role::Router, "cell-1").await.unwrap_err();
    denied(&posing, "router cell-1 was meant");
    let nothing = WatchEndedSessionsRequest { router: "cell-1".into() };
    denied(&cell_1.watch_ended_sessions(nothing).await.unwrap_err(), "router cell-1 was meant");
    cell_1.end_sessions(EndSessionsRequest { sessions: vec![] }).await.unwrap();
}

#[tokio::test]
async fn a_router_watches_in_its_own_name_and_is_no_cell() {
    let plane = Guarded::start().await;
    let mut router = plane.fleet(Role::Router, "router-1");
    watch(&mut router, table_held::Role::Router, "router-1").await.unwrap();
    let posing = watch(&mut router, table_held::Role::Router, "router-2").await.unwrap_err();
    denied(&posing, "router router-2 was meant");
    let mut posing = plane.fleet(Role::Router, "cell-1");
    denied(&posing.heartbeat(beat(1)).await.unwrap_err(), "cell cell-1 was meant");
    let end = EndSessionsRequest { sessions: vec![] };
    denied(&router.end_sessions(end).await.unwrap_err(), "only cell may come here");
}

#[tokio::test]
async fn operators_are_known_by_name_and_members_are_no_operators() {
    let plane = Guarded::start().await;
    plane.fleet(Role::Cell, "cell-1").heartbeat(beat(1)).await.unwrap();
    for (role, name) in [(Role::Cell, "cell-1"), (Role::Router, "router-1")] {
        let refused = plane.operator(role, name).list_cells(ListCellsRequest {}).await.unwrap_err();
        denied(&refused, "only operator may come here");
    }
    let mut posing = plane.fleet(Role::Operator, "cell-1");
    denied(&posing.heartbeat(beat(1)).await.unwrap_err(), "only cell or router may come here");

    let mut leila = plane.operator(Role::Operator, "leila");
    let place = Some(Place { is: Some(place::Is::Tenant("vendors/atlas".into())) });
    let hold = HoldRequest { place, by: "somebody else".into(), why: "a test".into() };
    leila.hold(hold).await.unwrap();
    let deeds = leila.list_deeds(ListDeedsRequest { limit: 0 }).await.unwrap().into_inner().deeds;
    assert!(deeds[0].from.ends_with("spiffe://souk.example/operator/leila"), "{deeds:?}");
    assert!(deeds[0].from.starts_with("127.0.0.1:"), "{deeds:?}");
}

#[tokio::test]
async fn strangers_and_plaintext_are_turned_away() {
    let plane = Guarded::start().await;
    let false_authority = Authority::make("souk.example", DAY).unwrap();
    let mut forged = FleetClient::new(plane.reach(&false_authority, Role::Cell, "cell-1"));
    let refused = forged.heartbeat(beat(1)).await.unwrap_err();
    assert!(why(&refused).contains("shows a certificate of another authority"), "{refused:?}");
    let endpoint = Endpoint::from_shared(format!("http://{}", plane.address())).unwrap();
    let mut plain = FleetClient::new(endpoint.connect_lazy());
    plain.heartbeat(beat(1)).await.unwrap_err();
    assert_eq!(plane.running.plane().fleet().cells().len(), 0);
}

#[test]
fn the_identity_must_be_a_control_plane_s() {
    use base_program::Settings as _;
    let scratch = tempfile::tempdir().unwrap();
    let authority = Authority::make("souk.example", DAY).unwrap();
    let mut config = guarded(&authority, scratch.path());
    config.listen = "0.0.0.0:7400".parse().unwrap();
    assert_eq!(config.mistakes(), Vec::<String>::new());
    let cell = authority.issue(Role::Cell, "cell-1", DAY).unwrap();
    config.identity = Some(cell.write(&scratch.path().join("cell")).unwrap());
    let mistakes = config.mistakes();
    assert!(mistakes[0].contains("is the identity of spiffe://souk.example/cell/cell-1"));
}
