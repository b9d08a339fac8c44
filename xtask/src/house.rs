//! The repository: where it is, which crates it has, which files they hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// The repository.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) root: PathBuf,
    /// Where Cargo builds.
    pub(crate) target: PathBuf,
    /// Our crates, by folder.
    pub(crate) crates: Vec<Crate>,
}

/// One of our crates.
#[derive(Clone, Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// From the root, such as `cell/kernel`.
    pub(crate) folder: String,
    pub(crate) edges: Vec<Edge>,
}

/// A dependency that a crate declares.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) to: String,
    /// The folder, if it is one of ours.
    pub(crate) folder: Option<String>,
    /// Only tests and benchmarks use it.
    pub(crate) dev: bool,
}

impl House {
    /// The repository that this command belongs to.
    pub(crate) fn here() -> anyhow::Result<Self> {
        // Cargo says it when it runs us. What it said when it built us may be another clone, if they share a build directory.
        let folder = std::env::var_os("CARGO_MANIFEST_DIR");
        let folder = folder.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self::at(Path::new(&folder).parent().context("xtask has no parent folder")?)
    }

    fn at(root: &Path) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .other_options(vec!["--offline".to_owned()])
            .exec()
            .context("cargo metadata does not like the workspace")?;
        let inside = |path: &Path| {
            path.strip_prefix(root).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
        };
        let mut crates: Vec<Crate> = metadata
            .packages
            .iter()
            .filter_map(|package| {
                let folder = inside(package.manifest_path.parent()?.as_std_path())?;
                let edges = package.dependencies.iter().map(|dependency| Edge {
                    to: dependency.name.clone(),
                    folder: dependency.path.as_ref().and_then(|path| inside(path.as_std_path())),
                    dev: dependency.kind == DependencyKind::Development,
                });
                Some(Crate { name: package.name.to_string(), folder, edges: edges.collect() })
            })
            .collect();
        crates.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(Self {
            root: root.to_owned(),
            target: metadata.target_directory.into_std_path_buf(),
            crates,
        })
    }

    /// Every file below `folder` whose name ends so, sorted, as a path from the root. Hidden folders and what is built are left out.
    pub(crate) fn files(&self, folder: &str, extension: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.root, &self.root.join(folder), &mut found);
        found.retain(|path| Path::new(path).extension().is_some_and(|found| found == extension));
        found.sort();
        found
    }

    /// The text of a file, by its path from the root; empty if it is not there or not text.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        if hidden || name == "target" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else if let Ok(inside) = path.strip_prefix(root) {
            found.push(inside.to_string_lossy().into_owned());
        }
    }
}
