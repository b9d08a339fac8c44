//! What came of what was promised: pieces become parts, and their hash, size and kind are checked on the way.

use base_fault::{Code, Fault};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream::Fuse};
use object_store::PutPayload;
use ring::digest::{Context, SHA256};

use crate::{blobs::Blobs, media::MediaType, name::BlobName};

/// Bytes of a part: the least that S3 takes for all parts but the last.
pub(crate) const PART: usize = 5 << 20;

/// What whoever keeps a blob says of it, beside its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promised {
    /// How large it is, in bytes: 1 to [`Blobs::SIZE_MAX`].
    pub size: u64,
    /// What it is.
    pub media_type: MediaType,
}

/// A blob on its way in. Holds a part at most.
pub(crate) struct Arrival<S> {
    pieces: Fuse<S>,
    promised: Promised,
    hash: Context,
    came: u64,
    held: Vec<Bytes>,
    held_len: usize,
}

impl<S: Stream<Item = Result<Bytes, Fault>> + Unpin> Arrival<S> {
    /// Errors: more or less is promised than can be kept.
    pub(crate) fn new(promised: Promised, pieces: S) -> Result<Self, Fault> {
        match promised.size {
            0 => Err(Fault::invalid_field("size", "is 0; a blob has at least a byte")),
            1..=Blobs::SIZE_MAX => {
                let (pieces, hash) = (pieces.fuse(), Context::new(&SHA256));
                Ok(Self { pieces, promised, hash, came: 0, held: Vec::new(), held_len: 0 })
            }
            size => {
                let text = format!("{size} bytes; a blob has at most {}", Blobs::SIZE_MAX);
                Err(Fault::caller(Code::BodyTooLarge, text))
            }
        }
    }

    /// Whether it fits one part.
    pub(crate) fn is_small(&self) -> bool {
        self.promised.size <= PART as u64
    }

    /// The next part; the last one may be smaller than [`PART`], and after it there is none.
    ///
    /// Errors: the pieces broke off; there are more than were promised; they are something else.
    pub(crate) async fn part(&mut self) -> Result<Option<PutPayload>, Fault> {
        while self.held_len < PART {
            let Some(piece) = self.pieces.next().await else { break };
            self.take(piece?)?;
        }
        let mut part = Vec::new();
        let mut len = 0;
        let mut left = std::mem::take(&mut self.held).into_iter();
        for mut piece in left.by_ref() {
            if len + piece.len() > PART {
                part.push(piece.split_to(PART - len));
                self.held.push(piece);
                len = PART;
                break;
            }
            len += piece.len();
            part.push(piece);
        }
        self.held.extend(left);
        self.held_len -= len;
        part.retain(|piece| !piece.is_empty());
        Ok((len > 0).then(|| part.into_iter().collect::<PutPayload>()))
    }

    fn take(&mut self, piece: Bytes) -> Result<(), Fault> {
        self.hash.update(&piece);
        self.came += piece.len() as u64;
        if self.came > self.promised.size {
            let text =
                format!("more came than the {} bytes that were promised", self.promised.size);
            return Err(Fault::invalid_field("size", text));
        }
        self.held_len += piece.len();
        self.held.push(piece);
        if self.came - (self.held_len as u64) == 0 {
            self.is_what_it_should_be(self.came < self.promised.size)?;
        }
        Ok(())
    }

    /// Looks at the beginning once enough of it is there.
    fn is_what_it_should_be(&self, more_will_come: bool) -> Result<(), Fault> {
        let telling = usize::try_from(MediaType::TELLING).unwrap_or_default();
        if more_will_come && self.held_len < telling {
            return Ok(());
        }
        let begins = self.held.iter().flatten().copied().take(telling).collect::<Vec<_>>();
        if MediaType::of(&begins) == Some(self.promised.media_type) {
            return Ok(());
        }
        let text = format!("the bytes do not begin as {} does", self.promised.media_type);
        Err(Fault::invalid_field("media_type", text))
    }

    /// Says whether all came, and with the hash of the name.
    ///
    /// Errors: it did not.
    pub(crate) fn end(self, name: &BlobName) -> Result<(), Fault> {
        if self.came < self.promised.size {
            let text = format!("{} bytes came and {} were promised", self.came, self.promised.size);
            return Err(Fault::invalid_field("size", text));
        }
        if self.hash.finish().as_ref() != name.sha256() {
            return Err(Fault::invalid_field("sha256", "is not what the bytes hash to"));
        }
        Ok(())
    }
}
