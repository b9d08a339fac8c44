//! A stand-in control plane: pushes the table it is given and remembers what routers say they hold.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use base_identity::Door;
use futures_util::Stream;
use router_table::{Delta, Table};
use souk_proto_fleet::{
    GRPC, incoming,
    v1::{
        self,
        fleet_server::{Fleet, FleetServer},
    },
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_stream::{StreamExt as _, wrappers::WatchStream};
use tonic::{Request, Response, Status, Streaming, transport::Server};

pub(crate) struct ControlPlane {
    pub(crate) address: SocketAddr,
    table: watch::Sender<Option<v1::TableUpdate>>,
    ended: watch::Sender<v1::EndedSessions>,
    held: watch::Receiver<Option<v1::TableHeld>>,
    server: JoinHandle<()>,
}

struct Pushes {
    table: watch::Sender<Option<v1::TableUpdate>>,
    ended: watch::Sender<v1::EndedSessions>,
    held: Arc<watch::Sender<Option<v1::TableHeld>>>,
}

impl ControlPlane {
    pub(crate) async fn start() -> Self {
        Self::start_behind(Door::new("listen", None, &[], GRPC)).await
    }

    /// One that lets in only whom its door lets in.
    pub(crate) async fn start_behind(door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (table, ended) = (watch::Sender::new(None), watch::Sender::default());
        let (held_sender, held) = watch::channel(None);
        let pushes =
            Pushes { table: table.clone(), ended: ended.clone(), held: Arc::new(held_sender) };
        let server = tokio::spawn(async move {
            let service = FleetServer::new(pushes);
            let serving = Server::builder().add_service(service);
            serving.serve_with_incoming(incoming(listener, door)).await.unwrap();
        });
        Self { address, table, ended, held, server }
    }

    /// Pushes a table as it is, sound or not.
    pub(crate) fn push_raw(&self, table: v1::Table) {
        self.table.send_replace(Some(v1::TableUpdate { table: Some(table), delta: None }));
    }

    /// Pushes what changed, whether it fits or not.
    pub(crate) fn push_delta(&self, delta: &Delta) {
        let delta = Some(v1::TableDelta::from(delta));
        self.table.send_replace(Some(v1::TableUpdate { table: None, delta }));
    }

    /// Says that a session is over.
    pub(crate) fn end_session(&self, user: &str, session: &str) {
        let (user, session) = (user.to_owned(), session.to_owned());
        let sessions = vec![v1::EndedSession { user, session, tokens_until_ms: i64::MAX }];
        self.ended.send_replace(v1::EndedSessions { sessions });
    }

    /// Pushes a table and waits until the router says that it holds it.
    pub(crate) async fn push(&mut self, table: &Table) {
        self.push_raw(table.into());
        self.acknowledged(table).await;
    }

    pub(crate) async fn acknowledged(&mut self, table: &Table) {
        let (epoch, digest) = (table.epoch().0, table.digest());
        let same = |held: &Option<v1::TableHeld>| {
            held.as_ref().is_some_and(|held| held.epoch == epoch && held.digest == digest)
        };
        self.held.wait_for(same).await.unwrap();
    }

    /// The next thing that the router says.
    pub(crate) async fn next_word(&mut self) -> v1::TableHeld {
        self.held.changed().await.unwrap();
        self.held.borrow_and_update().clone().unwrap()
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tonic::async_trait]
impl Fleet for Pushes {
    type WatchTableStream = Pin<Box<dyn Stream<Item = Result<v1::TableUpdate, Status>> + Send>>;

    async fn heartbeat(
        &self,
        _: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        Err(Status::unimplemented("routers have no heartbeat"))
    }

    async fn watch_table(
        &self,
        request: Request<Streaming<v1::TableHeld>>,
    ) -> Result<Response<Self::WatchTableStream>, Status> {
        let mut words = request.into_inner();
        let held = Arc::clone(&self.held);
        tokio::spawn(async move {
            while let Some(Ok(word)) = words.next().await {
                held.send_replace(Some(word));
            }
        });
        let tables = WatchStream::new(self.table.subscribe()).filter_map(|table| table);
        let updates = tables.map(Ok);
        Ok(Response::new(Box::pin(updates)))
    }

    type WatchEndedSessionsStream =
        Pin<Box<dyn Stream<Item = Result<v1::EndedSessions, Status>> + Send>>;

    async fn end_sessions(
        &self,
        _: Request<v1::EndSessionsRequest>,
    ) -> Result<Response<v1::EndSessionsResponse>, Status> {
        Err(Status::unimplemented("routers end no sessions"))
    }

    async fn watch_ended_sessions(
        &self,
        _: Request<v1::WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        Ok(Response::new(Box::pin(WatchStream::new(self.ended.subscribe()).map(Ok))))
    }
}
