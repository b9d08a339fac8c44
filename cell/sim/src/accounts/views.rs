//! Rebuild equality: what is replayed from events alone is what is stored, row by row; and every cell has the same replicas.

use std::collections::BTreeMap;

use base_ids::Tenant;
use cell_kernel::Table;
use cell_runtime::memory::RowOf;

use super::Findings;
use crate::fleet::Fleet;

type Place = (Table, Option<Tenant>, String);

pub(super) async fn check(fleet: &Fleet, findings: &mut Findings) {
    let mut replicas = None;
    for (number, disk) in fleet.disks().iter().enumerate() {
        let (own, of_all): (Vec<_>, Vec<_>) =
            disk.all_rows().into_iter().partition(|row| row.tenant.is_some());
        let stored: BTreeMap<Place, (u64, Vec<u8>)> = own
            .into_iter()
            .map(|RowOf { table, tenant, row }| {
                ((table, tenant, row.key), (row.version.0, row.row))
            })
            .collect();
        let replayed = replay(fleet, number, findings).await;
        compare(number, &stored, &replayed, findings);
        // Their versions are positions in logs, which are folded in batches of another size in each cell.
        let told: BTreeMap<_, _> =
            of_all.into_iter().map(|row| ((row.table, row.row.key), row.row.row)).collect();
        let first = replicas.get_or_insert_with(|| told.clone());
        for (place, row) in &told {
            findings.expect("rebuild", first.get(place) == Some(row), || {
                format!("cell-{number} and cell-0 have another {place:?}")
            });
        }
        findings.expect("rebuild", first.len() == told.len(), || {
            format!("cell-{number} has {} replica rows, cell-0 {}", told.len(), first.len())
        });
    }
}

async fn replay(
    fleet: &Fleet,
    number: usize,
    findings: &mut Findings,
) -> BTreeMap<Place, (u64, Vec<u8>)> {
    let mut rows = BTreeMap::new();
    let Some(cell) = fleet.cell(number) else { return rows };
    for (stream, _) in fleet.disks()[number].all_streams() {
        let writes = match cell.refold(&stream).await {
            Ok(writes) => writes,
            Err(fault) => {
                let chain = base_fault::chain(&fault);
                findings.expect("rebuild", false, || format!("{stream} does not replay: {chain}"));
                continue;
            }
        };
        for write in writes {
            if let Some(row) = write.row {
                let place = (write.table, Some(stream.tenant.clone()), write.key);
                rows.insert(place, (write.version.0, row));
            }
        }
    }
    rows
}

fn compare(
    number: usize,
    stored: &BTreeMap<Place, (u64, Vec<u8>)>,
    replayed: &BTreeMap<Place, (u64, Vec<u8>)>,
    findings: &mut Findings,
) {
    for (place, row) in replayed {
        findings.expect("rebuild", stored.get(place) == Some(row), || {
            let text = |row: Option<&(u64, Vec<u8>)>| {
                row.map(|(version, row)| format!("{version} {}", String::from_utf8_lossy(row)))
            };
            let (now, then) = (text(stored.get(place)), text(Some(row)));
            format!("cell-{number}: {place:?} is {now:?}, replayed {then:?}")
        });
    }
    for place in stored.keys().filter(|place| !replayed.contains_key(*place)) {
        findings.expect("rebuild", false, || {
            format!("cell-{number}: {place:?} is stored and comes from no event")
        });
    }
}
