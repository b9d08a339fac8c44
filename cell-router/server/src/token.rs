//! Who sends: access tokens are proven once and remembered until they run out, their key is another one, or their session is ended.
//!
//! What is remembered is there for speed. It never outlives the token, its key or its session: each use looks at the clock, each new
//! table is asked whether the key is still the one that was believed, and each word of ended sessions makes it look among them. Keys come with the table, those of all cells, the next one before it is
//! used and the last one until its tokens have run out; so a router that starts without a control plane knows them from its disk.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base_ids::Tenant;
use base_time::Timestamp;
pub(crate) use base_token::Unproven;
use base_token::{Key, LEN_MAX, TokenAudience};
use ring::{
    digest,
    signature::{ED25519, UnparsedPublicKey},
};
use router_table::Table;
use xxhash_rust::xxh3::xxh3_128;

use crate::recent::Recent;

/// How many tokens are remembered.
const TOKENS_MAX: usize = 65_536;
/// How many ended sessions are remembered: those of the last ten minutes, after which their tokens have run out.
const ENDED_MAX: usize = 262_144;

/// Who sends, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    /// A registered user or a guest.
    pub(crate) subject: Tenant,
    /// The vendor for whom the user acts.
    pub(crate) vendor: Option<Tenant>,
}

impl Sender {
    pub(crate) fn guest(tenant: Tenant) -> Self {
        Self { subject: tenant, vendor: None }
    }

    /// Whether the sender is, or acts for, the tenant of this name.
    pub(crate) fn is(&self, tenant: &str) -> bool {
        let vendor = self.vendor.as_ref();
        self.subject.as_str() == tenant || vendor.is_some_and(|vendor| vendor.as_str() == tenant)
    }
}

/// A token that held.
struct Proven {
    sender: Sender,
    until: Timestamp,
    kid: String,
    key: Key,
    /// Digest of the last table in which its key was seen.
    seen: AtomicU64,
    session: SessionName,
    /// How many words of ended sessions had come when its own was not among them.
    went_on: AtomicU64,
}

/// Stands for a session of a user; half as long as its name, and as unlikely to be another's.
type SessionName = u128;

/// The tokens seen lately, and the sessions ended lately.
pub(crate) struct Tokens {
    known: Recent<[u8; 32], Arc<Proven>>,
    ended: Recent<SessionName, ()>,
    /// How many words of ended sessions have come.
    endings: AtomicU64,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self {
            known: Recent::new(TOKENS_MAX),
            ended: Recent::new(ENDED_MAX),
            endings: AtomicU64::new(0),
        }
    }

    /// Believes no more in the tokens of these sessions, each a user's name with the session's id.
    pub(crate) fn end<'s>(&self, sessions: impl IntoIterator<Item = (&'s str, &'s str)>) {
        for (user, session) in sessions {
            self.ended.put(session_name(user, session), ());
        }
        self.endings.fetch_add(1, Ordering::Release);
    }

    fn goes_on(&self, proven: &Proven) -> bool {
        let endings = self.endings.load(Ordering::Acquire);
        if proven.went_on.load(Ordering::Relaxed) == endings {
            return true;
        }
        let goes_on = self.ended.get(&proven.session).is_none();
        if goes_on {
            proven.went_on.store(endings, Ordering::Relaxed);
        }
        goes_on
    }

    /// Who sends with this token.
    pub(crate) fn sender(
        &self,
        token: &str,
        table: &Table,
        now: Timestamp,
    ) -> Result<Sender, Unproven> {
        if token.len() > LEN_MAX {
            return Err(Unproven::Forged("is too long"));
        }
        let mut name = [0; 32];
        name.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let proven = match self.known.get(&name).filter(|proven| proven.holds_in(table)) {
            Some(proven) if now < proven.until => proven,
            Some(_) => return Err(Unproven::Expired),
            None => {
                let proven = Arc::new(Proven::of(token, table, now)?);
                self.known.put(name, Arc::clone(&proven));
                proven
            }
        };
        if self.goes_on(&proven) { Ok(proven.sender.clone()) } else { Err(Unproven::SessionOver) }
    }
}

