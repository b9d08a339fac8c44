//! `gen`: writes what follows from the code, so that it is never written by hand: every setting, the list of error codes.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};

use crate::{
    house::House,
    programs::{self, Build},
    say,
    settings::{PROGRAMS, Program},
    tidy::{self, Source, codes::PAGES},
};

/// Writes everything that is generated, or only says whether it is as it would be written.
pub(crate) fn run(house: &House, only_check: bool) -> anyhow::Result<bool> {
    let packages = PROGRAMS.each_ref().map(|program| program.package);
    let binaries = programs::build_these(house, Build::Dev, &packages)?;
    write(house, &binaries, only_check)
}

/// Whether everything is as the programs in `binaries`, built already, would have it written.
pub(crate) fn check(house: &House, binaries: &Path) -> anyhow::Result<bool> {
    write(house, binaries, true)
}

fn write(house: &House, binaries: &Path, only_check: bool) -> anyhow::Result<bool> {
    let sources = tidy::sources(house);
    let mut files = vec![codes_page(house)];
    for program in &PROGRAMS {
        let printed = printed(binaries, program)?;
        files.push((program.page(), program.annotated(house, &sources, &printed)));
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

/// The generated pages that are no longer what the source says, as far as that can be told without building anything: a default
/// that has changed is seen by `gen --check` alone.
pub(crate) fn stale(house: &House, sources: &[Source]) -> Vec<String> {
    let settings = PROGRAMS.iter().map(|program| {
        let page = program.page();
        let annotated = program.annotated(house, sources, &house.text(&page));
        (page, annotated)
    });
    let all = settings.chain([codes_page(house)]);
    all.filter(|(path, text)| house.text(path) != *text).map(|(path, _)| path).collect()
}

/// The settings as a program prints them.
fn printed(binaries: &Path, program: &Program) -> anyhow::Result<String> {
    let mut command = Command::new(binaries.join(program.name));
    let output = command.arg("--check").args(program.needs).env_clear().output();
    let output = output.with_context(|| format!("{} cannot be started", program.name))?;
    ensure!(
        output.status.success(),
        "{} --check: {}",
        program.name,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Every code with what its page says first: where the list is, and what is in it.
fn codes_page(house: &House) -> (String, String) {
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
    (format!("{PAGES}/README.md"), page)
}
