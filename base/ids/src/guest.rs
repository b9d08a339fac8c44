//! Guests: a visitor without an account is a tenant whose id follows from a secret that only the visitor holds.
//!
//! Nothing is stored to know a guest again and nobody can forge one: the id is a hash of the secret. Routers and cells derive
//! it each for themselves.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{Tenant, TenantKind};

/// What a visitor's cookie holds: 43 characters of base64url, the text of 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestSecret(String);

/// A text is not a guest's secret. The text itself is not told: it might be one, misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a guest's secret: expected 43 characters of base64url")]
pub struct InvalidGuestSecret;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters of a secret, and of the hash in a guest's id.
const SECRET_LEN: usize = 43;
const ID_HASH_LEN: usize = 26;

impl GuestSecret {
    /// The secret that is written from these random bytes.
    pub fn of_random(bytes: &[u8; 32]) -> Self {
        Self(digits(bytes, 6, SECRET_LEN, BASE64URL))
    }

    /// Reads a secret as the visitor sent it.
    pub fn parse(text: &str) -> Result<Self, InvalidGuestSecret> {
        let plain = text.bytes().all(|byte| BASE64URL.contains(&byte));
        if text.len() == SECRET_LEN && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidGuestSecret)
        }
    }

    /// The secret as the visitor keeps it. Never to be logged.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant of the visitor who holds the secret: `users/g-` and the first 26 characters of the lower-case base32 of
    /// SHA-256 over `souk-guest:` and the secret's text.
    pub fn tenant(&self) -> Tenant {
        let hash: [u8; 32] =
            Sha256::new().chain_update("souk-guest:").chain_update(&self.0).finalize().into();
        let id = format!("g-{}", digits(&hash, 5, ID_HASH_LEN, BASE32));
        Tenant::new(TenantKind::User, &id).expect("base32 digits are allowed in an id")
    }
}

impl fmt::Debug for GuestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestSecret(…)")
    }
}

impl Tenant {
    /// Whether this is a visitor without an account.
    pub fn is_guest(&self) -> bool {
        self.kind() == TenantKind::User
            && (self.id().strip_prefix("g-")).is_some_and(|hash| {
                hash.len() == ID_HASH_LEN && hash.bytes().all(|byte| BASE32.contains(&byte))
            })
    }
}

/// The first `count` digits of `bytes` read as one bit string, `width` bits a digit, zeros behind its end.
fn digits(bytes: &[u8], width: usize, count: usize, alphabet: &[u8]) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (0..count)
        .map(|digit| {
            let value = (0..width).fold(0, |value, at| value << 1 | bit(digit * width + at));
            char::from(alphabet[usize::from(value)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{GuestSecret, InvalidGuestSecret};

    #[test]
    fn a_guest_is_pinned_so_that_router_and_cell_never_disagree() {
        let secret = GuestSecret::of_random(&std::array::from_fn(|n| u8::try_from(n).unwrap()));
        assert_eq!(secret.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        assert_eq!(secret.tenant().as_str(), "users/g-yc65fikain43ppnbkq4kyqm65w");
        assert!(secret.tenant().is_guest());
        assert_eq!(GuestSecret::parse(secret.as_str()), Ok(secret));
    }

    #[test]
    fn what_is_not_a_secret_is_refused_and_not_told() {
        for text in ["", "short", &"=".repeat(43), &"é".repeat(22), &"a".repeat(44)] {
            assert_eq!(GuestSecret::parse(text), Err(InvalidGuestSecret), "{text}");
        }
        assert_eq!(format!("{:?}", GuestSecret::of_random(&[7; 32])), "GuestSecret(…)");
    }

    #[test]
    fn an_account_is_not_taken_for_a_guest() {
        for name in [
            "users/g-short",
            "vendors/g-aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "users/g-11111111111111111111111111",
        ] {
            assert!(!name.parse::<crate::Tenant>().unwrap().is_guest(), "{name}");
        }
    }
}
