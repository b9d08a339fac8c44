//! What the program says to people, on standard output; progress only where somebody watches.

use std::io::{IsTerminal as _, Write as _, stdout};

use indicatif::{ProgressBar, ProgressStyle};

/// A line.
pub fn line(text: impl AsRef<str>) {
    // Whoever closed our output does not want to hear.
    let _ = writeln!(stdout().lock(), "{}", text.as_ref());
}

/// What comes now.
pub fn step(text: impl AsRef<str>) {
    line(paint("1;36", &format!("== {}", text.as_ref())));
}

/// It holds.
pub fn good(text: impl AsRef<str>) {
    line(format!("{} {}", paint("1;32", "ok"), text.as_ref()));
}

/// It does not hold.
pub fn bad(text: impl AsRef<str>) {
    line(format!("{} {}", paint("1;31", "failed:"), text.as_ref()));
}

/// Whether it holds.
pub fn verdict(holds: bool, text: impl AsRef<str>) {
    if holds {
        good(text);
    } else {
        bad(text);
    }
}

/// A bar of so many steps; silent where nobody watches.
pub fn progress(title: &str, steps: usize) -> ProgressBar {
    let steps = u64::try_from(steps).unwrap_or(u64::MAX);
    let bar = if stdout().is_terminal() { ProgressBar::new(steps) } else { ProgressBar::hidden() };
    bar.set_length(steps);
    if let Ok(style) = ProgressStyle::with_template("{prefix:<28} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar
}

fn paint(colour: &str, text: &str) -> String {
    if stdout().is_terminal() {
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
