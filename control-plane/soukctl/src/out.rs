//! The only room that writes to standard output.

use std::io::{self, Write as _};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::zone::Zone;

/// How the answer looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// JSON for scripts; times in UTC.
    Json,
}

/// What a command has learned.
pub(crate) trait View: Serialize {
    /// As people read it; ends with a line break.
    fn text(&self, zone: &Zone) -> String;

    /// The exit code that goes with it.
    fn exit_code(&self) -> u8 {
        0
    }
}

/// Prints a view. Who reads it may stop reading: that is no error.
pub(crate) fn print(view: &impl View, format: Format, zone: &Zone) -> io::Result<()> {
    let text = match format {
        Format::Table => view.text(zone),
        Format::Json => serde_json::to_string_pretty(view)? + "\n",
    };
    let written = io::stdout().lock().write_all(text.as_bytes());
    written.or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

/// Says on standard error what went wrong.
pub(crate) fn complain(text: &str) {
    // Without standard error there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "soukctl: {text}");
}

/// Columns under a header; `none` in the place of a table without rows.
pub(crate) fn columns<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    none: &str,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table.add_rows(rows);
    if table.is_empty() {
        return format!("{none}\n");
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// Names and values, one pair a line.
pub(crate) fn pairs<const N: usize>(rows: [(&str, String); N]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.map(|(name, value)| format!("{name:width$}  {value}\n")).concat()
}

pub(crate) fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// At most `len` characters, with a mark where something was cut.
pub(crate) fn short(text: &str, len: usize) -> String {
    if text.chars().count() <= len {
        return text.to_owned();
    }
    text.chars().take(len.saturating_sub(1)).chain(['…']).collect()
}
