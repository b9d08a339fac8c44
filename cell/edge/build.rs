//! Gathers the pages of the error codes, so that every cell can serve them.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let pages = Path::new(&root).join("../../docs/errors");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut codes = Vec::new();
    for entry in fs::read_dir(&pages)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md")
            && let Some(code) = path.file_stem().and_then(|stem| stem.to_str())
            && code != "README"
        {
            codes.push((code.to_owned(), path.canonicalize()?));
        }
    }
    codes.sort();
    let mut table = String::from("&[\n");
    for (code, path) in codes {
        let path = path.to_str().ok_or("a path is not UTF-8")?;
        writeln!(table, "    ({code:?}, include_str!({path:?})),")?;
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("pages.rs"), table)?;
    Ok(())
}
