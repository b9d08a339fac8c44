//! The service for operators, as it looks on the wire.

use std::{sync::Arc, time::Duration};

use base_identity::Passport;
use base_ids::{CellId, Generation, Tenant};
use base_time::Timestamp;
use cp_model::{CellRecord, Fleet, PodRecord, SlotRun};
use souk_proto_fleet::v1::{self, operator_server::Operator};
use tonic::{Request, Response, Status};

use crate::{
    ControlPlane,
    beats::{Beats, PodKey},
    deeds, doctor,
    members::{Member, Members, Role},
    refused::refused,
    works,
};

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
            cell: owner.map(|cell| self.by_preference(cell, &tenant)),
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

impl OperatorService {
    /// A cell with its pods in the order that a tenant prefers.
    fn by_preference(&self, cell: &CellRecord, tenant: &Tenant) -> v1::Cell {
        let mut told = v1::Cell::from(&cell.routing());
        let newest = self.plane.tables().newest();
        let rank = |pod: &v1::Pod| {
            newest.pods_for(&cell.id, tenant.as_str()).position(|one| one.name.as_str() == pod.name)
        };
        // A pod that has just come is not in the table yet.
        told.pods.sort_by_cached_key(|pod| rank(pod).unwrap_or(usize::MAX));
        told
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
    let (beats, members) = (plane.beats(), plane.members());
    let silence_max = plane.config().silence_max();
    let status = |cell: &CellRecord| {
        let pods = pods(cell, &beats, &members, plane.now(), silence_max);
        let listed = || pods.iter().filter(|pod| pod.listed);
        let key = |pod: &PodRecord| PodKey { cell: cell.id.clone(), pod: pod.name.clone() };
        let commits = cell.pods.iter().filter_map(|pod| Some(beats.of(&key(pod))?.commit));
        let placed = fleet.placed().filter(|(_, row)| row.owner == cell.id).count();
        v1::CellStatus {
            cell: Some(v1::Cell::from(&cell.routing())),
            version: cell.pods.first().map(|pod| pod.version.clone()).unwrap_or_default(),
            weight: cell.weight(),
            slots: slots.get(&cell.id).copied().unwrap_or(0),
            overrides: u32::try_from(placed).unwrap_or(u32::MAX),
            last_heartbeat_ms: listed().map(|pod| pod.last_heartbeat_ms).max().unwrap_or(0),
            alive: listed().any(|pod| pod.alive),
            commit: commits.max().unwrap_or(0),
            epoch: listed().map(|pod| pod.epoch).min().unwrap_or(0),
            registered_ms: cell.registered.as_millis(),
            pods,
            undone: works::undone(&members, &cell.id).into_iter().map(i32::from).collect(),
        }
    };
    fleet.cells().map(status).collect()
}

/// The pods of a cell, those that it lost lately, and those that watch the table without being in it.
fn pods(
    cell: &CellRecord,
    beats: &Beats,
    members: &Members,
    now: Timestamp,
    silence_max: Duration,
) -> Vec<v1::PodStatus> {
    let listed = cell.routing().pods.into_iter().zip(&cell.pods).map(|(pod, record)| {
        let key = PodKey { cell: cell.id.clone(), pod: record.name.clone() };
        let member = members.get(Role::Cell, &key.to_string());
        v1::PodStatus {
            pod: Some(v1::Pod::from(&pod)),
            version: record.version.clone(),
            last_heartbeat_ms: beats.of(&key).map_or(0, |beat| beat.at.as_millis()),
            alive: beats.alive(&key, now, silence_max),
            listed: true,
            epoch: member.map_or(0, |member| member.epoch.0),
            works: member.map(works_of).unwrap_or_default(),
        }
    });
    let lost = beats.lost_of(&cell.id, now).map(|(key, beat)| v1::PodStatus {
        pod: Some(v1::Pod { name: key.pod.to_string(), ..v1::Pod::default() }),
        last_heartbeat_ms: beat.at.as_millis(),
        ..v1::PodStatus::default()
    });
    let unlisted = works::unlisted(members, cell).map(|(pod, member)| v1::PodStatus {
        pod: Some(v1::Pod {
            name: pod.to_owned(),
            admin_address: member.admin_address.clone(),
            ..v1::Pod::default()
        }),
        last_heartbeat_ms: member.last_ack.as_millis(),
        alive: true,
        epoch: member.epoch.0,
        works: works_of(member),
        ..v1::PodStatus::default()
    });
    listed.chain(lost).chain(unlisted).collect()
}

fn works_of(member: &Member) -> Vec<i32> {
    member.works.iter().map(|work| i32::from(*work)).collect()
}
