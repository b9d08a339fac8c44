//! Laws of the pods of a cell: everybody prefers the same one, the shares are even, and who comes or goes moves its own share alone.

use base_ids::Epoch;
use proptest::prelude::*;

use super::cell;
use crate::{Cell, Draft, InvalidTable, Pod, Table};

/// The cell with so many pods, `0`, `1` and so on.
pub(super) fn with_pods(mut cell: Cell, count: u16) -> Cell {
    let only = cell.pods[0].clone();
    let pod = |number: u16| {
        let mut pod = Pod { name: number.to_string().parse().unwrap(), ..only.clone() };
        pod.edge.set_port(only.edge.port() + 100 * number);
        pod
    };
    cell.pods = (0..count).map(pod).collect();
    cell
}

fn named(names: &[&str]) -> Cell {
    let mut cell = cell(1);
    let only = cell.pods.remove(0);
    let pod = |name: &&str| Pod { name: name.parse().unwrap(), ..only.clone() };
    cell.pods = names.iter().map(pod).collect();
    cell
}

fn table(cell: Cell) -> Table {
    let mut draft = Draft::new(Epoch(1));
    draft.cell(cell);
    draft.build().unwrap()
}

fn order<'t>(table: &'t Table, tenant: &str) -> Vec<&'t str> {
    table.pods_for(0, tenant).map(|pod| pod.name.as_str()).collect()
}

fn tenant(number: u32) -> String {
    format!("users/01936f0e-7a5c-7cc1-8d2e-{number:012x}")
}

#[test]
fn the_order_is_pinned_so_that_two_builds_never_disagree() {
    let three = table(with_pods(cell(1), 3));
    let orders = |table: &Table, tenants: &[&str]| {
        let orders = tenants.iter().map(|tenant| order(table, tenant).join(" "));
        orders.collect::<Vec<_>>()
    };
    let tenants =
        ["users/anna", "users/heavy", "vendors/atlas", "names/9f86", "platform/catalog-0a"];
    assert_eq!(orders(&three, &tenants), ["0 1 2", "1 0 2", "1 2 0", "0 1 2", "0 2 1"]);
    // As a few lines in another language have it, too.
    let hosts = ["souk-cell-1-0", "souk-cell-1-1", "souk-cell-1-2", "souk-cell-1-3"];
    let expected = ["0 3 1 2", "3 1 0 2", "0 2 3 1", "1 2 3 0", "3 2 1 0"];
    let told = orders(&table(named(&hosts)), &tenants);
    assert_eq!(
        told.iter().map(|order| order.replace("souk-cell-1-", "")).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn a_cell_with_one_pod_has_nothing_to_choose_and_pays_nothing() {
    let one = table(cell(1));
    assert_eq!(order(&one, "users/anna"), ["0"]);
    assert_eq!(order(&one, ""), ["0"]);
    assert_eq!(one.size(), Table::empty().size());
    assert_eq!(one.pods_for(7, "users/anna").count(), 0, "a cell that is not listed has no pods");
}

#[test]
fn neither_addresses_nor_the_order_of_telling_change_who_is_preferred() {
    let (told, retold) = (table(named(&["a", "b", "c"])), table(named(&["c", "a", "b"])));
    assert_eq!(told.digest(), retold.digest());
    let mut moved = named(&["a", "b", "c"]);
    moved.pods[1].edge.set_port(1);
    let moved = table(moved);
    for number in 0..500 {
        assert_eq!(order(&told, &tenant(number)), order(&moved, &tenant(number)));
    }
}

#[test]
fn the_shares_of_the_pods_are_even() {
    for count in [2, 3, 8] {
        let table = table(with_pods(cell(1), count));
        let mut shares = vec![0_u32; count.into()];
        for number in 0..40_000 {
            let first = table.pods_for(0, &tenant(number)).next().unwrap();
            shares[first.name.as_str().parse::<usize>().unwrap()] += 1;
        }
        let mean = 40_000 / u32::from(count);
        for share in shares {
            assert!(share.abs_diff(mean) * 100 < mean * 15, "{share} of {mean} with {count} pods");
        }
    }
}

#[test]
fn a_cell_without_pods_or_with_two_of_one_name_is_in_no_table() {
    let build = |cell: Cell| {
        let mut draft = Draft::new(Epoch(1));
        draft.cell(cell);
        draft.build().unwrap_err().to_string()
    };
    assert_eq!(build(named(&[])), "cell cell-1 has no pod");
    assert_eq!(build(named(&["b", "a", "b"])), "cell cell-1 lists pod b twice");
    let many = u16::try_from(Draft::PODS_MAX).unwrap() + 1;
    assert!(matches!(
        {
            let mut draft = Draft::new(Epoch(1));
            draft.cell(with_pods(cell(1), many));
            draft.build().unwrap_err()
        },
        InvalidTable::TooManyPods { pods: 65, .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_pod_that_joins_takes_its_share_from_each_and_moves_nothing_else(
        names in prop::collection::btree_set("[a-z0-9-]{1,20}", 2..9),
        joins in any::<prop::sample::Index>(),
        first in 0..1_000_000_u32,
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let joins = *joins.get(&names);
        let before: Vec<_> = names.iter().copied().filter(|name| *name != joins).collect();
        let (before, after) = (table(named(&before)), table(named(&names)));
        let (tenants, mut moved) = (4_000, 0);
        for number in first..first + tenants {
            let (old, new) = (order(&before, &tenant(number)), order(&after, &tenant(number)));
            prop_assert_eq!(new.len(), names.len());
            // The others keep their order: who leaves hands each tenant to the next in its order.
            let others: Vec<_> = new.iter().copied().filter(|name| *name != joins).collect();
            prop_assert_eq!(others, old);
            moved += u32::from(new[0] == joins);
        }
        let share = tenants / u32::try_from(names.len()).unwrap();
        prop_assert!(moved.abs_diff(share) * 100 < share * 30, "{} of {}", moved, share);
    }
}
