//! Directories for a test: gone when it passes, kept and named when it fails.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A directory of a test's own.
#[derive(Debug)]
pub struct Scratch {
    directory: Option<tempfile::TempDir>,
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty directory whose name begins with `name`.
    ///
    /// Errors: those of making it.
    pub fn new(name: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(&format!("souk-{name}-")).tempdir()?;
        Ok(Self { path: directory.path().to_owned(), directory: Some(directory) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps it after all, and says where it is.
    pub fn keep(mut self) -> PathBuf {
        self.directory.take().map(tempfile::TempDir::keep);
        self.path.clone()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(directory) = self.directory.take()
        {
            eprintln!("what the test left is kept in {}", directory.keep().display());
        }
    }
}
