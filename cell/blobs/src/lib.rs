//! What is too large for an event: bytes under the name of their hash, in a directory of the cell or in S3.
//!
//! **Promises.** Invariant blob-1: the bytes under a name hash to it; what does not is neither kept nor served to its end.
//! A blob is there whole or not at all, and of those who keep one at once one makes it. What was acknowledged is on disk. To keep or to
//! remove again changes nothing. No blob lies in memory whole. Every fault says which place, what was tried and what to check.
//! **Never.** Takes a name that leaves the cell's own part of the place. The decision record `blobs` says why.
//!
//! | room | question |
//! | --- | --- |
//! | `config`, `refusal` | where are blobs, and why can the place not be used? |
//! | `name`, `media` | what is a blob called, and what is it? |
//! | `blobs`, `arrival`, `sight` | how are they kept, what came of what was promised, how are they read? |
//! | `place`, `directory`, `line` | what are a directory and S3 asked for, beyond what `object_store` does? |
//! | `mishaps` | where do tests make calls to S3 end badly? |
#![warn(missing_docs)]

mod arrival;
mod blobs;
mod config;
mod directory;
mod line;
mod media;
mod mishaps;
mod name;
mod place;
mod refusal;
mod sight;

pub use arrival::Promised;
pub use blobs::{Blobs, Kept};
pub use config::{Config, S3};
pub use media::MediaType;
pub use mishaps::{Mishap, Mishaps, Step};
pub use name::{BadName, BlobName};
pub use refusal::OpenRefusal;
pub use sight::{Found, Listed, Seen};
