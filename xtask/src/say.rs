//! What the commands say, on standard output.

use std::io::{IsTerminal as _, Write as _, stdout};

/// A line.
pub(crate) fn line(text: &str) {
    // Whoever closed our output does not want to hear.
    let _ = writeln!(stdout().lock(), "{text}");
}

/// What comes now.
pub(crate) fn step(text: &str) {
    line(&paint("1;36", &format!("== {text}")));
}

/// It holds.
pub(crate) fn good(text: &str) {
    line(&format!("{} {text}", paint("1;32", "ok")));
}

/// It does not hold.
pub(crate) fn bad(text: &str) {
    line(&format!("{} {text}", paint("1;31", "failed:")));
}

fn paint(colour: &str, text: &str) -> String {
    if stdout().is_terminal() {
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
