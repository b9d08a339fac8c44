//! Which cell a tenant lives in, from the table that the control plane gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Context as _;
use base_ids::Tenant;
use serde::Deserialize;

/// Owner of each slot. Clones share it: there are as many runs as slots, nearly.
#[derive(Clone, Debug)]
pub struct Homes {
    /// First slot of a run → its owner.
    runs: Arc<BTreeMap<u16, String>>,
    cells: Arc<[String]>,
}

#[derive(Deserialize)]
struct Listed {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    first: u16,
    cell: String,
}

impl Homes {
    /// Reads what `soukctl slots list --runs -o json` prints.
    ///
    /// Errors: it prints something else.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let listed: Listed = serde_json::from_str(text).context("soukctl slots list")?;
        let cells: BTreeSet<&String> = listed.runs.iter().map(|run| &run.cell).collect();
        let cells = cells.into_iter().filter(|cell| !cell.is_empty()).cloned().collect();
        let runs = listed.runs.into_iter().map(|run| (run.first, run.cell)).collect();
        Ok(Self { runs: Arc::new(runs), cells })
    }

    /// The cell of a tenant; empty if nobody owns its slot.
    pub fn of(&self, tenant: &Tenant) -> &str {
        self.runs.range(..=tenant.slot().0).next_back().map_or("", |(_, cell)| cell)
    }

    /// Whether every slot has an owner.
    pub fn are_whole(&self) -> bool {
        !self.runs.is_empty() && self.runs.values().all(|cell| !cell.is_empty())
    }

    /// All cells, sorted.
    pub fn cells(&self) -> &[String] {
        &self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::Homes;

    #[test]
    fn a_tenant_lives_where_its_slot_lives() {
        let text = r#"{"epoch":1,"runs":[{"first":0,"last":32767,"cell":"cell-1","generation":1},{"first":32768,"last":65535,"cell":"cell-2","generation":1}]}"#;
        let homes = Homes::read(text).unwrap();
        assert_eq!(homes.cells(), ["cell-1", "cell-2"]);
        assert!(homes.are_whole());
        assert!(
            !Homes::read(r#"{"runs":[{"first":0,"last":65535,"cell":""}]}"#).unwrap().are_whole()
        );
        let tenant: base_ids::Tenant = "users/leila".parse().unwrap();
        let expected = if tenant.slot().0 < 32_768 { "cell-1" } else { "cell-2" };
        assert_eq!(homes.of(&tenant), expected);
    }
}
