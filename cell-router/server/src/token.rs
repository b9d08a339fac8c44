//! Reads the subject of an access token; a signature is checked once and remembered until the token runs out.

use base_ids::Tenant;
use base_time::Timestamp;
pub(crate) use base_token::Unproven;
use base_token::{Key, LEN_MAX};
use ring::{
    digest,
    signature::{ED25519, UnparsedPublicKey},
};
use router_table::{SigningKey, Table};

use crate::recent::Recent;

/// How many tokens are remembered.
const TOKENS_MAX: usize = 65_536;

/// Whom a token speaks for, and how long.
#[derive(Clone)]
struct Proven {
    subject: Tenant,
    until: Timestamp,
}

/// The tokens seen lately.
pub(crate) struct Tokens {
    known: Recent<[u8; 32], Proven>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self { known: Recent::new(TOKENS_MAX) }
    }

    /// The user that `token` speaks for.
    pub(crate) fn subject(
        &self,
        token: &str,
        table: &Table,
        now: Timestamp,
    ) -> Result<Tenant, Unproven> {
        if token.len() > LEN_MAX {
            return Err(Unproven::Forged("is too long"));
        }
        let mut key = [0; 32];
        key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let proven = if let Some(proven) = self.known.get(&key) {
            proven
        } else {
            let proven = prove(token, table, now)?;
            self.known.put(key, proven.clone());
            proven
        };
        if now < proven.until { Ok(proven.subject) } else { Err(Unproven::Expired) }
    }

    /// Forgets all: a key may have been withdrawn.
    pub(crate) fn forget(&self) {
        self.known.clear();
    }
}

fn prove(token: &str, table: &Table, now: Timestamp) -> Result<Proven, Unproven> {
    let key = |kid: &str| {
        let SigningKey { public_key, accepted_until, .. } = table.signing_key(kid)?;
        Some(Key { public_key: *public_key, accepted_until: *accepted_until })
    };
    let holds = |public_key: &[u8; 32], message: &[u8], signature: &[u8]| {
        UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
    };
    let base_token::Proven { claims, until, .. } = base_token::prove(token, now, key, holds)?;
    Ok(Proven { subject: claims.subject, until })
}

#[cfg(test)]
mod tests {
    use base_ids::Epoch;
    use base_time::Timestamp;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use router_table::{Cell, Draft, SigningKey, Table};

    use super::{Tokens, Unproven};

    const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
    const CLAIMS: &str =
        r#"{"iss":"souk","sub":"users/u1","aud":"shopper","exp":2000,"iat":1000,"sid":"s1"}"#;

    fn key() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn table() -> Table {
        let address = ([127, 0, 0, 1], 1).into();
        let mut draft = Draft::new(Epoch(1));
        draft.cell(Cell {
            id: "cell-1".parse().unwrap(),
            edge: address,
            mesh: address,
            admin: address,
            signing_keys: vec![SigningKey {
                kid: "k1".into(),
                public_key: key().public_key().as_ref().try_into().unwrap(),
                accepted_until: Timestamp::from_millis(3_000_000),
            }],
        });
        draft.build().unwrap()
    }

    fn token(header: &str, claims: &str) -> String {
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = key().sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn subject(token: &str, now_secs: i64) -> Result<String, Unproven> {
        let now = Timestamp::from_millis(now_secs * 1000);
        Tokens::new().subject(token, &table(), now).map(|tenant| tenant.to_string())
    }

    #[test]
    fn a_token_speaks_for_its_subject_until_it_runs_out() {
        let token = token(HEADER, CLAIMS);
        assert_eq!(subject(&token, 1500), Ok("users/u1".to_owned()));
        assert_eq!(subject(&token, 2000), Err(Unproven::Expired));
        let tokens = Tokens::new();
        let at = |millis| tokens.subject(&token, &table(), Timestamp::from_millis(millis));
        assert!(at(1_999_999).is_ok());
        assert_eq!(at(2_000_000), Err(Unproven::Expired), "also when remembered");
    }

    #[test]
    fn a_key_that_has_run_out_proves_nothing() {
        let late = CLAIMS.replace("2000", "9000");
        assert_eq!(subject(&token(HEADER, &late), 3001), Err(Unproven::Expired));
    }

    #[test]
    fn forged_and_foreign_tokens_prove_nothing() {
        let forged = |token: String| {
            assert!(matches!(subject(&token, 1500), Err(Unproven::Forged(_))), "{token}");
        };
        forged(String::new());
        forged("a.b.c".into());
        forged(format!("{}x", token(HEADER, CLAIMS)));
        forged(token(&HEADER.replace("EdDSA", "none"), CLAIMS));
        forged(token(&HEADER.replace("EdDSA", "HS256"), CLAIMS));
        forged(token(&HEADER.replace("at+jwt", "JWT"), CLAIMS));
        forged(token(&HEADER.replace('}', r#","crit":["b64"]}"#), CLAIMS));
        forged(token(HEADER, &CLAIMS.replace("souk", "bazaar")));
        forged(token(HEADER, &CLAIMS.replace("shopper", "fleet")));
        forged(token(HEADER, &CLAIMS.replace("users/u1", "vendors/u1")));
        let unknown = token(&HEADER.replace("k1", "k2"), CLAIMS);
        assert_eq!(subject(&unknown, 1500), Err(Unproven::UnknownKey));
        let genuine = token(HEADER, CLAIMS);
        let other = token(HEADER, &CLAIMS.replace("users/u1", "users/u2"));
        let swapped = format!(
            "{}.{}",
            genuine.rsplit_once('.').unwrap().0,
            other.rsplit_once('.').unwrap().1
        );
        forged(swapped);
    }
}
