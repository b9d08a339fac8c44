//! A small fleet: cells, a table that says who owns what, a router in front.

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use base_ids::{Epoch, Generation, Slot};
use base_time::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use router_limits::{LimitsConfig, Rate};
use router_server::{AccessLog, Config, Router, RunningRouter};
use router_table::{Cell, CellIndex, Draft, LastGood, Pod, SigningKey, Table};
use tempfile::TempDir;

use crate::{cells::StandInCell, client::Client};

pub(crate) struct Fleet {
    pub(crate) cells: Vec<StandInCell>,
    pub(crate) router: RunningRouter,
    pub(crate) client: Client,
    _directory: TempDir,
}

impl Fleet {
    /// `count` cells and a router that finds its table on disk; no control plane anywhere.
    pub(crate) async fn start(count: u16) -> Self {
        Self::start_with(count, |_| {}).await
    }

    /// The same, with a router that is set otherwise.
    pub(crate) async fn start_with(count: u16, change: impl FnOnce(&mut Config)) -> Self {
        let mut cells = Vec::new();
        for number in 1..=count {
            cells.push(StandInCell::start(number).await);
        }
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &table(1, &cells, &[]));
        let mut config = config(directory.path());
        change(&mut config);
        let router = Router::start(config).await.unwrap();
        Self { client: Client::of(router.addresses().http), cells, router, _directory: directory }
    }

    /// The cell that owns a tenant as the router's table says.
    pub(crate) fn owner(&self, tenant: &str) -> &StandInCell {
        let table = self.router.table();
        let owner = table.route(tenant).owner().unwrap();
        &self.cells[owner.index]
    }

    /// A cell that does not own a tenant as the router's table says.
    pub(crate) fn stranger(&self, tenant: &str) -> &StandInCell {
        let owner = self.owner(tenant);
        self.cells.iter().find(|cell| cell.id != owner.id).unwrap()
    }
}

pub(crate) fn config(directory: &Path) -> Config {
    Config {
        listen: "127.0.0.1:0".into(),
        admin: "127.0.0.1:0".into(),
        data_dir: directory.to_owned(),
        public_url: "https://souk.example".into(),
        drain_ms: 2_000,
        access_log: AccessLog { to: "none".into(), ..AccessLog::default() },
        limits: no_limits(),
        ..Config::default()
    }
}

/// What is not about limits meets none: all clients here share one address.
fn no_limits() -> LimitsConfig {
    let endless = Rate::new(1_000_000, 1_000_000);
    let routes = BTreeMap::new();
    LimitsConfig { address: endless, tenant: endless, routes, ..LimitsConfig::default() }
}

/// Lays a table where a router looks for it.
pub(crate) fn keep(directory: &Path, table: &Table) {
    LastGood::at(directory.join("routing-table")).save(table).unwrap();
}

/// A table in which the cells own the slots by turns, except for the tenants that are placed.
pub(crate) fn table(epoch: u64, cells: &[StandInCell], placed: &[(&str, usize)]) -> Table {
    let addresses: Vec<_> = cells.iter().map(|cell| cell.address).collect();
    table_of(epoch, &addresses, placed)
}

/// A table in which `tenant` is placed by name and held.
pub(crate) fn held_table(epoch: u64, cells: &[StandInCell], tenant: &str, owner: usize) -> Table {
    let addresses: Vec<_> = cells.iter().map(|cell| cell.address).collect();
    let (mut draft, cells) = draft_of(epoch, &addresses);
    draft.place(&tenant.parse().unwrap(), cells[owner], Generation(epoch), true);
    draft.build().unwrap()
}

pub(crate) fn table_of(epoch: u64, cells: &[SocketAddr], placed: &[(&str, usize)]) -> Table {
    let (mut draft, cells) = draft_of(epoch, cells);
    for (tenant, owner) in placed.iter().copied().collect::<BTreeMap<_, _>>() {
        draft.place(&tenant.parse().unwrap(), cells[owner], Generation(epoch), false);
    }
    draft.build().unwrap()
}

/// A draft in which the cells own the slots by turns.
fn draft_of(epoch: u64, cells: &[SocketAddr]) -> (Draft, Vec<CellIndex>) {
    let mut draft = Draft::new(Epoch(epoch));
    let key = SigningKey {
        kid: "k1".into(),
        public_key: key().public_key().as_ref().try_into().unwrap(),
        accepted_until: Timestamp::from_millis(i64::MAX),
    };
    let cells: Vec<_> = (1_u16..)
        .zip(cells)
        .map(|(number, address)| {
            draft.cell(Cell {
                id: format!("cell-{number}").parse().unwrap(),
                pods: vec![Pod::only(*address, *address, *address)],
                signing_keys: vec![key.clone()],
            })
        })
        .collect();
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), cells[usize::from(slot) % cells.len()], Generation(1));
    }
    (draft, cells)
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap()
}

/// An access token of `user`, as a cell signs it.
pub(crate) fn token(user: &str, expires_secs: i64) -> String {
    let header = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
    let claims = format!(
        r#"{{"iss":"souk","sub":"{user}","aud":"shopper","exp":{expires_secs},"iat":0,"sid":"s1"}}"#
    );
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// `Authorization` of `user`, far from its end.
pub(crate) fn bearer(user: &str) -> String {
    format!("Bearer {}", token(user, 9_000_000_000))
}
