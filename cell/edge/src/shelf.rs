//! The port behind the edge for bytes that are no message: where they are kept, and fetched from.

use base_fault::Fault;
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};

/// Bytes on their way. A fault ends them, and what came before is not to be taken for whole.
pub type Pieces = BoxStream<'static, Result<Bytes, Fault>>;

/// What a caller says of the bytes that it sends, beside the hash that is in their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How many they are.
    pub size: u64,
    /// What they are, as `Content-Type` has it.
    pub media_type: String,
}

/// Bytes that were found.
pub struct OnShelf {
    /// How many they are.
    pub size: u64,
    /// What they are, as `Content-Type` has it.
    pub media_type: String,
    /// How a file of them ends, without the dot.
    pub extension: &'static str,
    /// They themselves.
    pub pieces: Pieces,
}

/// Keeps bytes under names that end with their SHA-256. A port: the cell server answers it with the cell's blobs.
pub trait Shelf: Send + Sync + 'static {
    /// Keeps them, durably, if they are what the name and the caller say; else refuses them. To keep them again changes nothing.
    fn keep<'a>(
        &'a self,
        name: &'a str,
        said: Said,
        pieces: Pieces,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// Finds them; none if there are none. They end with a fault in place of the last piece if they are damaged.
    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<OnShelf>, Fault>>;
}
