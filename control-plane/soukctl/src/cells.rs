//! `cells list` and `cells show`.

use serde::Serialize;
use souk_proto_fleet::v1::{CellStatus, PodStatus, SigningKey, Work};

use crate::{
    out::{View, columns, pairs, yes_no},
    reach::Reach,
    trouble::Trouble,
    zone::{At, Zone},
};

/// One cell.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    #[serde(rename = "cell")]
    name: String,
    alive: bool,
    slots: u32,
    overrides: u32,
    weight: u32,
    epoch: u64,
    commit: u64,
    version: String,
    last_heartbeat: At,
    registered: At,
    /// Roles that no pod has.
    undone: Vec<String>,
    pods: Vec<Pod>,
    signing_keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
struct Pod {
    #[serde(rename = "pod")]
    name: String,
    alive: bool,
    /// Whether requests are sent to it.
    listed: bool,
    /// What it does of the cell's work.
    roles: Vec<String>,
    epoch: u64,
    version: String,
    last_heartbeat: At,
    edge: String,
    mesh: String,
    admin: String,
}

impl From<PodStatus> for Pod {
    fn from(status: PodStatus) -> Self {
        let roles = names(status.works());
        let pod = status.pod.unwrap_or_default();
        Self {
            name: pod.name,
            alive: status.alive,
            listed: status.listed,
            roles,
            epoch: status.epoch,
            version: status.version,
            last_heartbeat: At::millis(status.last_heartbeat_ms),
            edge: pod.edge_address,
            mesh: pod.mesh_address,
            admin: pod.admin_address,
        }
    }
}

/// As roles are called in settings.
fn names(works: impl Iterator<Item = Work>) -> Vec<String> {
    works.map(|work| work.as_str_name().to_lowercase()).collect()
}

#[derive(Debug, Serialize)]
struct Key {
    kid: String,
    accepted_until: At,
}

impl From<CellStatus> for Cell {
    fn from(status: CellStatus) -> Self {
        let undone = names(status.undone());
        let cell = status.cell.unwrap_or_default();
        let key = |key: SigningKey| Key {
            kid: key.kid,
            accepted_until: At::millis(key.accepted_until_ms),
        };
        Self {
            name: cell.id,
            alive: status.alive,
            slots: status.slots,
            overrides: status.overrides,
            weight: status.weight,
            epoch: status.epoch,
            commit: status.commit,
            version: status.version,
            last_heartbeat: At::millis(status.last_heartbeat_ms),
            registered: At::millis(status.registered_ms),
            undone,
            pods: status.pods.into_iter().map(Pod::from).collect(),
            signing_keys: cell.signing_keys.into_iter().map(key).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Cells(Vec<Cell>);

impl Cells {
    pub(crate) fn of(cells: Vec<CellStatus>) -> Self {
        Self(cells.into_iter().map(Cell::from).collect())
    }
}

impl Cell {
    /// How many pods live, and of how many, if some do not.
    fn pods_alive(&self) -> String {
        let alive = self.pods.iter().filter(|pod| pod.alive).count();
        match self.pods.len() {
            all if all == alive => alive.to_string(),
            all => format!("{alive} of {all}"),
        }
    }

    fn edges(&self) -> String {
        let listed = self.pods.iter().filter(|pod| pod.listed);
        listed.map(|pod| pod.edge.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Pod {
    fn roles_text(&self) -> String {
        if self.roles.len() == EVERY_ROLE { "all".to_owned() } else { or_none(&self.roles) }
    }
}

/// How many roles there are.
const EVERY_ROLE: usize = 4;

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(",") }
}

impl View for Cells {
    fn text(&self, zone: &Zone) -> String {
        let header = [
            "CELL",
            "ALIVE",
            "PODS",
            "SLOTS",
            "OVERRIDES",
            "WEIGHT",
            "EPOCH",
            "COMMIT",
            "VERSION",
            "LAST BEAT",
            "EDGE",
        ];
        let rows = self.0.iter().map(|cell| {
            [
                cell.name.clone(),
                yes_no(cell.alive),
                cell.pods_alive(),
                cell.slots.to_string(),
                cell.overrides.to_string(),
                cell.weight.to_string(),
                cell.epoch.to_string(),
                cell.commit.to_string(),
                cell.version.clone(),
                zone.show(cell.last_heartbeat),
                cell.edges(),
            ]
        });
        columns(header, rows, "no cell has registered yet")
    }
}

impl View for Cell {
    fn text(&self, zone: &Zone) -> String {
        let own = pairs([
            ("cell", self.name.clone()),
            ("alive", yes_no(self.alive)),
            ("last beat", zone.show(self.last_heartbeat)),
            ("registered", zone.show(self.registered)),
            ("version", self.version.clone()),
            ("slots", self.slots.to_string()),
            ("overrides", self.overrides.to_string()),
            ("weight", self.weight.to_string()),
            ("epoch held", self.epoch.to_string()),
            ("store commit", self.commit.to_string()),
            ("roles nobody has", or_none(&self.undone)),
        ]);
        let pods = self.pods.iter().map(|pod| {
            [
                pod.name.clone(),
                yes_no(pod.alive),
                yes_no(pod.listed),
                pod.roles_text(),
                pod.epoch.to_string(),
                pod.version.clone(),
                zone.show(pod.last_heartbeat),
                pod.edge.clone(),
                pod.mesh.clone(),
                pod.admin.clone(),
            ]
        });
        let header = [
            "POD",
            "ALIVE",
            "LISTED",
            "ROLES",
            "EPOCH",
            "VERSION",
            "LAST BEAT",
            "EDGE",
            "MESH",
            "ADMIN",
        ];
        let pods = columns(header, pods, "no pods");
        let keys =
            self.signing_keys.iter().map(|key| [key.kid.clone(), zone.show(key.accepted_until)]);
        let keys = columns(["SIGNING KEY", "ACCEPTED UNTIL"], keys, "no signing keys");
        format!("{own}\n{pods}\n{keys}")
    }
}

pub(crate) async fn list(reach: &Reach) -> Result<Cells, Trouble> {
    Ok(Cells::of(reach.cells(None).await?))
}

pub(crate) async fn show(reach: &Reach, cell: &str) -> Result<Cell, Trouble> {
    let mut cells = reach.cells(Some(cell)).await?;
    Ok(Cell::from(cells.remove(0)))
}
