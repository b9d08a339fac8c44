//! The blobs of a cell: kept once, under the name of their hash, whole or not at all.

use std::{pin::pin, sync::Arc};

use base_fault::{Code, Fault, chain};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream::BoxStream};
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetRange, MultipartUpload, ObjectStore as _,
    ObjectStoreExt as _, PutMode, PutPayload, path::Path as Key,
};

use crate::{
    arrival::{Arrival, Promised},
    config::Config,
    media::MediaType,
    mishaps::Mishaps,
    name::{self, BlobName},
    place::Place,
    refusal::{OpenRefusal, Trouble},
    sight::{self, Found, Listed, Seen},
};

/// Where a large blob lies until it is whole and right; no folder of a blob is called so.
const INCOMING: &str = "incoming";
/// After how many hours what lies there was left behind.
const INCOMING_HOURS_MAX: i64 = 24;

/// The blobs of a cell. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    place: Place,
    mishaps: Arc<Mishaps>,
}

/// How it ended to keep a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was not there before.
    New,
    /// It was there.
    Already,
    /// It was there and damaged, and is as it should be now.
    Mended,
}

impl Blobs {
    /// The largest blob, in bytes.
    pub const SIZE_MAX: u64 = 100_000_000;

    /// Blobs in memory, for simulations and tests.
    pub fn memory() -> Self {
        Self { place: Place::memory(), mishaps: Arc::default() }
    }

    /// Opens the place, and takes away what was left half done. A store that does not answer is told of in the log, and used when it does.
    ///
    /// Errors: the settings are wrong; the directory cannot be used; the store answers, and refuses.
    pub async fn open(config: &Config) -> Result<Self, OpenRefusal> {
        let mishaps = Arc::default();
        let blobs = Self { place: Place::open(config, &mishaps)?, mishaps };
        if let Err(error) = blobs.sweep().await {
            let (kind, trouble) =
                Trouble::new(blobs.place.words(), "to look for what was left behind", error);
            if kind.is_final() {
                return Err(OpenRefusal::Refused(Box::new(trouble)));
            }
            tracing::warn!(trouble = chain(&trouble), "blobs cannot be reached yet");
        }
        Ok(blobs)
    }

    /// Keeps a blob: reads all of its pieces, and is done when it is on disk.
    ///
    /// Errors: the bytes are not what was promised or what the name says, and nothing is kept; the pieces broke off; the place fails, and
    /// it may have been kept: to keep it again is harmless.
    pub async fn keep(
        &self,
        name: &BlobName,
        promised: Promised,
        pieces: impl Stream<Item = Result<Bytes, Fault>> + Send,
    ) -> Result<Kept, Fault> {
        let pieces = pin!(pieces);
        let mut arrival = Arrival::new(promised, pieces)?;
        if !arrival.is_small() {
            return self.keep_large(name, arrival).await;
        }
        let payload = arrival.part().await?.unwrap_or_default();
        if arrival.part().await?.is_some() {
            return Err(Fault::ours(Code::Internal, "a small blob has one part"));
        }
        arrival.end(name)?;
        let key = self.place.key(name.as_str());
        let put = |mode: PutMode| self.place.store.put_opts(&key, payload.clone(), mode.into());
        match put(PutMode::Create).await {
            Ok(_) => Ok(Kept::New),
            Err(Error::AlreadyExists { .. }) if self.is_sound(name).await? => {
                self.place.settle(&key).await.map(|()| Kept::Already)
            }
            Err(Error::AlreadyExists { .. }) => put(PutMode::Overwrite)
                .await
                .map(|_| Kept::Mended)
                .map_err(|error| self.unkept(error)),
            Err(error) => Err(self.unkept(error)),
        }
    }

    /// In parts beside its place; then, when it is whole and right, into it.
    async fn keep_large<S: Stream<Item = Result<Bytes, Fault>> + Unpin>(
        &self,
        name: &BlobName,
        arrival: Arrival<S>,
    ) -> Result<Kept, Fault> {
        let staged = self.place.key(&format!("{INCOMING}/{}", uuid::Uuid::now_v7().simple()));
        let begun = self.place.store.put_multipart(&staged).await;
        let mut upload = Upload(Some(begun.map_err(|error| self.unkept(error))?));
        self.fill(&mut upload, arrival, name).await?;
        upload.complete().await.map_err(|error| self.unkept(error))?;
        let kept = self.move_in(&staged, name).await;
        if let Err(error) = self.place.store.delete(&staged).await {
            // The next start sweeps it away.
            let fault = self.place.failed("to take a blob's parts away", error);
            tracing::warn!(fault = chain(&fault), "a blob lies beside its place too");
        }
        kept
    }

    async fn fill<S: Stream<Item = Result<Bytes, Fault>> + Unpin>(
        &self,
        upload: &mut Upload,
        mut arrival: Arrival<S>,
        name: &BlobName,
    ) -> Result<(), Fault> {
        while let Some(part) = arrival.part().await? {
            upload.part(part).await.map_err(|error| self.unkept(error))?;
        }
        arrival.end(name)
    }

