//! The pods of another cell over real connections: who is asked first, and who next.

use std::{collections::BTreeMap, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use base_fault::Code;
use base_identity::Door;
use base_ids::{CellId, Epoch, Generation, MessageId, PodName, Slot, StreamName, Version};
use base_time::Timestamp;
use cell_kernel::Caller;
use cell_runtime::{
    Call, Unanswered,
    mesh::{Addressed, Delivery, Mesh as _},
    port::Message,
};
use parking_lot::Mutex;
use router_table::{Cell, Draft, Pod, Snapshot, Table};
use souk_proto_fleet::{
    GRPC, incoming,
    v1::{
        self,
        delivery_outcome::Kind,
        mesh_server::{Mesh, MeshServer},
    },
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::GrpcMesh;

/// A pod of cell-2 that notes what it is asked.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

#[tonic::async_trait]
impl Mesh for Notes {
    /// Takes what is for a user, and parks what is for anybody else.
    async fn deliver(
        &self,
        request: Request<v1::DeliverRequest>,
    ) -> Result<Response<v1::DeliverResponse>, Status> {
        let outcomes = request.into_inner().messages.into_iter().map(|message| {
            let is_user = message.to_tenant.starts_with("users/");
            self.0.lock().push(message.to_tenant);
            let kind = if is_user { Kind::Applied } else { Kind::Parked };
            v1::DeliveryOutcome { kind: kind.into(), ..Default::default() }
        });
        Ok(Response::new(v1::DeliverResponse { outcomes: outcomes.collect() }))
    }

    type FollowStream = Pin<Box<dyn Stream<Item = Result<v1::PublicBatch, Status>> + Send>>;

    async fn follow(
        &self,
        request: Request<v1::FollowRequest>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let head = request.into_inner().after + 7;
        let batch = v1::PublicBatch { messages: vec![], head };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(batch)))))
    }

    async fn call(
        &self,
        request: Request<v1::CallRequest>,
    ) -> Result<Response<v1::CallResponse>, Status> {
        let tenant = request.into_inner().tenant;
        self.0.lock().push(tenant.clone());
        let outcome = Some(v1::call_response::Outcome::Response(tenant.into_bytes().into()));
        Ok(Response::new(v1::CallResponse { outcome, version: 0, replayed: false }))
    }
}

/// How a pod of cell-2 is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Well,
    /// Takes no connection.
    Dead,
    /// Takes connections and breaks them off.
    Broken,
    /// Takes connections, and never says a word.
    Frozen,
}

struct Stage {
    table: Snapshot,
    mesh: GrpcMesh,
    pods: Vec<Notes>,
    servers: Vec<JoinHandle<()>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

fn cell_2() -> CellId {
    "cell-2".parse().unwrap()
}

impl Stage {
    async fn of(states: &[Is]) -> Self {
        let (mut pods, mut servers, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for state in states {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            let notes = Notes::default();
            pods.push(notes.clone());
            match state {
                Is::Well => servers.push(tokio::spawn(async move {
                    let door = Door::new("mesh", None, &[], GRPC);
                    let server = tonic::transport::Server::builder()
                        .add_service(MeshServer::new(notes))
                        .serve_with_incoming(incoming(listener, door));
                    server.await.unwrap();
                })),
                Is::Dead => drop(listener),
                Is::Frozen => servers.push(tokio::spawn(async move {
                    let _listener = listener;
                    std::future::pending::<()>().await;
                })),
                Is::Broken => servers.push(tokio::spawn(async move {
                    while let Ok((connection, _)) = listener.accept().await {
                        notes.0.lock().push("a connection".to_owned());
                        drop(connection);
                    }
                })),
            }
        }
        let table = Snapshot::new(table(&addresses));
        let mesh = GrpcMesh::new("cell-1".parse().unwrap(), table.clone(), None);
        Self { table, mesh, pods, servers }
    }

    /// The number of the pod that a tenant prefers.
    fn preferred(&self, tenant: &str) -> usize {
        let table = self.table.load();
        let first: PodName = table.pods_for(0, tenant).next().unwrap().name.clone();
        first.as_str().parse().unwrap()
    }

    /// The first of the users who prefers this pod.
    fn fan(&self, pod: usize) -> String {
        let mut users = (0..).map(|nth| format!("users/u{nth}"));
        users.find(|user| self.preferred(user) == pod).unwrap()
    }

    async fn call(&self, tenant: &str, key: Option<&str>) -> Result<String, Unanswered> {
        let call = Call {
            tenant: tenant.parse().unwrap(),
            method: "souk.toy.v1.Toy/Play".into(),
            request: vec![],
            caller: Caller::platform("toy"),
            idempotency_key: key.map(str::to_owned),
            if_match: None,
            trace: None,
            deadline: Duration::from_secs(10),
        };
        let answered = self.mesh.call(&cell_2(), call).await?;
        Ok(String::from_utf8(answered.response).unwrap())
    }
}

fn table(addresses: &[SocketAddr]) -> Table {
    let mut draft = Draft::new(Epoch(3));
    let pod = |(nth, address): (usize, &SocketAddr)| Pod {
        name: nth.to_string().parse().unwrap(),
        ..Pod::only(*address, *address, *address)
    };
    let pods = addresses.iter().enumerate().map(pod).collect();
    let cell = draft.cell(Cell { id: cell_2(), pods, signing_keys: vec![] });
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), cell, Generation(1));
    }
    draft.build().unwrap()
}

