//! Speaks to the control plane and to the cells as an operator, and to the routers' admin ports.

use std::{collections::HashMap, time::Duration};

use base_identity::{Expected, Passport, Role};
use base_ids::Tenant;
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use souk_proto_fleet::{
    Planes, channel_to_any,
    v1::{self, cell_admin_client::CellAdminClient, operator_client::OperatorClient},
};
use tonic::{
    Response, Status,
    transport::{Channel, Endpoint},
};

use crate::{locate, trouble::Trouble};

/// Largest answer that is taken, in bytes.
const ANSWER_MAX: usize = 64 << 20;

/// A cell that can be asked.
#[derive(Clone)]
pub(crate) struct CellLine {
    pub(crate) id: String,
    /// What it is called in errors.
    name: String,
    pub(crate) admin: CellAdminClient<Channel>,
    timeout: Duration,
}

/// The way to everybody, with what was learned on it.
pub(crate) struct Reach {
    planes: Planes,
    passport: Option<Passport>,
    timeout: Duration,
    homes: HashMap<Tenant, v1::Cell>,
}

impl Reach {
    /// Prepares to ask the control planes at these places, each `host:port`; connects only when it does.
    pub(crate) fn new(
        control_planes: &[String],
        passport: Option<Passport>,
        timeout: Duration,
    ) -> Result<Self, Trouble> {
        let shape = |endpoint: Endpoint| endpoint.connect_timeout(timeout).timeout(timeout);
        let planes = Planes::new(control_planes, passport.as_ref(), shape);
        let planes = planes.map_err(Trouble::Usage)?;
        Ok(Self { planes, passport, timeout, homes: HashMap::new() })
    }

