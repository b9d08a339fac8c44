//! Tells others which ports a process took: a small JSON file, written whole or not at all.

use std::{fs, io::Write as _, path::Path};

use base_fault::{Code, Fault};
use serde::Serialize;

/// Writes `addresses` to `path` as JSON. Who reads the file sees the old content or the new, never a part.
pub fn publish(path: &Path, addresses: &impl Serialize) -> Result<(), Fault> {
    let refuse = |error: std::io::Error| {
        Fault::ours(Code::Internal, format!("cannot write the addresses to {}", path.display()))
            .because(error)
    };
    let mut json = serde_json::to_vec_pretty(addresses).map_err(|error| refuse(error.into()))?;
    json.push(b'\n');
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(refuse)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let mut file = fs::File::create(&fresh).map_err(refuse)?;
    file.write_all(&json).and_then(|()| file.sync_all()).map_err(refuse)?;
    fs::rename(&fresh, path).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn the_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run/cell-1.json");
        for port in [1, 2] {
            super::publish(&path, &BTreeMap::from([("admin", format!("127.0.0.1:{port}"))]))
                .unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\n  \"admin\": \"127.0.0.1:2\"\n}\n");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
