//! SHA-256 in hexadecimal: fingerprints of requests, keys and log lines.

use ring::digest::{SHA256, digest};

/// SHA-256 of `bytes`, as 64 lower-case hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}