impl Proven {
    fn of(token: &str, table: &Table, now: Timestamp) -> Result<Self, Unproven> {
        let holds = |public_key: &[u8; 32], message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
        };
        let base_token::Proven { claims, kid, until } =
            base_token::prove(token, now, |kid| key(table, kid), holds)?;
        let vendor = match claims.audience {
            TokenAudience::Vendor { vendor, .. } => Some(vendor),
            TokenAudience::Shopper | TokenAudience::Operator => None,
        };
        Ok(Self {
            session: session_name(claims.subject.as_str(), &claims.session),
            went_on: AtomicU64::new(0),
            sender: Sender { subject: claims.subject, vendor },
            until,
            key: key(table, &kid).ok_or(Unproven::UnknownKey)?,
            kid,
            seen: AtomicU64::new(table.digest()),
        })
    }

    /// Whether `table` knows its key by the same name. Looked up once for each table.
    fn holds_in(&self, table: &Table) -> bool {
        if self.seen.load(Ordering::Relaxed) == table.digest() {
            return true;
        }
        let same = key(table, &self.kid).is_some_and(|key| key == self.key);
        if same {
            self.seen.store(table.digest(), Ordering::Relaxed);
        }
        same
    }
}

fn session_name(user: &str, session: &str) -> SessionName {
    xxh3_128(format!("{user}/sessions/{session}").as_bytes())
}

fn key(table: &Table, kid: &str) -> Option<Key> {
    let key = table.signing_key(kid)?;
    Some(Key { public_key: key.public_key, accepted_until: key.accepted_until })
}

#[cfg(test)]
mod tests {
    use base_ids::Epoch;
    use base_time::Timestamp;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use router_table::{Cell, Draft, Pod, SigningKey, Table};

    use super::{Tokens, Unproven};

    const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
    const CLAIMS: &str =
        r#"{"iss":"souk","sub":"users/u1","aud":"shopper","exp":2000,"iat":1000,"sid":"s1"}"#;

