//! What is largest: functions, files, crates. Nothing fails on it; a row that grows asks for a word in review.

use comfy_table::{CellAlignment, Table, presets};

use super::{Source, rooms::without_tests};
use crate::{house::House, say, source};

const ROWS: usize = 10;

pub(super) fn print(house: &House, sources: &[Source]) {
    let functions = sources.iter().filter(|source| !source.is_test()).flat_map(|source| {
        let found = source::functions(&source.code).into_iter().filter(|function| !function.test);
        found.map(|function| {
            (function.lines, format!("{} {}:{}", function.name, source.path, function.line))
        })
    });
    let files = sources.iter().map(|source| (source.text.lines().count(), source.path.clone()));
    let crates = house.crates.iter().map(|each| {
        let own = sources
            .iter()
            .filter(|source| source.path.starts_with(&format!("{}/src/", each.folder)));
        let own: Vec<&Source> = own.collect();
        (without_tests(&own), each.name.clone())
    });
    show("largest functions (guidance: under 20 lines, look again at 50)", functions);
    show("largest files (guidance: 40 to 300 lines, split at 700)", files);
    show("largest crates, lines of code without tests (guidance: 300 to 5,000)", crates);
}

fn show(title: &str, sized: impl Iterator<Item = (usize, String)>) {
    let mut sized: Vec<_> = sized.collect();
    sized.sort_by(|a, b| b.cmp(a));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (lines, what) in sized.into_iter().take(ROWS) {
        table.add_row([lines.to_string(), what]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    say::line(&format!("\n{title}\n{table}"));
}
