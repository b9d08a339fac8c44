//! The service for cells and routers, as it looks on the wire.

use std::{pin::Pin, sync::Arc};

use base_identity::{Door, Role};
use souk_proto_fleet::{
    allows, caller, speaks_for,
    v1::{
        EndSessionsRequest, EndSessionsResponse, EndedSessions, HeartbeatRequest,
        HeartbeatResponse, TableHeld, TableUpdate, WatchEndedSessionsRequest, fleet_server::Fleet,
    },
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::{ControlPlane, ended, push::push};

/// Serves cells and routers; each of them speaks for itself alone.
pub(crate) struct FleetService {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) door: Door,
}

#[tonic::async_trait]
impl Fleet for FleetService {
    type WatchTableStream = Pin<Box<dyn Stream<Item = Result<TableUpdate, Status>> + Send>>;

    type WatchEndedSessionsStream =
        Pin<Box<dyn Stream<Item = Result<EndedSessions, Status>> + Send>>;

    async fn heartbeat(
        &self,
        request: Request<HeartbeatRequest>,
    ) -> Result<Response<HeartbeatResponse>, Status> {
        speaks_for(&self.door, caller(&request)?, Role::Cell, &request.get_ref().cell)?;
        self.plane.unless_led_elsewhere()?;
        self.plane.heartbeat(request.get_ref()).await.map(Response::new)
    }

    async fn watch_table(
        &self,
        request: Request<Streaming<TableHeld>>,
    ) -> Result<Response<Self::WatchTableStream>, Status> {
        let (door, caller) = (self.door.clone(), caller(&request)?.clone());
        let may_join = move |role: Role, member: &str| speaks_for(&door, &caller, role, member);
        Ok(Response::new(Box::pin(push(Arc::clone(&self.plane), request.into_inner(), may_join))))
    }

    async fn end_sessions(
        &self,
        request: Request<EndSessionsRequest>,
    ) -> Result<Response<EndSessionsResponse>, Status> {
        allows(&self.door, caller(&request)?, &[Role::Cell])?;
        self.plane.unless_led_elsewhere()?;
        self.plane.ended().take(request.into_inner().sessions, self.plane.now())?;
        Ok(Response::new(EndSessionsResponse {}))
    }

    async fn watch_ended_sessions(
        &self,
        request: Request<WatchEndedSessionsRequest>,
    ) -> Result<Response<Self::WatchEndedSessionsStream>, Status> {
        let router = &request.get_ref().router;
        speaks_for(&self.door, caller(&request)?, Role::Router, router)?;
        self.plane.unless_led_elsewhere()?;
        tracing::info!(router, "watches ended sessions");
        Ok(Response::new(Box::pin(ended::push(Arc::clone(&self.plane)))))
    }
}
