//! A place for blobs: the store, how names become its keys, and how it is called in words.

use std::{path::Path, sync::Arc, time::Duration};

use base_fault::Fault;
use object_store::{
    BackoffConfig, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, S3ConditionalPut, S3CopyIfNotExists},
    memory::InMemory,
    path::Path as Key,
};

use crate::{
    config::{Config, S3},
    directory::Directory,
    line::Line,
    mishaps::Mishaps,
    name::BlobName,
    refusal::{self, OpenRefusal},
};

/// How often a call to S3 is tried again that did not get there.
const TRIES: usize = 3;

/// Where blobs are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) store: Arc<dyn ObjectStore>,
    directory: Option<Directory>,
    /// As whoever is on duty knows it.
    words: Arc<str>,
    prefix: Arc<str>,
}

impl Place {
    pub(crate) fn memory() -> Self {
        let words = "the memory of this process".into();
        Self { store: Arc::new(InMemory::new()), directory: None, words, prefix: "".into() }
    }

    /// Errors: what is wrong with the settings or the directory. S3 is not asked yet.
    pub(crate) fn open(config: &Config, mishaps: &Arc<Mishaps>) -> Result<Self, OpenRefusal> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(OpenRefusal::Settings(mistakes.join("; ")));
        }
        match &config.s3 {
            Some(s3) => Self::s3(s3, mishaps),
            None => Self::directory(&config.directory),
        }
    }

    fn directory(path: &Path) -> Result<Self, OpenRefusal> {
        let (directory, store) = Directory::open(path)?;
        let words = format!("the directory {}", path.display()).into();
        Ok(Self { store: Arc::new(store), directory: Some(directory), words, prefix: "".into() })
    }

    fn s3(config: &S3, mishaps: &Arc<Mishaps>) -> Result<Self, OpenRefusal> {
        let wrong = |text: String| OpenRefusal::Settings(text);
        let secret = match &config.secret_key_file {
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                wrong(format!("s3.secret_key_file: {}: {error}", file.display()))
            })?,
            None => config.secret_key.expose().to_owned(),
        };
        let call_max = Duration::from_millis(config.call_ms_max);
        let line = Line::new(config.authorities.as_deref(), call_max, Arc::clone(mishaps))
            .map_err(|text| wrong(format!("s3.authorities: {text}")))?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key)
            .with_secret_access_key(secret.trim())
            .with_allow_http(true)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: TRIES,
                retry_timeout: call_max,
            })
            .with_http_connector(line);
        let mut at = format!("Amazon's {}", config.region);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
            at.clone_from(endpoint);
        }
        let store = builder.build().map_err(|error| wrong(error.to_string()))?;
        let words = format!("the bucket {} of S3 at {at}, as {}", config.bucket, config.access_key);
        let prefix = config.prefix.as_str().into();
        Ok(Self { store: Arc::new(store), directory: None, words: words.into(), prefix })
    }

    pub(crate) fn key(&self, text: &str) -> Key {
        // Each part is plain, as names, folders and the prefix are: nothing is left to be escaped.
        let parts = self.prefix.split('/').chain(text.split('/'));
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// The blob of a key; whatever else may lie there has none.
    pub(crate) fn name(&self, key: &Key) -> Option<BlobName> {
        let text = key.as_ref().strip_prefix(&*self.prefix)?;
        text.trim_start_matches('/').parse().ok()
    }

    /// Has on disk what the store says of a key.
    pub(crate) async fn settle(&self, key: &Key) -> Result<(), Fault> {
        let Some(directory) = &self.directory else { return Ok(()) };
        directory.settle(key).await.map_err(|error| {
            let error =
                object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(error) };
            self.failed("to sync a folder", error)
        })
    }

    pub(crate) fn failed(&self, tried: &'static str, error: object_store::Error) -> Fault {
        refusal::failed(&self.words, tried, error)
    }

    pub(crate) fn words(&self) -> &str {
        &self.words
    }
}
