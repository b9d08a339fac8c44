//! The service for cells and routers, as it looks on the wire.

use std::{pin::Pin, sync::Arc};

use souk_proto_fleet::v1::{
    EndSessionsRequest, EndSessionsResponse, EndedSessions, HeartbeatRequest, HeartbeatResponse,
    TableHeld, TableUpdate, WatchEndedSessionsRequest, fleet_server::Fleet,
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::{ControlPlane, ended, push::push};

pub(crate) struct FleetService(pub(crate) Arc<ControlPlane>);

#[tonic::async_trait]
impl Fleet for FleetService {
    type WatchTableStream = Pin<Box<dyn Stream<Item = Result<TableUpdate, Status>> + Send>>;

    type WatchEndedSessionsStream =
        Pin<Box<dyn Stream<Item = Result<EndedSessions, Status>> + Send>>;

    async fn heartbeat(
        &self,
        request: Request<HeartbeatRequest>,
    ) -> Result<Response<HeartbeatResponse>, Status> {
        self.0.heartbeat(request.get_ref()).await.map(Response::new)
    }

    async fn watch_table(
        &self,
        request: Request<Streaming<TableHeld>>,
    ) -> Result<Response<Self::WatchTableStream>, Status> {
        Ok(Response::new(Box::pin(push(Arc::clone(&self.0), request.into_inner()))))
    }

    async fn end_sessions(
        &self,
        request: Request<EndSessionsRequest>,
    ) -> Result<Response<EndSessionsResponse>, Status> {
        self.0.ended().take(request.into_inner().sessions, self.0.now())?;
        Ok(Response::new(EndSessionsResponse {}))
    }

    async fn watch_ended_sessions(
        &self,
        request: Request<WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        tracing::info!(router = request.get_ref().router, "watches ended sessions");
        Ok(Response::new(Box::pin(ended::push(Arc::clone(&self.0)))))
    }
}
