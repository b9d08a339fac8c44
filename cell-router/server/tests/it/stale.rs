//! Law: however stale router and cells are, a request ends at its owner or in a typed answer that is worth another try.

use base_ids::Epoch;
use proptest::prelude::*;
use router_table::{Refusal, Route, Table};

use crate::{
    cells::StandInCell,
    client::Client,
    fleet::{config, keep, table},
};

const TENANT: &str = "users/wanderer";

/// What a cell that holds `table` says about a tenant, when the truth is `owner`.
fn word(table: &Table, me: usize, owner: usize) -> Option<Refusal> {
    let Route::To { owner: believed, .. } = table.route(TENANT) else {
        return Some(Refusal::Held { epoch: table.epoch() });
    };
    match (believed.index == me, owner == me) {
        (true, true) => None,
        // Its fence refuses what it has lost, whatever its table says.
        (true, false) => Some(Refusal::Held { epoch: table.epoch() }),
        (false, _) => Some(Refusal::NotMine {
            cell: Some(believed.cell.id.clone()),
            generation: believed.generation,
            epoch: table.epoch(),
        }),
    }
}

async fn journey(
    cells: &[StandInCell],
    owners: &[usize],
    router_at: usize,
    cells_at: [usize; 3],
) -> (String, usize) {
    let newest = owners.len() - 1;
    let at = |lag: usize| {
        let epoch = newest.saturating_sub(lag);
        table(epoch as u64 + 1, cells, &[(TENANT, owners[epoch])])
    };
    for (me, cell) in cells.iter().enumerate() {
        let (table, owner) = (at(cells_at[me]), owners[newest]);
        cell.refuse(move |_| word(&table, me, owner));
    }
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &at(router_at));
    let mut config = config(directory.path());
    config.hold.wait_ms = 150;
    let router = router_server::Router::start(config).await.unwrap();
    assert_eq!(router.table().epoch(), Epoch(newest.saturating_sub(router_at) as u64 + 1));
    let client = Client::of(router.addresses().http);
    let answer = client.get(&format!("/v1/{TENANT}")).await;
    if answer.status == 200 {
        return (answer.cell(), owners[newest]);
    }
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("retry-after"));
    (answer.problem(), owners[newest])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn a_stale_router_is_harmless(
        owners in prop::collection::vec(0..3_usize, 1..6),
        router_lag in 0..6_usize,
        cell_lags in prop::array::uniform3(0..6_usize),
        cells_fresh in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (ended_at, owner) = runtime.block_on(async {
            let cells = [StandInCell::start(1).await, StandInCell::start(2).await, StandInCell::start(3).await];
            let lags = if cells_fresh { [0; 3] } else { cell_lags };
            journey(&cells, &owners, router_lag, lags).await
        });
        let right = format!("cell-{}", owner + 1);
        if cells_fresh {
            prop_assert_eq!(ended_at, right);
        } else {
            prop_assert!(ended_at == right || ended_at == "not_mine" || ended_at == "held", "{}", ended_at);
        }
    }
}
