//! The pieces of a value: numbers little-endian, texts and bytes with their length in front.

use std::str::FromStr;

use base_time::Timestamp;

/// A stored value does not read back: the store was written by a newer build, or is damaged where no checksum looks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored value does not read back: {0}")]
pub(crate) struct Unreadable(pub(crate) &'static str);

const SHORT: Unreadable = Unreadable("it ends too early");

pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn short(&mut self, number: u32) {
        self.rest(&number.to_le_bytes());
    }

    pub(super) fn number(&mut self, number: u64) {
        self.rest(&number.to_le_bytes());
    }

    pub(super) fn long(&mut self, number: u128) {
        self.rest(&number.to_le_bytes());
    }

    pub(super) fn time(&mut self, time: Timestamp) {
        self.rest(&time.as_millis().to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Bytes over 4 GiB do not get here: bodies are limited to megabytes at the edge.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.short(u32::try_from(bytes.len()).expect("no value of the platform reaches 4 GiB"));
        self.rest(bytes);
    }

    pub(super) fn optional<T: ?Sized>(
        &mut self,
        value: Option<&T>,
        put: impl FnOnce(&mut Self, &T),
    ) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn rest(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

pub(super) struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*chunk)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Unreadable> {
        self.chunk().map(u8::from_le_bytes)
    }

    pub(super) fn short(&mut self) -> Result<u32, Unreadable> {
        self.chunk().map(u32::from_le_bytes)
    }

    pub(super) fn number(&mut self) -> Result<u64, Unreadable> {
        self.chunk().map(u64::from_le_bytes)
    }

    pub(super) fn long(&mut self) -> Result<u128, Unreadable> {
        self.chunk().map(u128::from_le_bytes)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, Unreadable> {
        self.chunk().map(i64::from_le_bytes).map(Timestamp::from_millis)
    }

    pub(super) fn slice(&mut self) -> Result<&'a [u8], Unreadable> {
        let len = usize::try_from(self.short()?).map_err(|_| SHORT)?;
        self.take(len)
    }

    fn str(&mut self) -> Result<&'a str, Unreadable> {
        std::str::from_utf8(self.slice()?).map_err(|_| Unreadable("a text is not UTF-8"))
    }

    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        self.str().map(str::to_owned)
    }

    pub(super) fn parsed<T: FromStr>(&mut self) -> Result<T, Unreadable> {
        self.str()?.parse().map_err(|_| Unreadable("a name has a form that is not allowed"))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Unreadable> {
        self.slice().map(<[u8]>::to_vec)
    }

    pub(super) fn optional<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, Unreadable> {
        match self.byte()? {
            0 => Ok(None),
            1 => take(self).map(Some),
            _ => Err(Unreadable("neither there nor not there")),
        }
    }

    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).to_vec()
    }
}
