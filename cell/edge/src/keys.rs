//! The fleet's public keys, and access tokens proven with them.

use std::collections::BTreeMap;

use base_time::Timestamp;
use base_token::{AccessClaims, Key, Proven, TokenAudience, Unproven};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cell_kernel::Caller;
use ring::signature::{ED25519, UnparsedPublicKey};

/// Public halves of the keys that access tokens are signed with, by `kid`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, Key>);

impl FromIterator<(String, Key)> for Keys {
    fn from_iter<I: IntoIterator<Item = (String, Key)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Keys {
    /// The key with this id.
    pub fn get(&self, kid: &str) -> Option<&Key> {
        self.0.get(kid)
    }

    /// Proves a token at the time `now`.
    pub(crate) fn prove(&self, token: &str, now: Timestamp) -> Result<Proven, Unproven> {
        let holds = |public_key: &[u8; 32], message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
        };
        base_token::prove(token, now, |kid| self.get(kid).copied(), holds)
    }

    /// The keys as a JSON Web Key Set (RFC 8037), without those that are no longer accepted.
    pub fn jwks(&self, now: Timestamp) -> serde_json::Value {
        let accepted = self.0.iter().filter(|(_, key)| now < key.accepted_until);
        let keys: Vec<_> = accepted
            .map(|(kid, key)| {
                let x = URL_SAFE_NO_PAD.encode(key.public_key);
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": base_token::ALGORITHM, "kid": kid, "x": x,
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// Who asks with a token that says this.
pub(crate) fn caller(claims: AccessClaims) -> Caller {
    let AccessClaims { subject, session, audience, .. } = claims;
    let caller = match audience {
        TokenAudience::Shopper => Caller::shopper(subject),
        TokenAudience::Vendor { vendor, role } => Caller::vendor(subject, vendor, role),
        TokenAudience::Operator => Caller::operator(subject),
    };
    Caller { session: Some(session), ..caller }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use base_token::Key;

    use super::Keys;

    #[test]
    fn the_key_set_names_only_keys_that_are_accepted() {
        let key = Key { public_key: [7; 32], accepted_until: Timestamp::from_millis(3_000_000) };
        let keys = Keys::from_iter([("k1".to_owned(), key)]);
        let jwks = keys.jwks(Timestamp::from_millis(0));
        assert_eq!(jwks["keys"][0]["kid"], "k1");
        assert_eq!(jwks["keys"][0]["crv"], "Ed25519");
        assert_eq!(keys.jwks(Timestamp::from_millis(3_000_000))["keys"], serde_json::json!([]));
    }
}
