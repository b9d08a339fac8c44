//! A blob as it is read: checked against its name before its last piece is given.

use async_stream::try_stream;
use base_fault::{Code, Fault};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use ring::digest::{Context, SHA256};

use crate::{media::MediaType, name::BlobName, place::Place};

/// Bytes of a piece; a blob that is no larger is whole and right before its first byte is given.
const PIECE: usize = 256 << 10;

/// A blob that was found, with its bytes on the way.
pub struct Found {
    /// How large it is, in bytes.
    pub size: u64,
    /// What it is.
    pub media_type: MediaType,
    /// Its bytes. A fault in place of the last piece says that they are not what the name says, or that they broke off.
    pub pieces: BoxStream<'static, Result<Bytes, Fault>>,
}

/// What is seen of a blob without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How large it is, in bytes.
    pub size: u64,
    /// What it is; nothing for what was damaged since.
    pub media_type: Option<MediaType>,
}

/// A blob in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: BlobName,
    /// How large it is, in bytes.
    pub size: u64,
}

/// Opens what was found; the first piece is read here, so that a small blob that is damaged is refused at once.
pub(crate) async fn found(
    place: Place,
    name: BlobName,
    opened: object_store::GetResult,
) -> Result<Found, Fault> {
    let size = opened.meta.size;
    let mut pieces = checked(place.clone(), name.clone(), opened).boxed();
    let first = pieces.next().await.transpose()?;
    let media_type = first.as_deref().and_then(MediaType::of);
    let media_type = media_type.ok_or_else(|| damaged(&place, &name))?;
    let first = futures_util::stream::iter(first.map(Ok));
    Ok(Found { size, media_type, pieces: first.chain(pieces).boxed() })
}

/// The bytes in pieces; the last one is held back until all are known to be right.
fn checked(
    place: Place,
    name: BlobName,
    opened: object_store::GetResult,
) -> impl Stream<Item = Result<Bytes, Fault>> {
    try_stream! {
        let mut hash = Context::new(&SHA256);
        let mut held = BytesMut::new();
        let mut bytes = opened.into_stream();
        while let Some(some) = bytes.next().await {
            let some = some.map_err(|error| place.failed("to read a blob", error))?;
            if held.len() >= PIECE {
                yield held.split().freeze();
            }
            hash.update(&some);
            held.extend_from_slice(&some);
        }
        if hash.finish().as_ref() != name.sha256() {
            Err(damaged(&place, &name))?;
        }
        yield held.freeze();
    }
}

fn damaged(place: &Place, name: &BlobName) -> Fault {
    let cause = Damaged { name: name.clone(), place: place.words().to_owned() };
    Fault::ours(Code::StoreBroken, "what is kept as a blob is damaged").because(cause)
}

#[derive(Debug, thiserror::Error)]
#[error(
    "{name} at {place} does not hash to its name; check the disk, and bring it back from a backup or let it be sent again"
)]
struct Damaged {
    name: BlobName,
    place: String,
}
