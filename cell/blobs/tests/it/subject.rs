//! The three places under test.

use std::{fs, path::Path, sync::Arc};

use base_testkit::{Scratch, TestEngine};
use cell_blobs::{BlobName, Blobs, Config, S3};
use futures_util::TryStreamExt as _;
use object_store::{
    ObjectStore, ObjectStoreExt as _, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as Key, prefix::PrefixStore,
};

/// The key that the server of the tests knows, and the bucket that it has.
pub(crate) const ACCESS_KEY: &str = "souk";
pub(crate) const SECRET_KEY: &str = "souk-on-one-machine";
pub(crate) const BUCKET: &str = "souk";

/// Blobs, and another way to what is beneath them, if there is one.
pub(crate) struct Subject {
    pub(crate) blobs: Blobs,
    /// Held as long as the blobs are.
    _home: Option<Scratch>,
    config: Option<Config>,
    beneath: Option<Arc<dyn ObjectStore>>,
}

impl Subject {
    pub(crate) fn memory() -> Self {
        Self { blobs: Blobs::memory(), _home: None, config: None, beneath: None }
    }

    pub(crate) async fn directory() -> Self {
        let home = Scratch::new("blobs").unwrap();
        let config = Config { directory: home.path().join("deep/blobs"), s3: None };
        let blobs = Blobs::open(&config).await.unwrap();
        let beneath = LocalFileSystem::new_with_prefix(&config.directory).unwrap();
        Self { blobs, _home: Some(home), config: Some(config), beneath: Some(Arc::new(beneath)) }
    }

    /// A prefix of its own in the bucket of the server that runs at `address`.
    pub(crate) async fn s3(address: &str) -> Self {
        let s3 = s3(address);
        let store = AmazonS3Builder::new()
            .with_endpoint(s3.endpoint.clone().unwrap())
            .with_bucket_name(BUCKET)
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY)
            .with_allow_http(true);
        // The line is the one that is under test; what it carries here is not.
        let store = store.with_http_connector(crate::unknown::Plain).build().unwrap();
        let beneath = PrefixStore::new(store, s3.prefix.clone());
        let config = Config { s3: Some(s3), ..Config::default() };
        let blobs = Blobs::open(&config).await.unwrap();
        Self { blobs, _home: None, config: Some(config), beneath: Some(Arc::new(beneath)) }
    }

    /// Whether the place is the memory that the laws measure.
    pub(crate) fn is_memory(&self) -> bool {
        self.config.is_none()
    }

    /// As another process finds it.
    pub(crate) async fn reopen(&mut self) {
        if let Some(config) = &self.config {
            self.blobs = Blobs::open(config).await.unwrap();
        }
    }

    /// All that lies beneath, as the system calls it where there is a directory.
    pub(crate) async fn left(&self) -> Vec<String> {
        let Some(beneath) = &self.beneath else { return Vec::new() };
        if let Some(config) = self.config.as_ref().filter(|config| config.s3.is_none()) {
            return files(&config.directory);
        }
        let all = beneath.list(None).map_ok(|object| object.location.to_string());
        all.try_collect().await.unwrap()
    }

    /// Puts other bytes under a name, past all checks. False where there is no way.
    pub(crate) async fn damage(&self, name: &BlobName, bytes: Vec<u8>) -> bool {
        let Some(beneath) = &self.beneath else { return false };
        beneath.put(&Key::from(name.as_str()), bytes.into()).await.unwrap();
        true
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Settings of a prefix of its own.
pub(crate) fn s3(address: &str) -> S3 {
    S3 {
        bucket: BUCKET.to_owned(),
        prefix: format!("t{}", uuid::Uuid::new_v4().simple()),
        endpoint: Some(format!("http://{address}")),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned().into(),
        ..S3::default()
    }
}

/// Where the server is, if it is there.
pub(crate) fn server(test: &str) -> Option<String> {
    TestEngine::S3.address(test)
}
