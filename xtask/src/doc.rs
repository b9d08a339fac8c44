//! `doc`: the pages of all our crates, links checked.

use crate::{house::House, say, step};

pub(crate) fn run(house: &House) -> anyhow::Result<bool> {
    let mut command =
        step::cargo(house, ["doc", "--workspace", "--no-deps", "--document-private-items"]);
    command.env("RUSTDOCFLAGS", "-D rustdoc::broken_intra_doc_links");
    let outcome = step::run("pages of all crates", &mut command)?;
    if outcome.holds {
        say::line(&format!("open {}", house.target.join("doc/cell_kernel/index.html").display()));
    }
    Ok(outcome.holds)
}
