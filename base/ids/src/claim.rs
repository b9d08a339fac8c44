//! Names that are claimed platform-wide: one spelling per e-mail, phone or handle, and the tenant that holds its claim.

use std::fmt;

use crate::{Tenant, TenantKind};
use serde::{Deserialize, Serialize};

/// What kind of name is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A public handle.
    Handle,
}

impl ClaimKind {
    /// Its name: `email`, `phone` or `handle`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Handle => "handle",
        }
    }
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a name of its kind. The text itself is not told: it may be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaim {
    /// Not an e-mail address that we take.
    #[error(
        "not an e-mail address such as leila@example.ma; write an international domain in its xn-- form"
    )]
    Email,
    /// Not a number in E.164.
    #[error("not an international telephone number such as +212600000000")]
    Phone,
    /// Not a handle.
    #[error("not a handle: expected 3 to 30 of a-z, 0-9 and -, not beginning or ending with -")]
    Handle,
}

/// A name in its one spelling, so that two ways to write it are one name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimedName {
    kind: ClaimKind,
    text: String,
}

impl ClaimedName {
    /// Reads a name as people write it.
    ///
    /// - E-mail: blanks and invisible marks around it are cut; everything is lower case; no trailing dot. Dots and `+tags` before
    ///   the `@` stay: whether they matter is the mail server's affair, and guessing would let one person take another's address.
    ///   Only ASCII, so that no two spellings look alike; an international domain has its `xn--` form.
    /// - Phone: E.164. Blanks, dots, hyphens and brackets are cut; a leading `00` is `+`.
    /// - Handle: lower case.
    pub fn read(kind: ClaimKind, text: &str) -> Result<Self, InvalidClaim> {
        let cut = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        let text = match kind {
            ClaimKind::Email => email(cut).ok_or(InvalidClaim::Email)?,
            ClaimKind::Phone => phone(cut).ok_or(InvalidClaim::Phone)?,
            ClaimKind::Handle => handle(cut).ok_or(InvalidClaim::Handle)?,
        };
        Ok(Self { kind, text })
    }

    /// What kind of name it is.
    pub fn kind(&self) -> ClaimKind {
        self.kind
    }

    /// The one spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The tenant that holds the name's claim: `names/` and the first 32 hexadecimal digits of HMAC-SHA-256 over
    /// `<kind>:<spelling>` under the platform's pepper. Without the pepper nobody can tell whose name a tenant is.
    pub fn tenant(&self, pepper: &[u8]) -> Tenant {
        let message = format!("{}:{}", self.kind, self.text);
        Tenant::derived(TenantKind::Name, pepper, &message)
    }
}

impl fmt::Debug for ClaimedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.text)
    }
}

/// Marks that show nothing: directions, joiners, byte order.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn email(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let dots_right = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let local_right = (1..=64).contains(&local.len()) && local.bytes().all(in_local) && dots_right;
    let labels_right = domain.contains('.') && domain.split('.').all(is_label);
    (text.len() <= 254 && local_right && labels_right).then(|| text.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn phone(text: &str) -> Option<String> {
    let cut: String =
        text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '.' | '-' | '(' | ')')).collect();
    let digits = cut.strip_prefix('+').or_else(|| cut.strip_prefix("00"))?;
    let right = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    right.then(|| format!("+{digits}"))
}

fn handle(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let right = (3..=30).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-');
    right.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{ClaimKind, ClaimedName, InvalidClaim};

    fn spelled(kind: ClaimKind, text: &str) -> Result<String, InvalidClaim> {
        ClaimedName::read(kind, text).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn two_ways_to_write_a_name_are_one_name() {
        let leila = Ok("leila@example.ma".to_owned());
        for text in [
            "leila@example.ma",
            " Leila@Example.MA ",
            "\u{200f}leila@example.ma\u{feff}",
            "leila@example.ma.",
        ] {
            assert_eq!(spelled(ClaimKind::Email, text), leila, "{text:?}");
        }
        for text in ["+212600000000", "00212 6 00-00.00(00)", "+212\u{a0}600000000"] {
            assert_eq!(spelled(ClaimKind::Phone, text), Ok("+212600000000".to_owned()), "{text:?}");
        }
        assert_eq!(spelled(ClaimKind::Handle, "Atlas-Books"), Ok("atlas-books".to_owned()));
    }

    #[test]
    fn tags_and_dots_make_another_name() {
        assert_ne!(
            spelled(ClaimKind::Email, "leila+souk@example.ma"),
            spelled(ClaimKind::Email, "leila@example.ma")
        );
        assert_ne!(
            spelled(ClaimKind::Email, "le.ila@example.ma"),
            spelled(ClaimKind::Email, "leila@example.ma")
        );
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        let long = format!("{}@example.ma", "a".repeat(65));
        for text in [
            "",
            "leila",
            "@example.ma",
            "leila@",
            "leila@ma",
            "leila@exa mple.ma",
            "ليلى@example.ma",
            "leila@كتب.ma",
            "leila@-a.ma",
            "leila@a..ma",
            ".l@a.ma",
            "l..a@a.ma",
            "a@b@c.ma\n.x",
            &long,
        ] {
            assert_eq!(spelled(ClaimKind::Email, text), Err(InvalidClaim::Email), "{text:?}");
        }
        for text in ["0600000000", "+0212600000", "+1234567", "+1234567890123456", "+21260000000x"]
        {
            assert_eq!(spelled(ClaimKind::Phone, text), Err(InvalidClaim::Phone), "{text:?}");
        }
        for text in ["ab", "-ab", "ab-", "a_b", "كتب", "a b", "a234567890123456789012345678901"]
        {
            assert_eq!(spelled(ClaimKind::Handle, text), Err(InvalidClaim::Handle), "{text:?}");
        }
    }

    #[test]
    fn a_names_tenant_is_pinned_and_depends_on_kind_and_pepper() {
        let name = |kind, text| ClaimedName::read(kind, text).unwrap();
        let leila = name(ClaimKind::Email, "leila@example.ma");
        assert_eq!(leila.tenant(b"pepper").as_str(), "names/efbafae994e869501810f7d33c466a97");
        assert_ne!(leila.tenant(b"pepper"), leila.tenant(b"salt"));
        let phone = name(ClaimKind::Phone, "+212600000000");
        assert_eq!(phone.tenant(b"pepper").as_str(), "names/ae68b04ce37a0f98e47448b55993b4b6");
        let handle = name(ClaimKind::Handle, "atlas-books");
        assert_eq!(handle.tenant(b"pepper").as_str(), "names/e4c488aec8ba7b2745467805440232e2");
    }
}
