//! The figures as a table for people.

use comfy_table::{Table, presets};

use super::Row;

const TITLES: [&str; 10] = [
    "trouble",
    "door",
    "by",
    "p99 without",
    "with",
    "×",
    "goal",
    "failed",
    "MB before, most, after",
    "",
];

pub(super) fn of(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(TITLES);
    for row in rows {
        table.add_row([
            row.trouble.to_owned(),
            row.door.to_owned(),
            row.by.clone(),
            format!("{:.2} ms", row.p99_without_ms),
            format!("{:.2} ms", row.p99_with_ms),
            format!("{:.1}", row.slower),
            if row.meets_goal() { "met" } else { "missed" }.to_owned(),
            format!("{} of {}", row.failed, row.requests),
            format!("{:.1}, {:.1}, {:.1}", row.mb_before, row.mb_most, row.mb_after),
            if row.broken().is_empty() { "holds" } else { "FAILS" }.to_owned(),
        ]);
    }
    table
}
