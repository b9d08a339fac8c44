//! Who asks: reads what a request brings along to prove it, and remembers tokens that held.

use std::{collections::HashMap, sync::Arc};

use base_fault::{Code, Fault};
use base_ids::GuestSecret;
use base_time::Timestamp;
use base_token::Unproven;
use cell_kernel::Caller;
use http::{HeaderMap, header};
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};

use crate::{Keys, keys};

/// The cookie that a visitor without an account keeps.
pub(crate) const GUEST_COOKIE: &str = "souk_guest";
/// How many tokens are remembered, in two halves.
const REMEMBERED_MAX: usize = 32_768;

/// What a request brings along; nothing of it is checked yet.
enum Credential<'r> {
    Token(&'r str),
    Guest(GuestSecret),
    None,
}

/// Proves who asks.
pub(crate) struct Identity {
    known: Mutex<Halves>,
}

/// Tokens seen lately: the older half is forgotten at once when the younger one is full.
#[derive(Default)]
struct Halves {
    young: HashMap<[u8; 32], Arc<Proven>>,
    old: HashMap<[u8; 32], Arc<Proven>>,
}

struct Proven {
    caller: Caller,
    kid: String,
    public_key: [u8; 32],
    until: Timestamp,
}

impl Identity {
    pub(crate) fn new() -> Self {
        Self { known: Mutex::new(Halves::default()) }
    }

    /// Who sends these headers. Whoever brings nothing is anonymous; whoever brings what does not hold is refused.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        match credential(headers)? {
            Credential::Token(token) => Ok(self.prove(token, keys, now)?),
            Credential::Guest(secret) => Ok(Caller::guest(secret.tenant())),
            Credential::None => Ok(Caller::anonymous()),
        }
    }

    fn prove(&self, token: &str, keys: &Keys, now: Timestamp) -> Result<Caller, Unproven> {
        if token.len() > base_token::LEN_MAX {
            return Err(Unproven::Forged("is too long"));
        }
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(proven) = self.recall(&name)
            && let Some(key) = keys.get(&proven.kid)
            // A key may be withdrawn, or another one be given its name.
            && key.public_key == proven.public_key
        {
            let holds = now < proven.until && now < key.accepted_until;
            return if holds { Ok(proven.caller.clone()) } else { Err(Unproven::Expired) };
        }
        let base_token::Proven { claims, kid, .. } = keys.prove(token, now)?;
        let until = claims.expires_at;
        let caller = keys::caller(claims);
        if let Some(key) = keys.get(&kid) {
            let public_key = key.public_key;
            let proven = Proven { caller: caller.clone(), kid, public_key, until };
            self.known.lock().put(name, Arc::new(proven));
        }
        Ok(caller)
    }

    fn recall(&self, name: &[u8; 32]) -> Option<Arc<Proven>> {
        let mut known = self.known.lock();
        if let Some(proven) = known.young.get(name) {
            return Some(Arc::clone(proven));
        }
        let proven = known.old.remove(name)?;
        known.put(*name, Arc::clone(&proven));
        Some(proven)
    }
}

impl Halves {
    fn put(&mut self, name: [u8; 32], proven: Arc<Proven>) {
        if self.young.len() >= REMEMBERED_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, proven);
    }
}

fn credential(headers: &HeaderMap) -> Result<Credential<'_>, Fault> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else {
        // A cookie that was never ours is no credential: the visitor gets a new one.
        let secret = cookie(headers).and_then(|text| GuestSecret::parse(text).ok());
        return Ok(secret.map_or(Credential::None, Credential::Guest));
    };
    if given.next().is_some() {
        let text = "the request has more than one Authorization header";
        return Err(Fault::caller(Code::Malformed, text));
    }
    let text = value.to_str().unwrap_or_default();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Credential::Token(rest.trim()))
    } else if scheme.eq_ignore_ascii_case("guest")
        && let Ok(secret) = GuestSecret::parse(rest.trim())
    {
        Ok(Credential::Guest(secret))
    } else {
        let text = "the Authorization header holds neither `Bearer <token>` nor `Guest <secret>`";
        Err(Fault::caller(Code::Unauthenticated, text))
    }
}

/// The value of the guest's cookie; the first one if a client sends several.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    (headers.get_all(header::COOKIE).iter())
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == GUEST_COOKIE)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_time::Timestamp;
    use base_token::{AccessClaims, Key, TokenAudience};
    use cell_kernel::Audience;
    use http::HeaderMap;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::Identity;
    use crate::Keys;

    const NOW: Timestamp = Timestamp::from_millis(1_500_000);
    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn keys(seed: u8, accepted_until_secs: i64) -> Keys {
        let public_key = pair(seed).public_key().as_ref().try_into().unwrap();
        let accepted_until = Timestamp::from_millis(accepted_until_secs * 1000);
        Keys::from_iter([("k1".to_owned(), Key { public_key, accepted_until })])
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    fn bearer() -> HeaderMap {
        let claims = AccessClaims {
            subject: "users/u1".parse().unwrap(),
            session: "s1".into(),
            audience: TokenAudience::Shopper,
            issued_at: Timestamp::from_millis(1_000_000),
            expires_at: Timestamp::from_millis(2_000_000),
        };
        let token = claims.encode("k1", |bytes| pair(7).sign(bytes).as_ref().to_vec());
        with("authorization", &format!("Bearer {token}"))
    }

    #[test]
    fn a_remembered_token_proves_no_more_than_a_new_one() {
        let identity = Identity::new();
        let ask =
            |keys: &Keys, now| identity.caller(&bearer(), keys, now).map_err(|fault| fault.code());
        for _ in 0..2 {
            assert_eq!(ask(&keys(7, 3000), NOW).unwrap().session.as_deref(), Some("s1"));
        }
        let late = Timestamp::from_millis(2_000_000);
        assert_eq!(ask(&keys(7, 3000), late), Err(Code::TokenExpired));
        assert_eq!(ask(&keys(7, 1500), NOW), Err(Code::TokenExpired), "the key has run out");
        assert_eq!(ask(&Keys::default(), NOW), Err(Code::Unauthenticated), "the key is withdrawn");
        assert_eq!(ask(&keys(8, 3000), NOW), Err(Code::Unauthenticated), "the key is another one");
    }

    #[test]
    fn a_guest_is_known_by_header_or_cookie() {
        for headers in [
            with("authorization", &format!("Guest {SECRET}")),
            with("cookie", &format!("theme=dark; souk_guest={SECRET}")),
        ] {
            let caller = Identity::new().caller(&headers, &Keys::default(), NOW).unwrap();
            assert_eq!(caller.audience, Audience::Guest);
            assert!(caller.subject.unwrap().is_guest());
        }
    }

    #[test]
    fn what_proves_nothing_is_refused_but_a_foreign_cookie_is_nobody() {
        let code = |headers: &HeaderMap| {
            Identity::new().caller(headers, &keys(7, 3000), NOW).map_err(|fault| fault.code())
        };
        for text in ["Basic abc", "Bearer", "Bearer x", "Guest short", "Guest", ""] {
            assert_eq!(code(&with("authorization", text)), Err(Code::Unauthenticated), "{text}");
        }
        let mut twice = bearer();
        twice.append("authorization", "Bearer x".parse().unwrap());
        assert_eq!(code(&twice), Err(Code::Malformed));
        let nobody = code(&with("cookie", "souk_guest=short")).unwrap();
        assert_eq!(nobody.audience, Audience::Anonymous);
    }
}
