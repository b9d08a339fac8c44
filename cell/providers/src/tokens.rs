//! Signs access tokens with the cell's own Ed25519 key.

use base_token::AccessClaims;
use svc_auth::facts::TokenSigner;

use crate::keys::SigningKeys;

impl TokenSigner for SigningKeys {
    fn sign(&self, claims: &AccessClaims) -> String {
        loop {
            let named = self.kid();
            let mut signed_with = None;
            let token = claims.encode(&named, |message| {
                let (kid, signature) = SigningKeys::sign(self, message);
                signed_with = Some(kid);
                signature
            });
            // The next key may have begun to sign in between.
            if signed_with.as_ref() == Some(&named) {
                return token;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base_time::{Clock as _, SystemClock};
    use base_token::{AccessClaims, Key, TokenAudience, VendorRole};
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::signature::{ED25519, UnparsedPublicKey};
    use svc_auth::facts::TokenSigner;

    use crate::keys::{Config, SigningKeys};

    #[test]
    fn a_token_names_its_key_and_its_signature_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        let keys =
            SigningKeys::open(file, "cell-1", Config::default(), Arc::new(SystemClock)).unwrap();
        let issued_at = base_time::Timestamp::from_millis(SystemClock.now().as_secs() * 1000);
        let vendor = "vendors/atlas".parse().unwrap();
        let claims = AccessClaims {
            subject: "users/u1".parse().unwrap(),
            session: "s1".to_owned(),
            audience: TokenAudience::Vendor { vendor, role: VendorRole::Manager },
            issued_at,
            expires_at: issued_at.after(std::time::Duration::from_mins(10)),
        };
        let token = TokenSigner::sign(&keys, &claims);
        let key = |kid: &str| {
            let public = keys.public().into_iter().find(|key| key.kid == kid)?;
            let public_key = public.public_key.try_into().ok()?;
            Some(Key { public_key, accepted_until: public.accepted_until })
        };
        let holds = |public_key: &[u8; 32], message: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
        };
        let proven = base_token::prove(&token, issued_at, key, holds).unwrap();
        assert_eq!((proven.claims, proven.kid), (claims, keys.kid()));

        // What a reader of another make must find (RFC 9068).
        let payload = token.split('.').nth(1).unwrap();
        let payload: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let secs = issued_at.as_secs();
        assert_eq!(
            payload,
            serde_json::json!({
                "iss": "souk", "sub": "users/u1", "aud": "vendor", "iat": secs, "nbf": secs, "exp": secs + 600,
                "sid": "s1", "vendor": "vendors/atlas", "role": "manager",
            })
        );
    }
}
