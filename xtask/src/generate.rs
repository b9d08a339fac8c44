//! `gen`: writes what follows from the code, so that it is never written by hand: example settings, the list of error codes.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};

use crate::{
    house::House,
    programs::{self, Build},
    say,
    tidy::codes::PAGES,
};

/// Programs that print their settings with `--check`, and where the example goes.
const SETTINGS: [(&str, &str, &[&str]); 2] = [
    ("souk-control-plane", "docs/operations/souk-control-plane.toml", &["--check"]),
    (
        "souk-cell",
        "docs/operations/souk-cell.toml",
        &["--check", "--set", "outside.secret_file=platform.secret"],
    ),
];

/// Writes everything that is generated, or only says whether it is as it would be written.
pub(crate) fn run(house: &House, only_check: bool) -> anyhow::Result<bool> {
    let binaries = programs::build_these(house, Build::Dev, &["cp-server", "cell-server"])?;
    let mut files = vec![(format!("{PAGES}/README.md"), codes_page(house))];
    for (program, path, args) in SETTINGS {
        files.push((path.to_owned(), settings(&binaries, program, args)?));
    }
    let mut holds = true;
    for (path, text) in files {
        let same = house.text(&path) == text;
        if only_check {
            holds &= same;
            if same {
                say::good(&path);
            } else {
                say::bad(&format!("{path} is not what `cargo xtask gen` writes"));
            }
            continue;
        }
        let full = house.root.join(&path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&full, text).with_context(|| path.clone())?;
        say::good(&format!("{path}{}", if same { " (as it was)" } else { "" }));
    }
    Ok(holds)
}

fn settings(binaries: &Path, program: &str, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binaries.join(program)).args(args).env_clear().output();
    let output = output.with_context(|| format!("{program} cannot be started"))?;
    ensure!(
        output.status.success(),
        "{program} --check: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let body = String::from_utf8(output.stdout)?;
    Ok(format!(
        "# Every setting of {program} with its default. Written by `cargo xtask gen`.\n\n{body}"
    ))
}

/// Every code with what its page says first.
fn codes_page(house: &House) -> String {
    let mut page = "# Error codes\n\nEvery code that a client can get: in `code` of `application/problem+json`, in `reason` of gRPC's error \
                    details, and in the problems that carts and checkouts list. Written by `cargo xtask gen`.\n\n| code | meaning |\n| --- | --- |\n"
        .to_owned();
    for path in house.files(PAGES, "md") {
        let Some(code) = path
            .strip_prefix(PAGES)
            .and_then(|name| name.trim_start_matches('/').strip_suffix(".md"))
        else {
            continue;
        };
        if code == "README" {
            continue;
        }
        let text = house.text(&path);
        let meaning = text.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| [{code}]({code}.md) | {meaning} |");
    }
    page
}
