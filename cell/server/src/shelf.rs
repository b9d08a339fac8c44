//! Answers the edge's port for bytes with the cell's blobs.

use base_fault::Fault;
use cell_blobs::{BlobName, Blobs, MediaType, OpenRefusal, Promised};
use cell_edge::{OnShelf, Pieces, Said, Shelf};
use futures_util::future::BoxFuture;

use crate::config::Config;

/// Opens the place of the blobs.
///
/// Errors: it cannot be used as it is set up.
pub(crate) async fn open(config: &Config) -> Result<Blobs, OpenRefusal> {
    let blobs = Blobs::open(&config.blobs()).await?;
    if config.scylla.is_some() && config.blobs.s3.is_none() {
        tracing::warn!(
            "documents lie in a directory, where no other process of this cell finds them; [blobs.s3] is for several"
        );
    }
    Ok(blobs)
}

/// The blobs behind the edge.
pub(crate) struct BlobShelf {
    blobs: Blobs,
}

impl BlobShelf {
    /// Serves `blobs`.
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self { blobs }
    }
}

impl Shelf for BlobShelf {
    fn keep<'a>(
        &'a self,
        name: &'a str,
        said: Said,
        pieces: Pieces,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let name = named(name)?;
            let media_type = MediaType::named(&said.media_type)
                .ok_or_else(|| Fault::invalid_field("Content-Type", "is no kind that is kept"))?;
            let promised = Promised { size: said.size, media_type };
            self.blobs.keep(&name, promised, pieces).await.map(drop)
        })
    }

    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<OnShelf>, Fault>> {
        Box::pin(async move {
            let found = self.blobs.read(&named(name)?).await?;
            Ok(found.map(|found| OnShelf {
                size: found.size,
                media_type: found.media_type.as_str().to_owned(),
                extension: found.media_type.extension(),
                pieces: found.pieces,
            }))
        })
    }
}

fn named(name: &str) -> Result<BlobName, Fault> {
    name.parse().map_err(|bad: cell_blobs::BadName| Fault::invalid_field("name", bad.to_string()))
}
