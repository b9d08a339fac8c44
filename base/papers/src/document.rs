//! Documents that are kept elsewhere: where, and what they must hash to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A document that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Where it is kept.
    pub blob: Blob,
    /// What it must hash to.
    pub sha256: Sha256Hex,
    /// What it is.
    pub media_type: MediaType,
    /// How large it is.
    pub size: DocumentSize,
}

/// What is kept where a document says that it is; that it hashes to its name was checked when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptDocument {
    /// How large it is, in bytes.
    pub size: u64,
    /// What it is, by how it begins; nothing for what was damaged since.
    pub media_type: Option<String>,
}

/// Why a document is not what is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Nothing is kept there.
    #[error(
        "nothing that the vendor has sent is kept as `{0}`; send the document, and submit what that answers"
    )]
    Missing(Blob),
    /// Something else is.
    #[error(
        "what is kept as `{}` is {} bytes of {}, and {} bytes of {} were said",
        said.blob,
        kept.size,
        kept.media_type.as_deref().unwrap_or("nothing that is known"),
        said.size.0,
        said.media_type.as_str()
    )]
    Differs {
        /// What was said.
        said: Document,
        /// What is kept.
        kept: KeptDocument,
    },
}

impl Document {
    /// Whether it is what is kept.
    ///
    /// Errors: why not.
    pub fn must_be(&self, kept: Option<&KeptDocument>) -> Result<(), NotKept> {
        let kept = kept.ok_or_else(|| NotKept::Missing(self.blob.clone()))?;
        let is_this = kept.media_type.as_deref() == Some(self.media_type.as_str());
        if is_this && u64::try_from(self.size.0) == Ok(kept.size) {
            Ok(())
        } else {
            Err(NotKept::Differs { said: self.clone(), kept: kept.clone() })
        }
    }
}

/// Why a text or a number is not the part of a document that it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// Not a place.
    #[error("expected 1 to 200 of a-z, A-Z, 0-9, -, _, . and /, without `..`")]
    Blob,
    /// Not a hash.
    #[error("expected 64 hexadecimal digits in small letters")]
    Sha256,
    /// Not a kind of document that is taken.
    #[error("expected application/pdf, image/jpeg or image/png")]
    MediaType,
    /// Empty, or too large.
    #[error("is {0}; expected 1 to {max}", max = DocumentSize::MAX)]
    Size(i64),
}

/// Where a document is kept: 1 to 200 of `a-z`, `A-Z`, `0-9`, `-`, `_`, `.` and `/`; never upwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blob(String);

impl FromStr for Blob {
    type Err = BadDocument;

    fn from_str(text: &str) -> Result<Self, BadDocument> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        let right = (1..=200).contains(&text.len()) && text.bytes().all(allowed);
        if right && !text.contains("..") {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadDocument::Blob)
        }
    }
}

impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 in 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha256Hex(String);

impl FromStr for Sha256Hex {
    type Err = BadDocument;

    fn from_str(text: &str) -> Result<Self, BadDocument> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let right = text.len() == 64 && text.bytes().all(digit);
        if right { Ok(Self(text.to_owned())) } else { Err(BadDocument::Sha256) }
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of document is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
}

impl MediaType {
    /// Its name, such as `image/png`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

impl FromStr for MediaType {
    type Err = BadDocument;

    fn from_str(text: &str) -> Result<Self, BadDocument> {
        let all = [Self::Pdf, Self::Jpeg, Self::Png];
        all.into_iter().find(|each| each.as_str() == text).ok_or(BadDocument::MediaType)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How large a document is, in bytes: 1 to [`DocumentSize::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct DocumentSize(i64);

impl DocumentSize {
    /// The largest document that is taken, in bytes.
    pub const MAX: i64 = 20_000_000;
}

impl TryFrom<i64> for DocumentSize {
    type Error = BadDocument;

    fn try_from(bytes: i64) -> Result<Self, BadDocument> {
        if (1..=Self::MAX).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(BadDocument::Size(bytes))
        }
    }
}

impl From<DocumentSize> for i64 {
    fn from(size: DocumentSize) -> Self {
        size.0
    }
}

#[cfg(test)]
mod tests {
    use super::{BadDocument, Blob, DocumentSize, MediaType, Sha256Hex};

    #[test]
    fn a_document_is_kept_below_its_place_and_never_beside_it() {
        assert!("kyc/atlas/id-1.pdf".parse::<Blob>().is_ok());
        for text in ["", "kyc/../secret", "kyc/id 1.pdf", &"a".repeat(201)] {
            assert_eq!(text.parse::<Blob>(), Err(BadDocument::Blob), "{text}");
        }
    }

    #[test]
    fn a_hash_has_one_spelling() {
        assert!("ab".repeat(32).parse::<Sha256Hex>().is_ok());
        for text in ["AB".repeat(32), "ab".repeat(31), "xy".repeat(32)] {
            assert_eq!(text.parse::<Sha256Hex>(), Err(BadDocument::Sha256), "{text}");
        }
    }

    #[test]
    fn a_document_is_neither_empty_nor_endless() {
        assert_eq!(DocumentSize::try_from(20_000_000).map(i64::from), Ok(20_000_000));
        for bytes in [i64::MIN, 0, 20_000_001] {
            assert_eq!(DocumentSize::try_from(bytes), Err(BadDocument::Size(bytes)));
        }
    }

    #[test]
    fn a_media_type_is_stored_as_it_is_said() {
        for said in ["application/pdf", "image/jpeg", "image/png"] {
            let read: MediaType = said.parse().unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), said);
        }
        assert_eq!("image/gif".parse::<MediaType>(), Err(BadDocument::MediaType));
    }
}