    fn key(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    /// A table in which `k1`, `k2` and so on name the keys of these seeds, accepted until these seconds.
    fn table(epoch: u64, keys: &[(u8, i64)]) -> Table {
        let address = ([127, 0, 0, 1], 1).into();
        let mut draft = Draft::new(Epoch(epoch));
        let signing_keys = (1..).zip(keys).map(|(number, (seed, until))| SigningKey {
            kid: format!("k{number}"),
            public_key: key(*seed).public_key().as_ref().try_into().unwrap(),
            accepted_until: at(*until),
        });
        draft.cell(Cell {
            id: "cell-1".parse().unwrap(),
            pods: vec![Pod::only(address, address, address)],
            signing_keys: signing_keys.collect(),
        });
        draft.build().unwrap()
    }

    fn token(header: &str, claims: &str) -> String {
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = key(7).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn a_remembered_token_proves_no_more_than_a_new_one() {
        let (tokens, token) = (Tokens::new(), token(HEADER, CLAIMS));
        let ask = |epoch, keys: &[(u8, i64)], secs| {
            let sender = tokens.sender(&token, &table(epoch, keys), at(secs));
            sender.map(|sender| sender.subject.to_string())
        };
        let u1 = || Ok("users/u1".to_owned());
        assert_eq!(ask(1, &[(7, 3000)], 1500), u1());
        assert_eq!(ask(1, &[(7, 3000)], 1999), u1());
        assert_eq!(ask(1, &[(7, 3000)], 2000), Err(Unproven::Expired));
        assert_eq!(ask(2, &[(7, 3000), (9, 3000)], 1500), u1(), "a key more");
        assert_eq!(ask(3, &[], 1500), Err(Unproven::UnknownKey), "withdrawn");
        assert!(matches!(ask(4, &[(8, 3000)], 1500), Err(Unproven::Forged(_))), "another key");
        assert_eq!(ask(5, &[(7, 3000)], 1500), u1(), "and back");
        assert_eq!(ask(6, &[(7, 1400)], 1500), Err(Unproven::Expired), "accepted for less long");
        assert_eq!(ask(6, &[], 1500), Err(Unproven::UnknownKey), "another table of the same epoch");
    }

    #[test]
    fn a_token_lasts_as_long_as_its_key_and_not_as_it_says() {
        let long = token(HEADER, &CLAIMS.replace("2000", "9000"));
        let (tokens, table) = (Tokens::new(), table(1, &[(7, 3000)]));
        assert!(tokens.sender(&long, &table, at(2999)).is_ok());
        assert_eq!(tokens.sender(&long, &table, at(3000)), Err(Unproven::Expired), "remembered");
        assert_eq!(Tokens::new().sender(&long, &table, at(3000)), Err(Unproven::Expired));
    }

    #[test]
    fn no_token_of_an_ended_session_is_believed_and_every_other_one_is() {
        let (tokens, table) = (Tokens::new(), table(1, &[(7, 3000)]));
        let of = |claims: &str| token(HEADER, claims);
        let (old, newer) = (of(CLAIMS), of(&CLAIMS.replace("1000", "1400")));
        let others = [of(&CLAIMS.replace("u1", "u2")), of(&CLAIMS.replace("s1", "s2"))];
        let ask = |token: &str| tokens.sender(token, &table, at(1500)).map(|_| ());
        assert_eq!(ask(&old), Ok(()));
        tokens.end([("users/u9", "s9")]);
        assert_eq!(ask(&old), Ok(()), "looked for among the ended");
        tokens.end([("users/u1", "s1"), ("users/u1", "s3")]);
        for _ in 0..2 {
            assert_eq!(
                (ask(&old), ask(&newer)),
                (Err(Unproven::SessionOver), Err(Unproven::SessionOver))
            );
            assert_eq!(others.each_ref().map(|other| ask(other)), [Ok(()), Ok(())]);
        }
    }

    #[test]
    fn whom_a_token_acts_for_is_known() {
        let vendor = CLAIMS
            .replace("shopper", "vendor")
            .replace('}', r#","vendor":"vendors/atlas","role":"staff"}"#);
        let table = table(1, &[(7, 3000)]);
        let of = |claims: &str| Tokens::new().sender(&token(HEADER, claims), &table, at(1500));
        let sender = of(&vendor).unwrap();
        assert!(sender.is("users/u1") && sender.is("vendors/atlas") && !sender.is("vendors/rif"));
        assert!(!of(CLAIMS).unwrap().is("vendors/atlas"));
    }

    #[test]
    fn what_the_reader_refuses_is_refused_and_not_remembered() {
        let (tokens, table) = (Tokens::new(), table(1, &[(7, 3000)]));
        let refused = |token: &str| {
            assert_eq!(
                tokens.sender(token, &table, at(1500)),
                tokens.sender(token, &table, at(1500))
            );
            tokens.sender(token, &table, at(1500)).unwrap_err()
        };
        assert!(matches!(refused(""), Unproven::Forged(_)));
        assert!(matches!(refused(&"x".repeat(5_000)), Unproven::Forged(_)));
        let none = token(&HEADER.replace("EdDSA", "none"), CLAIMS);
        assert!(matches!(refused(&none), Unproven::Forged(_)));
        let (genuine, other) = (token(HEADER, CLAIMS), token(HEADER, &CLAIMS.replace("u1", "u2")));
        let swapped = format!(
            "{}.{}",
            genuine.rsplit_once('.').unwrap().0,
            other.rsplit_once('.').unwrap().1
        );
        assert!(matches!(refused(&swapped), Unproven::Forged(_)));
        assert_eq!(refused(&token(&HEADER.replace("k1", "k9"), CLAIMS)), Unproven::UnknownKey);
    }
}
