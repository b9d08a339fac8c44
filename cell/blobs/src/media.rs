//! What a blob is: told by how its bytes begin, and not by what anybody says.

use std::fmt;

/// A kind of blob that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// A document, `application/pdf`.
    Pdf,
    /// A photograph, `image/jpeg`.
    Jpeg,
    /// A picture, `image/png`.
    Png,
}

impl MediaType {
    /// How many bytes tell what a blob is.
    pub const TELLING: u64 = 8;
    const ALL: [Self; 3] = [Self::Pdf, Self::Jpeg, Self::Png];

    /// As `Content-Type` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// How a file of it ends, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    const fn begins(self) -> &'static [u8] {
        match self {
            Self::Pdf => b"%PDF-",
            Self::Jpeg => b"\xff\xd8\xff",
            Self::Png => b"\x89PNG\r\n\x1a\n",
        }
    }

    /// What bytes are that begin so.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|media| beginning.starts_with(media.begins()))
    }

    /// The one that is written so.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.as_str() == text)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