    /// Finds out which of several control planes leads. If none of them says so, whoever is asked next says why.
    pub(crate) async fn find_leader(&self) {
        // Each of them once, and then the one that was named.
        for _ in 0..=self.planes.len() {
            if self.planes.len() == 1 {
                return;
            }
            let plane = self.planes.current();
            let mut operator = OperatorClient::new(plane.channel.clone());
            // Only the leader knows the routers.
            let asked = operator.list_routers(v1::ListRoutersRequest {});
            let asked = tokio::time::timeout(self.timeout, asked).await;
            match asked.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time"))) {
                Ok(_) => return,
                Err(status) => self.planes.failed(&plane, &status),
            }
        }
    }

    /// Asks the control plane.
    pub(crate) async fn control_plane<T>(
        &self,
        ask: impl AsyncFnOnce(&mut OperatorClient<Channel>) -> Result<Response<T>, Status>,
    ) -> Result<T, Trouble> {
        let plane = self.planes.current();
        let operator = OperatorClient::new(plane.channel);
        let mut operator = operator.max_decoding_message_size(ANSWER_MAX);
        let name = called("the control plane", &plane.address);
        within(self.timeout, &name, ask(&mut operator)).await
    }

    /// The line to a cell: to the first of its pods that can be reached.
    pub(crate) fn cell(&self, cell: &v1::Cell) -> Result<CellLine, Trouble> {
        self.line_to(&cell.id, cell.id.clone(), &cell.pods)
    }

    /// The lines to each pod of a cell, with what they are called: as the cell, unless it has several.
    pub(crate) fn pods(&self, cell: &v1::Cell) -> Vec<(String, Result<CellLine, Trouble>)> {
        let line = |pod: &v1::Pod| {
            let several = cell.pods.len() > 1;
            let id = if several { format!("{}/{}", cell.id, pod.name) } else { cell.id.clone() };
            (id.clone(), self.line_to(&cell.id, id, std::slice::from_ref(pod)))
        };
        cell.pods.iter().map(line).collect()
    }

    /// The line to the first of these pods that can be reached.
    fn line_to(&self, cell: &str, id: String, pods: &[v1::Pod]) -> Result<CellLine, Trouble> {
        let place = |pod: &v1::Pod| locate::place(&pod.mesh_address, self.passport.is_some());
        let places =
            pods.iter().map(place).collect::<Result<Vec<_>, _>>().map_err(|problem| {
                Trouble::Unreachable(format!("{id} cannot be asked: {problem}"))
            })?;
        let name = called(&id, &places.join(", "));
        let expected = Expected::one(Role::Cell, cell);
        let endpoint = endpoint(places.first().map_or(cell, String::as_str), self.timeout);
        let channel =
            channel_to_any(&endpoint, places, self.timeout, self.passport.as_ref(), expected);
        let admin = CellAdminClient::new(channel);
        Ok(CellLine {
            id,
            name,
            admin: admin.max_decoding_message_size(ANSWER_MAX),
            timeout: self.timeout,
        })
    }

    /// All cells, or the one with this name.
    pub(crate) async fn cells(&self, named: Option<&str>) -> Result<Vec<v1::CellStatus>, Trouble> {
        let answer =
            self.control_plane(async |o| o.list_cells(v1::ListCellsRequest {}).await).await?;
        let mut cells = answer.cells;
        if let Some(named) = named {
            cells.retain(|status| status.cell.as_ref().is_some_and(|cell| cell.id == named));
            if cells.is_empty() {
                return Err(Trouble::Refused(format!(
                    "there is no cell {named}; see `soukctl cells list`"
                )));
            }
        }
        Ok(cells)
    }

    /// Lines to all cells, or to the one with this name.
    pub(crate) async fn cell_lines(&self, named: Option<&str>) -> Result<Vec<CellLine>, Trouble> {
        let cells = self.cells(named).await?;
        cells.iter().filter_map(|status| status.cell.as_ref()).map(|cell| self.cell(cell)).collect()
    }

    /// Lines to all pods of all cells, or of the one with this name.
    pub(crate) async fn pod_lines(&self, named: Option<&str>) -> Result<Vec<CellLine>, Trouble> {
        let cells = self.cells(named).await?;
        let cells = cells.iter().filter_map(|status| status.cell.as_ref());
        cells.flat_map(|cell| self.pods(cell)).map(|(_, line)| line).collect()
    }

    /// The cell in which a tenant lives.
    pub(crate) async fn home(&mut self, tenant: &Tenant) -> Result<CellLine, Trouble> {
        if let Some(cell) = self.homes.get(tenant) {
            return self.cell(cell);
        }
        let found = self.where_is(tenant).await?;
        let cell = found.cell.ok_or_else(|| {
            Trouble::Refused(format!("nobody owns {tenant} yet; see `soukctl doctor` for why"))
        })?;
        self.homes.insert(tenant.clone(), cell.clone());
        self.cell(&cell)
    }

    /// Where a tenant lives, as the control plane says.
    pub(crate) async fn where_is(
        &self,
        tenant: &Tenant,
    ) -> Result<v1::WhereIsTenantResponse, Trouble> {
        let request = v1::WhereIsTenantRequest { tenant: tenant.to_string() };
        self.control_plane(async |operator| operator.where_is_tenant(request).await).await
    }

    /// Status and body of a path on an admin port.
    pub(crate) async fn get(
        &self,
        who: &str,
        address: &str,
        path: &str,
    ) -> Result<(u16, Bytes), Trouble> {
        let unreachable = |why: &dyn std::fmt::Display| {
            Trouble::Unreachable(format!("{who} cannot be reached at {address}: {why}"))
        };
        let base = locate::uri(address).ok_or_else(|| unreachable(&"not an address"))?;
        let uri: Uri = format!("{}{path}", base.to_string().trim_end_matches('/'))
            .parse()
            .map_err(|error: http::uri::InvalidUri| unreachable(&error))?;
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let asked = async {
            let response =
                client.get(uri).await.map_err(|error| unreachable(&base_fault::chain(&error)))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
            Ok((status, body.map_err(|error| unreachable(&error))?.to_bytes()))
        };
        let answered = tokio::time::timeout(self.timeout, asked).await;
        answered.unwrap_or_else(|_| Err(unreachable(&"no answer in time")))
    }
}

impl CellLine {
    /// Asks the cell.
    pub(crate) async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&mut CellAdminClient<Channel>) -> Result<Response<T>, Status>,
    ) -> Result<T, Trouble> {
        let mut admin = self.admin.clone();
        within(self.timeout, &self.name, ask(&mut admin)).await
    }
}

/// `cell-1 (127.0.0.1:7012)`.
fn called(who: &str, place: &str) -> String {
    format!("{who} ({place})")
}

fn endpoint(place: &str, timeout: Duration) -> Endpoint {
    let endpoint = Endpoint::from_shared(format!("http://{place}"));
    let endpoint = endpoint.expect("a checked place makes a valid URL");
    endpoint.connect_timeout(timeout).timeout(timeout)
}

async fn within<T>(
    timeout: Duration,
    who: &str,
    asked: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => Err(Trouble::of_status(who, &status)),
        Err(_) => {
            Err(Trouble::Unreachable(format!("{who}: no answer within {} s", timeout.as_secs())))
        }
    }
}
