//! The service for operators, as it looks on the wire.

use std::sync::Arc;

use base_identity::Passport;
use base_ids::{CellId, Generation, Tenant};
use cp_model::{Fleet, SlotRun};
use souk_proto_fleet::v1::{self, operator_server::Operator};
use tonic::{Request, Response, Status};

use crate::{ControlPlane, deeds, doctor, members::Role, refused::refused};

pub(crate) struct OperatorService {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) passport: Option<Passport>,
}

#[tonic::async_trait]
impl Operator for OperatorService {
    async fn list_cells(
        &self,
        _: Request<v1::ListCellsRequest>,
    ) -> Result<Response<v1::ListCellsResponse>, Status> {
        self.plane.unless_led_elsewhere()?;
        let cells = cells(&self.plane, &self.plane.fleet());
        Ok(Response::new(v1::ListCellsResponse { cells }))
    }

    async fn list_routers(
        &self,
        _: Request<v1::ListRoutersRequest>,
    ) -> Result<Response<v1::ListRoutersResponse>, Status> {
        self.plane.unless_led_elsewhere()?;
        let epoch = self.plane.fleet().epoch().0;
        let members = self.plane.members();
        let routers = members.with_role(Role::Router).map(|(name, member)| v1::RouterStatus {
            member: name.to_owned(),
            admin_address: member.admin_address.clone(),
            epoch: member.epoch.0,
            digest_agrees: member.digest_agrees,
            last_ack_ms: member.last_ack.as_millis(),
            connected: member.connected(),
        });
        let routers = routers.collect();
        Ok(Response::new(v1::ListRoutersResponse { routers, epoch }))
    }

    async fn where_is_tenant(
        &self,
        request: Request<v1::WhereIsTenantRequest>,
    ) -> Result<Response<v1::WhereIsTenantResponse>, Status> {
        let parsed = request.get_ref().tenant.parse::<Tenant>();
        let tenant = parsed.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let fleet = self.plane.fleet();
        let residence = fleet.residence(&tenant);
        let owner = residence.row.and_then(|row| fleet.cell(&row.owner));
        Ok(Response::new(v1::WhereIsTenantResponse {
            tenant: tenant.to_string(),
            slot: tenant.slot().0.into(),
            cell: owner.map(|cell| v1::Cell::from(&cell.routing())),
            generation: residence.row.map_or(Generation(0), |row| row.generation).0,
            by_override: residence.by_override,
            hold: residence.row.and_then(|row| row.held.as_ref()).map(deeds::hold),
            epoch: fleet.epoch().0,
        }))
    }

    async fn list_slots(
        &self,
        request: Request<v1::ListSlotsRequest>,
    ) -> Result<Response<v1::ListSlotsResponse>, Status> {
        let fleet = self.plane.fleet();
        let cell = known_cell(&fleet, &request.get_ref().cell)?;
        let run = |run: SlotRun| v1::SlotRun {
            first: run.first.0.into(),
            last: run.last.0.into(),
            cell: run.cell.map(String::from).unwrap_or_default(),
            generation: run.generation.0,
            held: run.held,
        };
        Ok(Response::new(v1::ListSlotsResponse {
            runs: fleet.slot_runs(cell.as_ref()).into_iter().map(run).collect(),
            epoch: fleet.epoch().0,
        }))
    }

    async fn doctor(
        &self,
        _: Request<v1::DoctorRequest>,
    ) -> Result<Response<v1::DoctorResponse>, Status> {
        self.plane.unless_led_elsewhere()?;
        let mut findings = doctor::findings(&self.plane);
        findings.push(doctor::identity(self.passport.as_ref()));
        Ok(Response::new(v1::DoctorResponse { findings }))
    }

    async fn hold(
        &self,
        request: Request<v1::HoldRequest>,
    ) -> Result<Response<v1::HoldResponse>, Status> {
        let v1::HoldRequest { place, by, why } = request.get_ref();
        let place = deeds::place(place.as_ref())?;
        let asked = deeds::asked(&request, by, why, self.plane.now())?;
        let (row, epoch) =
            self.plane.hold(place.clone(), asked).await.map_err(|error| refused(&error))?;
        let ownership = Some(deeds::ownership(&place, &row));
        Ok(Response::new(v1::HoldResponse { ownership, epoch: epoch.0 }))
    }

