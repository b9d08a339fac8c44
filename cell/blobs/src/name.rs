//! What a blob is called: a folder, and the hash of its bytes.

use std::{fmt, str::FromStr};

/// Most segments of a folder, and most bytes of each.
const SEGMENTS_MAX: usize = 6;
const SEGMENT_LEN_MAX: usize = 80;

/// A blob's name, `<folder>/<SHA-256 in 64 hexadecimal digits, small letters>`, such as `vendors/atlas/documents/9f86…`.
///
/// The folder has 1 to 6 segments, each 1 to 80 of `a-z`, `0-9` and `-` that begin with a letter or digit: no name leads out of the place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName {
    text: String,
    sha256: [u8; 32],
}

/// Why a text is not a blob's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// The folder is none.
    #[error("expected a folder of 1 to 6 segments, each 1 to 80 of a-z, 0-9 and -")]
    Folder,
    /// The last segment is no hash.
    #[error("expected a SHA-256 in 64 hexadecimal digits, small letters")]
    Hash,
}

impl BlobName {
    /// The name of bytes with this hash, below a folder.
    ///
    /// Errors: the folder is none.
    pub fn new(folder: &str, sha256: [u8; 32]) -> Result<Self, BadName> {
        if !is_folder(folder) {
            return Err(BadName::Folder);
        }
        Ok(Self { text: format!("{folder}/{}", hex::encode(sha256)), sha256 })
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the bytes hash to.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

impl FromStr for BlobName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (folder, digits) = text.rsplit_once('/').ok_or(BadName::Folder)?;
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(BadName::Hash);
        }
        let mut sha256 = [0; 32];
        hex::decode_to_slice(digits, &mut sha256).map_err(|_| BadName::Hash)?;
        Self::new(folder, sha256)
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a text may be a folder, or the beginning of one.
pub(crate) fn is_folder(text: &str) -> bool {
    let segment = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=SEGMENT_LEN_MAX).contains(&segment.len())
            && segment.bytes().all(allowed)
            && !segment.starts_with('-')
    };
    text.split('/').count() <= SEGMENTS_MAX && text.split('/').all(segment)
}

#[cfg(test)]
mod tests {
    use super::{BadName, BlobName};

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name = BlobName::new("vendors/atlas/documents", [0x0f; 32]).unwrap();
        assert_eq!(name.as_str(), format!("vendors/atlas/documents/{}", "0f".repeat(32)));
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
        assert_eq!(name.sha256(), &[0x0f; 32]);
    }

    #[test]
    fn no_name_leads_out_of_its_place() {
        let digits = "5e".repeat(32);
        for folder in [
            "",
            ".",
            "..",
            "a/..",
            "../a",
            "/a",
            "a/",
            "a//b",
            "A",
            "a b",
            "a\\b",
            "-a",
            "a#1",
            "a/b/c/d/e/f/g",
            &"a".repeat(81),
        ] {
            let name = format!("{folder}/{digits}").parse::<BlobName>();
            assert_eq!(name, Err(BadName::Folder), "{folder}");
        }
        for digits in ["", "5e", &"5E".repeat(32), &"5g".repeat(32), &"5e".repeat(33), ".."] {
            let name = format!("vendors/a/{digits}").parse::<BlobName>();
            assert_eq!(name, Err(BadName::Hash), "{digits}");
        }
        assert_eq!(digits.parse::<BlobName>(), Err(BadName::Folder));
    }
}
