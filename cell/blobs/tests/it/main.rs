//! Blobs from outside: the laws in memory, in a directory and in S3, calls that are lost, places that refuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod directory;
mod given;
mod laws;
mod subject;
mod unknown;