    async fn move_in(&self, staged: &Key, name: &BlobName) -> Result<Kept, Fault> {
        let key = self.place.key(name.as_str());
        let copy = |mode: CopyMode| {
            self.place.store.copy_opts(staged, &key, CopyOptions::new().with_mode(mode))
        };
        match copy(CopyMode::Create).await {
            Ok(()) => Ok(Kept::New),
            Err(Error::AlreadyExists { .. }) if self.is_sound(name).await? => {
                self.place.settle(&key).await.map(|()| Kept::Already)
            }
            Err(Error::AlreadyExists { .. }) => copy(CopyMode::Overwrite)
                .await
                .map(|()| Kept::Mended)
                .map_err(|error| self.unkept(error)),
            Err(error) => Err(self.unkept(error)),
        }
    }

    /// Reads a blob; none if there is none.
    ///
    /// Errors: it is damaged; the place fails.
    pub async fn read(&self, name: &BlobName) -> Result<Option<Found>, Fault> {
        match self.place.store.get(&self.place.key(name.as_str())).await {
            Ok(opened) => sight::found(self.place.clone(), name.clone(), opened).await.map(Some),
            Err(error) => self.absent("to read a blob", error),
        }
    }

    /// Says whether a blob is there, how large it is and what; reads its beginning only.
    ///
    /// Errors: the place fails.
    pub async fn look(&self, name: &BlobName) -> Result<Option<Seen>, Fault> {
        let tried = "to look at a blob";
        let beginning = GetOptions {
            range: Some(GetRange::Bounded(0..MediaType::TELLING)),
            ..GetOptions::default()
        };
        let key = self.place.key(name.as_str());
        let opened = match self.place.store.get_opts(&key, beginning).await {
            Ok(opened) => opened,
            Err(error) => return self.absent(tried, error),
        };
        let size = opened.meta.size;
        let begins = opened.bytes().await.map_err(|error| self.place.failed(tried, error))?;
        Ok(Some(Seen { size, media_type: MediaType::of(&begins) }))
    }

    /// Lists the blobs below a folder, or below what folders begin with, such as `vendors/atlas`; in no order.
    ///
    /// Errors: it is no folder; as items, the place fails.
    pub fn list(&self, folder: &str) -> Result<BoxStream<'static, Result<Listed, Fault>>, Fault> {
        if !name::is_folder(folder) {
            return Err(Fault::invalid_field("folder", name::BadName::Folder.to_string()));
        }
        let place = self.place.clone();
        let listed = place.store.list(Some(&place.key(folder)));
        let named = listed.filter_map(move |object| {
            let listed = match object {
                Ok(object) => (place.name(&object.location))
                    .map(|name| Ok(Listed { name, size: object.size })),
                Err(error) => Some(Err(place.failed("to list blobs", error))),
            };
            std::future::ready(listed)
        });
        Ok(named.boxed())
    }

    /// Takes a blob away; if there is none, there is none.
    ///
    /// Errors: the place fails.
    pub async fn remove(&self, name: &BlobName) -> Result<(), Fault> {
        let key = self.place.key(name.as_str());
        match self.place.store.delete(&key).await {
            Ok(()) | Err(Error::NotFound { .. }) => self.place.settle(&key).await,
            Err(error) => Err(self.place.failed("to remove a blob", error)),
        }
    }

    /// Where tests make calls to S3 end badly.
    pub fn mishaps(&self) -> &Mishaps {
        &self.mishaps
    }

    /// Takes away what lies beside its place since long ago.
    async fn sweep(&self) -> Result<(), Error> {
        let mut incoming = self.place.store.list(Some(&self.place.key(INCOMING)));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let since = now.map_or(0, |now| now.as_secs().cast_signed()) - INCOMING_HOURS_MAX * 3600;
        while let Some(object) = incoming.next().await.transpose()? {
            if object.last_modified.timestamp() < since {
                self.place.store.delete(&object.location).await?;
            }
        }
        Ok(())
    }

    async fn is_sound(&self, name: &BlobName) -> Result<bool, Fault> {
        let mut found = match self.read(name).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(false),
            Err(fault) if fault.code() == Code::StoreBroken => return Ok(false),
            Err(fault) => return Err(fault),
        };
        while let Some(piece) = found.pieces.next().await {
            match piece {
                Ok(_) => {}
                Err(fault) if fault.code() == Code::StoreBroken => return Ok(false),
                Err(fault) => return Err(fault),
            }
        }
        Ok(true)
    }

    fn unkept(&self, error: Error) -> Fault {
        self.place.failed("to keep a blob", error)
    }

    fn absent<T>(&self, tried: &'static str, error: Error) -> Result<Option<T>, Fault> {
        match error {
            Error::NotFound { .. } => Ok(None),
            error => Err(self.place.failed(tried, error)),
        }
    }
}

/// Parts on their way; given up when they do not become whole.
struct Upload(Option<Box<dyn MultipartUpload>>);

impl Upload {
    async fn part(&mut self, part: PutPayload) -> Result<(), Error> {
        match &mut self.0 {
            Some(upload) => upload.put_part(part).await,
            None => Ok(()),
        }
    }

    async fn complete(&mut self) -> Result<(), Error> {
        if let Some(upload) = &mut self.0 {
            upload.complete().await?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(mut upload), Ok(runtime)) =
            (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "a blob's parts could not be given up; the store's own rule takes them away");
                }
            });
        }
    }
}
