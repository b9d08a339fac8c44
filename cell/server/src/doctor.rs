//! What a cell finds when it looks at itself.

use base_identity::Passport;
use cell_runtime::Cell;
use router_table::Route;

/// Dead letters that are looked at.
const DEAD_MAX: usize = 100;

/// One line per check: what was looked at, whether it is well, and what was found (and what to do, where it is not).
pub(crate) async fn findings(
    cell: &Cell,
    passport: Option<&Passport>,
) -> Vec<(&'static str, bool, String)> {
    let (ok, text) = Passport::finding(passport);
    let mut findings = vec![table(cell), waiting(cell), ("identity", ok, text)];
    findings.push(match cell.stores().outbox.dead(DEAD_MAX).await {
        Ok(dead) if dead.is_empty() => ("dead letters", true, "none".to_owned()),
        Ok(dead) => {
            let count = if dead.len() == DEAD_MAX {
                format!("at least {DEAD_MAX}")
            } else {
                dead.len().to_string()
            };
            (
                "dead letters",
                false,
                format!("{count}; see `soukctl messages dead list`, then replay or drop them"),
            )
        }
        Err(fault) => ("dead letters", false, base_fault::chain(&fault)),
    });
    findings.push(match cell.stores().fences.all().await {
        Ok(fences) => ("store", true, format!("reads; {} fences", fences.len())),
        Err(fault) => ("store", false, base_fault::chain(&fault)),
    });
    findings
}

fn table(cell: &Cell) -> (&'static str, bool, String) {
    let table = cell.table();
    let epoch = table.epoch();
    if epoch.0 == 0 {
        return (
            "routing table",
            false,
            "none yet; is the control plane up, and are enough cells registered?".to_owned(),
        );
    }
    let held = matches!(table.route("platform/operators"), Route::To { .. });
    let text = format!(
        "epoch {epoch}, {} cells, {} overrides",
        table.cells().len(),
        table.overrides_len()
    );
    ("routing table", held, text)
}

fn waiting(cell: &Cell) -> (&'static str, bool, String) {
    let waiting: Vec<String> = cell
        .waiting()
        .into_iter()
        .filter(|(_, messages, _)| *messages > 0)
        .map(|(to, messages, _)| {
            if to == *cell.id() {
                return format!("{messages} for the queue between the pods (is Kafka up?)");
            }
            format!("{messages} for {to} (is that cell up?)")
        })
        .collect();
    if waiting.is_empty() {
        return ("messages", true, format!("none wait; {} on their way", cell.on_way()));
    }
    ("messages", false, format!("they wait: {}", waiting.join(", ")))
}
