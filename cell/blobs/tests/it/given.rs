//! Bytes to keep, and their names.

use base_fault::Fault;
use bytes::Bytes;
use cell_blobs::{BlobName, Blobs, Found, Kept, MediaType, Promised};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use ring::digest::{SHA256, digest};

/// Larger than a part.
pub(crate) const LARGE: usize = 6_000_001;

/// A document of so many bytes, of which no two are alike.
pub(crate) fn pdf(len: usize, seed: u32) -> Bytes {
    let mut bytes = b"%PDF-1.7 ".to_vec();
    let mut at = seed;
    while bytes.len() < len {
        at = at.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(&at.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

pub(crate) fn name_of(folder: &str, bytes: &[u8]) -> BlobName {
    let sha256 = digest(&SHA256, bytes).as_ref().try_into().unwrap();
    BlobName::new(folder, sha256).unwrap()
}

pub(crate) fn promised(bytes: &[u8]) -> Promised {
    Promised { size: bytes.len() as u64, media_type: MediaType::Pdf }
}

/// The bytes as a network brings them.
pub(crate) fn pieces(bytes: &Bytes) -> impl Stream<Item = Result<Bytes, Fault>> + Send + use<> {
    let pieces: Vec<_> = bytes.chunks(60_000).map(|piece| Ok(bytes.slice_ref(piece))).collect();
    stream::iter(pieces)
}

pub(crate) async fn keep(blobs: &Blobs, bytes: &Bytes) -> (BlobName, Kept) {
    let name = name_of("vendors/atlas/documents", bytes);
    let kept = blobs.keep(&name, promised(bytes), pieces(bytes)).await.unwrap();
    (name, kept)
}

pub(crate) async fn whole(found: Found) -> Result<Vec<u8>, Fault> {
    found
        .pieces
        .try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

pub(crate) async fn read(blobs: &Blobs, name: &BlobName) -> Result<Vec<u8>, Fault> {
    whole(blobs.read(name).await?.unwrap()).await
}

/// What lies below a folder, in order.
pub(crate) async fn listed(blobs: &Blobs, folder: &str) -> Vec<(String, u64)> {
    let listed = blobs.list(folder).unwrap();
    let mut listed: Vec<_> = listed
        .map(|listed| listed.map(|listed| (listed.name.to_string(), listed.size)).unwrap())
        .collect()
        .await;
    listed.sort();
    listed
}
