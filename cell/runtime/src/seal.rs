//! Closes kept answers, so that only who repeats the very request can open them: answers hold tokens, and a store is copied and backed up.
//!
//! Under the cell's key, who asks, the idempotency key, the method and the request give a key of their own. Nothing of it is stored but
//! a mark by which the same request is known again. So the store tells neither the answer nor, by trying, a password that was
//! in the request; and a request that repeats opens its answer in any cell that has the platform's secret.

use base_fault::{Code, Fault};
use base_ids::{Tenant, Version};
use base_time::Timestamp;
use ring::{
    aead::{self, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hmac,
};

use crate::port::{Reply, ReplyKey};

/// Closes the answers of a cell.
#[derive(Clone, Debug)]
pub struct Seals(hmac::Key);

impl Seals {
    /// Under this key, which every cell of the platform has.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The seal of one request.
    pub(crate) fn of(&self, tenant: &Tenant, key: &ReplyKey, method: &str, request: &[u8]) -> Seal {
        let mut own = hmac::Context::with_key(&self.0);
        for part in [tenant.as_str(), &key.caller, &key.key, method].map(str::as_bytes) {
            own.update(&(part.len() as u64).to_be_bytes());
            own.update(part);
        }
        own.update(request);
        let own = hmac::Key::new(hmac::HMAC_SHA256, own.sign().as_ref());
        let derive = |what: &[u8]| hmac::sign(&own, what);
        let (mark, key) = (derive(b"request"), derive(b"answer"));
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref());
        Seal {
            request: u128::from_be_bytes(first(mark.as_ref())),
            key: LessSafeKey::new(key.expect("a hash is as long as a key")),
            nonces: own,
        }
    }
}

/// Closes and opens the answer to one request.
#[derive(Debug)]
pub(crate) struct Seal {
    /// By which the same request is known again.
    request: u128,
    key: LessSafeKey,
    nonces: hmac::Key,
}

impl Seal {
    /// The answer as it is kept.
    pub(crate) fn close(
        &self,
        answer: Result<Vec<u8>, Vec<u8>>,
        version: Version,
        until: Timestamp,
    ) -> Reply {
        let about = about(answer.is_ok(), version);
        let closed = |mut bytes: Vec<u8>| {
            // From the answer itself: two answers never share one, and to close again what was lost gives the same bytes.
            let mut nonce = hmac::Context::with_key(&self.nonces);
            nonce.update(b"nonce");
            nonce.update(&about);
            nonce.update(&bytes);
            let nonce: [u8; aead::NONCE_LEN] = first(nonce.sign().as_ref());
            let sealing = Nonce::assume_unique_for_key(nonce);
            let sealed = self.key.seal_in_place_append_tag(sealing, Aad::from(about), &mut bytes);
            sealed.expect("an answer is far shorter than what can be closed");
            bytes.extend_from_slice(&nonce);
            bytes
        };
        let answer = match answer {
            Ok(answer) => Ok(closed(answer)),
            Err(no) => Err(closed(no)),
        };
        Reply { request: self.request, answer, version, until }
    }

    /// What was kept. Invariant idem-1: a key is one request's; under another one's nothing opens.
    pub(crate) fn open(&self, kept: Reply) -> Result<Result<Vec<u8>, Vec<u8>>, Fault> {
        if kept.request != self.request {
            let text =
                "the idempotency key was used for another request; use a new key for a new request";
            return Err(Fault::caller(Code::IdempotencyKeyReused, text));
        }
        let about = about(kept.answer.is_ok(), kept.version);
        let open = |mut bytes: Vec<u8>| {
            let damaged = || Fault::ours(Code::StoreBroken, "a kept answer cannot be opened");
            let (_, nonce) = bytes.split_last_chunk().ok_or_else(damaged)?;
            let nonce = Nonce::assume_unique_for_key(*nonce);
            bytes.truncate(bytes.len() - aead::NONCE_LEN);
            let opened = self.key.open_in_place(nonce, Aad::from(about), &mut bytes);
            let length = opened.map_err(|_| damaged())?.len();
            bytes.truncate(length);
            Ok::<_, Fault>(bytes)
        };
        Ok(match kept.answer {
            Ok(answer) => Ok(open(answer)?),
            Err(no) => Err(open(no)?),
        })
    }
}

/// What is bound to an answer although it is not hidden: whether it is a yes, and the version.
fn about(fine: bool, version: Version) -> [u8; 9] {
    let mut about = [u8::from(fine); 9];
    about[1..].copy_from_slice(&version.0.to_be_bytes());
    about
}

fn first<const N: usize>(hash: &[u8]) -> [u8; N] {
    *hash.first_chunk().expect("a hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_ids::{Tenant, Version};
    use base_time::Timestamp;

    use super::{Seal, Seals};
    use crate::port::{Reply, ReplyKey};

    const ANSWER: &[u8] = b"refresh-token-4711";

    fn seal(cell: u8, caller: &str, key: &str, request: &[u8]) -> Seal {
        let tenant: Tenant = "users/a".parse().unwrap();
        let key = ReplyKey { caller: caller.to_owned(), key: key.to_owned() };
        Seals::new(&[cell; 32]).of(&tenant, &key, "souk.auth.v1.Auth/SignIn", request)
    }

    fn keep(seal: &Seal) -> Reply {
        seal.close(Ok(ANSWER.to_vec()), Version(3), Timestamp::from_millis(9))
    }

    #[test]
    fn whoever_repeats_the_request_gets_the_answer_and_the_store_does_not_see_it() {
        let kept = keep(&seal(1, "guest", "k", b"password"));
        let stored = kept.answer.clone().unwrap();
        assert!(!stored.windows(6).any(|part| ANSWER.windows(6).any(|secret| part == secret)));
        assert_eq!(keep(&seal(1, "guest", "k", b"password")), kept, "the same again");
        let opened = seal(1, "guest", "k", b"password").open(kept).unwrap();
        assert_eq!(opened, Ok(ANSWER.to_vec()));
    }

    #[test]
    fn another_request_caller_key_or_platform_does_not_know_it() {
        let kept = || keep(&seal(1, "guest", "k", b"password"));
        for other in [
            seal(1, "guest", "k", b"passwore"),
            seal(1, "guess", "k", b"password"),
            seal(1, "guest", "kp", b"assword"),
            seal(2, "guest", "k", b"password"),
        ] {
            assert_eq!(other.open(kept()).unwrap_err().code(), Code::IdempotencyKeyReused);
            // Not even if the mark were the same.
            assert!(other.open(Reply { request: other.request, ..kept() }).is_err());
        }
    }

    #[test]
    fn what_was_changed_in_the_store_is_not_believed() {
        let seal = seal(1, "guest", "k", b"password");
        let kept = || keep(&seal);
        let bytes = kept().answer.unwrap();
        let flipped = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            bytes
        };
        assert!(
            (0..bytes.len())
                .all(|at| { seal.open(Reply { answer: Ok(flipped(at)), ..kept() }).is_err() })
        );
        assert!(seal.open(Reply { answer: Err(bytes.clone()), ..kept() }).is_err());
        assert!(seal.open(Reply { version: Version(4), ..kept() }).is_err());
        assert!(seal.open(Reply { answer: Ok(Vec::new()), ..kept() }).is_err());
    }
}