fn to(tenant: &str) -> Addressed {
    let from: StreamName = "users/sender/toys/toy".parse().unwrap();
    let message = Message {
        id: MessageId::derived(&from, Version(1), 0),
        from,
        version: Version(1),
        kind: "toy.v1.Coins".to_owned(),
        body: vec![],
        at: Timestamp::default(),
        trace: None,
    };
    Addressed { to: tenant.parse().unwrap(), service: "toys".to_owned(), message }
}

/// Users and vendors by turns.
fn receivers(count: usize) -> Vec<String> {
    let name = |nth| if nth % 2 == 0 { format!("users/u{nth}") } else { format!("vendors/v{nth}") };
    (0..count).map(name).collect()
}

#[tokio::test]
async fn each_message_goes_to_the_pod_that_its_receiver_prefers() {
    let stage = Stage::of(&[Is::Well, Is::Well, Is::Well]).await;
    let receivers = receivers(40);
    let messages: Vec<_> = receivers.iter().map(|tenant| to(tenant)).collect();
    let outcomes = stage.mesh.deliver(&cell_2(), &messages).await.unwrap();
    for (receiver, outcome) in receivers.iter().zip(&outcomes) {
        let applied = receiver.starts_with("users/");
        let told =
            matches!((outcome, applied), (Delivery::Applied, true) | (Delivery::Parked, false));
        assert!(told, "{receiver} heard {outcome:?}");
    }
    let mut expected: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for receiver in &receivers {
        expected.entry(stage.preferred(receiver)).or_default().push(receiver);
    }
    assert_eq!(expected.len(), 3);
    for (pod, expected) in expected {
        assert_eq!(*stage.pods[pod].0.lock(), expected, "in their order at pod {pod}");
    }
}

#[tokio::test]
async fn messages_for_a_pod_that_is_away_are_heard_by_the_next_one() {
    for away in [Is::Dead, Is::Broken] {
        let stage = Stage::of(&[away, Is::Well]).await;
        let receivers = receivers(20);
        let messages: Vec<_> = receivers.iter().map(|tenant| to(tenant)).collect();
        for round in 1..=3 {
            let outcomes = stage.mesh.deliver(&cell_2(), &messages).await.unwrap();
            let heard =
                |outcome: &Delivery| matches!(outcome, Delivery::Applied | Delivery::Parked);
            assert!(outcomes.iter().all(heard), "{outcomes:?}");
            assert_eq!(stage.pods[1].0.lock().len(), round * receivers.len());
        }
    }
}

#[tokio::test]
async fn a_pod_that_hangs_holds_messages_up_for_seconds_and_no_longer() {
    let stage = Stage::of(&[Is::Frozen, Is::Well]).await;
    let messages: Vec<_> = receivers(20).iter().map(|tenant| to(tenant)).collect();
    let cell = cell_2();
    let delivered = stage.mesh.deliver(&cell, &messages);
    let outcomes = tokio::time::timeout(Duration::from_secs(12), delivered).await.unwrap().unwrap();
    assert!(outcomes.iter().all(|outcome| !matches!(outcome, Delivery::Retry(_))), "{outcomes:?}");
    assert_eq!(stage.pods[1].0.lock().len(), 20);
}

#[tokio::test]
async fn a_cell_of_which_no_pod_answers_is_away() {
    let stage = Stage::of(&[Is::Dead, Is::Dead]).await;
    let messages: Vec<_> = receivers(10).iter().map(|tenant| to(tenant)).collect();
    let fault = stage.mesh.deliver(&cell_2(), &messages).await.unwrap_err();
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(stage.mesh.follow(&cell_2(), 0).await.is_err());
    let unknown = "cell-9".parse().unwrap();
    let fault = stage.mesh.deliver(&unknown, &messages).await.unwrap_err();
    assert_eq!(fault.context(), "the routing table does not list cell-9");
}

#[tokio::test]
async fn a_call_goes_to_the_next_pod_only_if_it_cannot_happen_twice() {
    let stage = Stage::of(&[Is::Dead, Is::Well]).await;
    let fan = stage.fan(0);
    assert_eq!(stage.call(&fan, None).await.unwrap(), fan, "it was never sent");
    let stage = Stage::of(&[Is::Broken, Is::Well]).await;
    assert!(stage.call(&fan, None).await.is_err(), "it may have happened");
    assert!(stage.pods[1].0.lock().is_empty());
    let stage = Stage::of(&[Is::Broken, Is::Well]).await;
    assert_eq!(stage.call(&fan, Some("key-1")).await.unwrap(), fan);
    assert_eq!(stage.pods[0].0.lock().len(), 1, "the preferred one was asked first");
}

#[tokio::test]
async fn public_messages_are_followed_at_any_pod() {
    let stage = Stage::of(&[Is::Dead, Is::Broken, Is::Well]).await;
    let mut batches = stage.mesh.follow(&cell_2(), 5).await.unwrap();
    assert_eq!(batches.recv().await.unwrap().head, 12);
}
