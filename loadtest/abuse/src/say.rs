//! What the program says to people, on standard output.

use std::io::{IsTerminal as _, Write as _, stdout};

/// A line.
pub fn line(text: impl AsRef<str>) {
    // Whoever closed our output does not want to hear.
    let _ = writeln!(stdout().lock(), "{}", text.as_ref());
}

/// Whether it holds.
pub fn verdict(holds: bool, text: impl AsRef<str>) {
    let word = if holds { paint("1;32", "ok") } else { paint("1;31", "failed:") };
    line(format!("{word} {}", text.as_ref()));
}

fn paint(colour: &str, text: &str) -> String {
    if stdout().is_terminal() {
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
