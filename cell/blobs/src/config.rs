//! Where a cell's blobs are.

use std::path::PathBuf;

use base_config::Secret;
use serde::{Deserialize, Serialize};

/// Where a cell's blobs are: a directory of its own, or S3.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory; `blobs` under `data_dir` unless it is given. It belongs to one process: a cell of several needs S3.
    pub directory: PathBuf,
    /// A bucket of S3 instead.
    pub s3: Option<S3>,
}

/// A bucket, and how it is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// The bucket. It has to be there; it may be shared, for each cell keeps to its prefix.
    pub bucket: String,
    /// How the names of this cell's blobs begin: the cell's name unless it is given.
    pub prefix: String,
    /// Where the store is, such as `https://s3.example.org`; without it, Amazon's own for the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// Id of the access key.
    pub access_key: String,
    /// The key's secret. Or `secret_key_file` names where it is.
    pub secret_key: Secret,
    /// File with the key's secret; blanks and line feeds around it do not count.
    pub secret_key_file: Option<PathBuf>,
    /// File with the certificates of the authorities that the store's own is issued by, as PEM, where they are not the public ones.
    pub authorities: Option<PathBuf>,
    /// Milliseconds that one call may take, from its first byte to the first of its answer: 50 to 60,000.
    pub call_ms_max: u64,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            prefix: String::new(),
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: String::new(),
            secret_key: Secret::default(),
            secret_key_file: None,
            authorities: None,
            call_ms_max: 10_000,
        }
    }
}

impl Config {
    /// What is wrong with the settings; all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let Some(s3) = &self.s3 else { return Vec::new() };
        let mut mistakes = Vec::new();
        let mut check = |holds: bool, text: &str| {
            if !holds {
                mistakes.push(text.to_owned());
            }
        };
        check(
            self.directory.as_os_str().is_empty(),
            "directory and s3 are both given; blobs are in one place",
        );
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        check(
            (3..=63).contains(&s3.bucket.len()) && s3.bucket.bytes().all(plain),
            "s3.bucket must be 3 to 63 of a-z, 0-9, - and .",
        );
        check(
            s3.prefix.is_empty() || crate::name::is_folder(&s3.prefix),
            "s3.prefix must be segments of a-z, 0-9 and -, such as cell-1",
        );
        if let Some(endpoint) = &s3.endpoint {
            let host = ["https://", "http://"].iter().find_map(|way| endpoint.strip_prefix(way));
            check(
                host.is_some_and(|host| !host.trim_end_matches('/').is_empty()),
                &format!("s3.endpoint is `{endpoint}`; expected https://host or http://host:port"),
            );
        }
        check(!s3.region.is_empty(), "s3.region is empty; us-east-1 is usual where there is none");
        check(!s3.access_key.is_empty(), "s3.access_key is not set");
        check(
            s3.secret_key.is_empty() == s3.secret_key_file.is_some(),
            "s3 needs either secret_key or secret_key_file",
        );
        for (field, file) in
            [("secret_key_file", &s3.secret_key_file), ("authorities", &s3.authorities)]
        {
            if let Some(path) = file
                && let Err(error) = std::fs::metadata(path)
            {
                check(false, &format!("s3.{field}: {} cannot be read: {error}", path.display()));
            }
        }
        check((50..=60_000).contains(&s3.call_ms_max), "s3.call_ms_max must be 50 to 60000");
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, S3};

    #[test]
    fn the_defaults_are_right_and_each_mistake_is_named() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let s3 = S3 {
            bucket: "Souk".to_owned(),
            prefix: "../cell".to_owned(),
            endpoint: Some("127.0.0.1:9000".to_owned()),
            region: String::new(),
            authorities: Some("/nowhere/ca.pem".into()),
            call_ms_max: 1,
            ..S3::default()
        };
        let mistakes = Config { directory: "blobs".into(), s3: Some(s3) }.mistakes();
        let words = [
            "both",
            "bucket",
            "prefix",
            "endpoint",
            "region",
            "access_key",
            "secret_key",
            "authorities",
            "call_ms_max",
        ];
        assert_eq!(mistakes.len(), words.len(), "{mistakes:#?}");
        for (mistake, word) in mistakes.iter().zip(words) {
            assert!(mistake.contains(word), "{mistake} does not name {word}");
        }
    }
}
