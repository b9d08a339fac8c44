//! The platform's secret, the same in every cell so that a tenant can move, and what is derived under it: hidden names, codes,
//! refresh tokens. Derived whenever they are needed, so that none is ever stored.

use std::fmt::{self, Write as _};

use base_ids::{ClaimedName, ResourceId, Tenant, derived_id, hmac_sha256};

use crate::{IssuedCode, OneTimeCode, Secret};

/// The platform's secret. One key per use is derived from it, so that what one use shows says nothing about the others.
#[derive(Clone)]
pub struct PlatformSecret {
    names: [u8; 32],
    codes: [u8; 32],
    refresh: [u8; 32],
    registrants: [u8; 32],
    answers: [u8; 32],
}

impl PlatformSecret {
    /// Least length of a secret, in bytes.
    pub const LEN_MIN: usize = 32;

    /// Derives the keys; `None` if the secret is too short to be one.
    pub fn new(secret: &[u8]) -> Option<Self> {
        let key = |purpose: &str| hmac_sha256(secret, purpose.as_bytes());
        let keys = || Self {
            names: key("souk names"),
            codes: key("souk codes"),
            refresh: key("souk refresh tokens"),
            registrants: key("souk registrants"),
            answers: key("souk kept answers"),
        };
        (secret.len() >= Self::LEN_MIN).then(keys)
    }

    /// The tenant `names/<hash>` that a name is claimed under.
    pub fn tenant_of(&self, name: &ClaimedName) -> Tenant {
        name.tenant(&self.names)
    }

    /// What hides names in the tenants that they are claimed under: for services that claim names and need nothing else.
    pub fn names_pepper(&self) -> &[u8] {
        &self.names
    }

    /// The id of the user whom a request to register with these fields makes under this idempotency key: 32 characters of
    /// `0-9a-f`. Whoever has the id and the key, but not the secret, cannot try out passwords on it.
    pub fn registrant(&self, idempotency_key: &str, fields: [&str; 4]) -> String {
        let mut text = idempotency_key.to_owned();
        for field in fields {
            let _ = write!(text, "|{}:{field}", field.len());
        }
        derived_id(&self.registrants, &text)
    }

    /// Under which answers are closed that are kept for those who repeat a request.
    pub fn answers_key(&self) -> &[u8; 32] {
        &self.answers
    }

    /// The digits of a code of the user's.
    pub fn code(&self, user: &Tenant, code: &IssuedCode) -> Secret {
        let IssuedCode { purpose, number, at, .. } = code;
        let text = format!("{user}|{}|{number}|{}", purpose.as_str(), at.as_millis());
        let seal = hmac_sha256(&self.codes, text.as_bytes());
        let number = seal.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:06}", number % 1_000_000).into()
    }

    /// Whether these are the digits of the code; takes as long for a wrong one.
    pub fn is_code(&self, user: &Tenant, code: &IssuedCode, given: &OneTimeCode) -> bool {
        same(self.code(user, code).expose(), given.secret().expose())
    }

    /// The refresh token with this number of a session: `<session>.<number>.<seal>`.
    pub fn refresh_token(&self, user: &Tenant, session: &ResourceId, number: u64) -> Secret {
        let seal = hmac_sha256(&self.refresh, format!("{user}|{session}|{number}").as_bytes());
        format!("{session}.{number}.{}", hex::encode(seal)).into()
    }

    /// Reads a refresh token of the user's; `None` unless its seal is right.
    pub fn read_refresh_token(&self, user: &Tenant, token: &str) -> Option<(ResourceId, u64)> {
        let mut parts = token.splitn(3, '.');
        let session: ResourceId = parts.next()?.parse().ok()?;
        let number: u64 = parts.next()?.parse().ok()?;
        let right = self.refresh_token(user, &session, number);
        same(right.expose(), token).then_some((session, number))
    }
}

impl fmt::Debug for PlatformSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlatformSecret([redacted])")
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differ) == 0
}

#[cfg(test)]
mod tests {
    use base_ids::{ClaimKind, ClaimedName, ResourceId, Tenant};
    use base_time::Timestamp;

    use super::PlatformSecret;
    use crate::{CodePurpose, Codes, IssuedCode};

    fn secret() -> PlatformSecret {
        PlatformSecret::new(&[7; 32]).unwrap()
    }

    fn user(id: &str) -> Tenant {
        format!("users/{id}").parse().unwrap()
    }

    fn code() -> IssuedCode {
        Codes::default().next(CodePurpose::SignIn, Timestamp::default()).unwrap()
    }

    #[test]
    fn what_is_derived_is_pinned_so_that_cells_never_disagree() {
        let leila = ClaimedName::read(ClaimKind::Email, "leila@example.ma").unwrap();
        let session: ResourceId = "s1".parse().unwrap();
        assert_eq!(secret().tenant_of(&leila).as_str(), "names/affb46f3c5891622b5ff3e8d497363d3");
        assert_eq!(secret().code(&user("leila"), &code()).expose(), "224158");
        let token = secret().refresh_token(&user("leila"), &session, 1);
        assert_eq!(
            token.expose(),
            "s1.1.3045d95101fce82ebce3a64c372a03e62c5d0c5ef8caf719cd4c3f949cd26c90"
        );
    }

    #[test]
    fn a_code_is_its_owners_and_its_purposes() {
        let typed = secret().code(&user("leila"), &code()).expose().parse().unwrap();
        assert!(secret().is_code(&user("leila"), &code(), &typed));
        assert!(!secret().is_code(&user("omar"), &code(), &typed));
        let other = IssuedCode { purpose: CodePurpose::ResetPassword, ..code() };
        assert!(!secret().is_code(&user("leila"), &other, &typed));
    }

    #[test]
    fn a_refresh_token_that_was_touched_is_worth_nothing() {
        let (leila, session) = (user("leila"), "s1".parse().unwrap());
        let token = secret().refresh_token(&leila, &session, 3).expose().to_owned();
        assert_eq!(secret().read_refresh_token(&leila, &token), Some((session, 3)));
        assert_eq!(secret().read_refresh_token(&user("omar"), &token), None);
        let other = PlatformSecret::new(&[8; 32]).unwrap();
        assert_eq!(other.read_refresh_token(&leila, &token), None);
        let touched = [
            token.replace("s1.3", "s1.4"),
            token.replace("s1.3", "s2.3"),
            token.replace("s1.3", "s1.03"),
            token[..token.len() - 1].to_owned(),
            format!("{token}0"),
            String::new(),
        ];
        for text in touched {
            assert_eq!(secret().read_refresh_token(&leila, &text), None, "{text}");
        }
    }

    #[test]
    fn a_request_to_register_makes_one_user_under_its_key() {
        let id = |key: &str, email: &str, password: &str| {
            secret().registrant(key, [email, password, "Leïla", "fr"])
        };
        let leila = id("k1", "leila@example.ma", "correct horse");
        assert_eq!(leila, id("k1", "leila@example.ma", "correct horse"));
        assert!(leila.len() == 32 && leila.bytes().all(|byte| byte.is_ascii_hexdigit()), "{leila}");
        assert_ne!(leila, id("k2", "leila@example.ma", "correct horse"));
        assert_ne!(leila, id("k1", "leila@example.ma", "other horse"));
        assert_ne!(id("k", "a", "bc"), id("k", "ab", "c"));
    }

    #[test]
    fn a_short_secret_is_none() {
        assert!(PlatformSecret::new(&[7; 31]).is_none());
        assert_eq!(format!("{:?}", secret()), "PlatformSecret([redacted])");
    }
}
