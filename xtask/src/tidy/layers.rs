//! Which crate may depend on which of ours; and what crates are called.

use super::{
    Finding,
    walls::{Layer, Walls, matches},
};
use crate::house::{Crate, Edge};

pub(super) fn check(walls: &Walls, crates: &[Crate]) -> Vec<Finding> {
    crates
        .iter()
        .flat_map(|each| reach(walls, each).into_iter().chain(called(walls, each)))
        .collect()
}

fn reach(walls: &Walls, each: &Crate) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", each.folder);
    let Some(layer) = most_exact(walls, &each.folder) else {
        let remedy = "add a row to xtask/src/walls.toml that says what it may reach";
        return vec![Finding::new(manifest, "no layer has this folder", remedy)];
    };
    let service = matches("cell/services/*/*", &each.folder);
    let mut findings = Vec::new();
    for edge in &each.edges {
        if let Some(folder) = &edge.folder
            && !may(layer, edge, folder)
        {
            let what = format!("{} depends on {}, over a wall", each.name, edge.to);
            let remedy = format!(
                "`{}` may reach only [{}]; send a message, or own a port",
                layer.folder,
                layer.may.join(", ")
            );
            findings.push(Finding::new(&manifest, what, remedy));
        }
        if service && walls.services.never.contains(&edge.to) {
            let what = format!("{} depends on {}", each.name, edge.to);
            let remedy = "a service knows its rules and nothing else: give the work to the runtime or to a provider behind a port";
            findings.push(Finding::new(&manifest, what, remedy));
        }
    }
    findings
}

fn may(layer: &Layer, edge: &Edge, folder: &str) -> bool {
    let tests = layer.tests_may.iter().filter(|_| edge.dev);
    layer.may.iter().chain(tests).any(|pattern| matches(pattern, folder))
}

/// The row for a folder; one that names it wins over one with a star.
fn most_exact<'w>(walls: &'w Walls, folder: &str) -> Option<&'w Layer> {
    let rows = walls.layer.iter().filter(|layer| matches(&layer.folder, folder));
    rows.min_by_key(|layer| layer.folder.matches('*').count())
}

fn called(walls: &Walls, each: &Crate) -> Option<Finding> {
    let row = walls.prefix.iter().find(|row| matches(&row.folder, &each.folder));
    let leaf = each.folder.rsplit('/').next().unwrap_or_default();
    let place = format!("{}/Cargo.toml", each.folder);
    let Some(row) = row else {
        return Some(Finding::new(
            place,
            "no prefix is given for this folder",
            "add a row to xtask/src/walls.toml",
        ));
    };
    let wanted = format!("{}{leaf}", row.prefix);
    let what = format!("the crate is called {}", each.name);
    (each.name != wanted).then(|| Finding::new(place, what, format!("call it {wanted}")))
}

#[cfg(test)]
mod tests {
    use super::{Walls, check};
    use crate::house::{Crate, Edge};

    fn edge(to: &str, folder: Option<&str>, dev: bool) -> Edge {
        Edge { to: to.into(), folder: folder.map(Into::into), dev }
    }

    fn broken(name: &str, folder: &str, edges: Vec<Edge>) -> Vec<String> {
        let each = Crate { name: name.into(), folder: folder.into(), edges };
        check(&Walls::read().unwrap(), &[each]).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_service_reaches_no_service_no_store_and_no_runtime() {
        let orders = |edge| broken("svc-orders", "cell/services/transaction/orders", vec![edge]);
        let carts = "cell/services/transaction/carts";
        assert_eq!(
            orders(edge("svc-carts", Some(carts), false)),
            ["svc-orders depends on svc-carts, over a wall"]
        );
        assert_eq!(orders(edge("svc-carts", Some(carts), true)).len(), 1, "tests count too");
        assert_eq!(orders(edge("cell-runtime", Some("cell/runtime"), true)).len(), 1);
        assert_eq!(orders(edge("tokio", None, true)), ["svc-orders depends on tokio"]);
        assert!(orders(edge("cell-kernel", Some("cell/kernel"), false)).is_empty());
    }

    #[test]
    fn some_edges_are_for_tests_alone() {
        let providers = |dev| {
            broken(
                "cell-providers",
                "cell/providers",
                vec![edge("loadtest-stripe", Some("loadtest/stripe"), dev)],
            )
        };
        assert!(providers(true).is_empty());
        assert_eq!(providers(false).len(), 1);
    }

    #[test]
    fn a_crate_is_called_as_its_folder_and_a_new_folder_needs_a_row() {
        assert_eq!(
            broken("orders", "cell/services/transaction/orders", vec![]),
            ["the crate is called orders"]
        );
        assert_eq!(broken("attic", "attic", vec![]).len(), 2);
    }
}