    async fn release(
        &self,
        request: Request<v1::ReleaseRequest>,
    ) -> Result<Response<v1::ReleaseResponse>, Status> {
        let v1::ReleaseRequest { place, by, why } = request.get_ref();
        let place = deeds::place(place.as_ref())?;
        let asked = deeds::asked(&request, by, why, self.plane.now())?;
        let (row, epoch) =
            self.plane.release(place.clone(), asked).await.map_err(|error| refused(&error))?;
        let ownership = Some(deeds::ownership(&place, &row));
        Ok(Response::new(v1::ReleaseResponse { ownership, epoch: epoch.0 }))
    }

    async fn pin_tenants(
        &self,
        request: Request<v1::PinTenantsRequest>,
    ) -> Result<Response<v1::PinTenantsResponse>, Status> {
        let v1::PinTenantsRequest { tenants, by, why } = request.get_ref();
        let tenants = deeds::tenants(tenants)?;
        let asked = deeds::asked(&request, by, why, self.plane.now())?;
        let (pinned, epoch) =
            self.plane.pin(tenants, asked).await.map_err(|error| refused(&error))?;
        let pinned = u32::try_from(pinned).unwrap_or(u32::MAX);
        Ok(Response::new(v1::PinTenantsResponse { pinned, epoch: epoch.0 }))
    }

    async fn list_holds(
        &self,
        _: Request<v1::ListHoldsRequest>,
    ) -> Result<Response<v1::ListHoldsResponse>, Status> {
        let fleet = self.plane.fleet();
        let held = fleet.held().map(|(place, row)| deeds::ownership(&place, row)).collect();
        Ok(Response::new(v1::ListHoldsResponse { held, epoch: fleet.epoch().0 }))
    }

    async fn list_deeds(
        &self,
        request: Request<v1::ListDeedsRequest>,
    ) -> Result<Response<v1::ListDeedsResponse>, Status> {
        let deeds = self.plane.record(deeds::limit(request.get_ref().limit)).await?;
        let deeds = deeds.into_iter().map(deeds::deed).collect();
        Ok(Response::new(v1::ListDeedsResponse { deeds }))
    }
}

/// The cell that a request names; nothing if it names none.
fn known_cell(fleet: &Fleet, name: &str) -> Result<Option<CellId>, Status> {
    if name.is_empty() {
        return Ok(None);
    }
    let id: CellId = name
        .parse()
        .map_err(|error: base_ids::InvalidCellId| Status::invalid_argument(error.to_string()))?;
    match fleet.cell(&id) {
        Some(_) => Ok(Some(id)),
        None => Err(Status::not_found(format!("cell {id} has never registered"))),
    }
}

fn cells(plane: &ControlPlane, fleet: &Fleet) -> Vec<v1::CellStatus> {
    let slots = fleet.slots_by_cell();
    let (now, silence_max) = (plane.now(), plane.config().silence_max());
    let (beats, members) = (plane.beats(), plane.members());
    let status = |cell: &cp_model::CellRecord| {
        let beat = beats.of(&cell.id);
        let placed = fleet.placed().filter(|(_, row)| row.owner == cell.id).count();
        v1::CellStatus {
            cell: Some(v1::Cell::from(&cell.routing())),
            version: cell.version.clone(),
            weight: cell.weight,
            slots: slots.get(&cell.id).copied().unwrap_or(0),
            overrides: u32::try_from(placed).unwrap_or(u32::MAX),
            last_heartbeat_ms: beat.map_or(0, |beat| beat.at.as_millis()),
            alive: beats.alive(&cell.id, now, silence_max),
            commit: beat.map_or(0, |beat| beat.commit),
            epoch: members.get(Role::Cell, cell.id.as_str()).map_or(0, |member| member.epoch.0),
            registered_ms: cell.registered.as_millis(),
        }
    };
    fleet.cells().map(status).collect()
}
