//! Writes access tokens: JWTs signed with the cell's own Ed25519 key, as the edge reads them (RFC 8725, RFC 9068).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cell_kernel::VendorRole;
use serde::Serialize;
use svc_auth::facts::{Claims, TokenAudience, TokenSigner};

use crate::keys::SigningKeys;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Payload<'a> {
    iss: &'static str,
    sub: &'a str,
    aud: &'static str,
    /// Unix seconds, as the two below.
    iat: i64,
    nbf: i64,
    exp: i64,
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<VendorRole>,
}

impl TokenSigner for SigningKeys {
    fn sign(&self, claims: &Claims) -> String {
        let payload = part(&payload(claims));
        loop {
            let named = self.kid();
            let header = part(&Header { alg: "EdDSA", typ: "at+jwt", kid: &named });
            let signed = format!("{header}.{payload}");
            let (kid, signature) = SigningKeys::sign(self, signed.as_bytes());
            // The next key may have begun to sign in between.
            if kid == named {
                return format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
            }
        }
    }
}

fn payload(claims: &Claims) -> Payload<'_> {
    let (aud, vendor, role) = match &claims.audience {
        TokenAudience::Shopper => ("shopper", None, None),
        TokenAudience::Vendor { vendor, role } => ("vendor", Some(vendor.as_str()), Some(*role)),
        TokenAudience::Operator => ("operator", None, None),
    };
    Payload {
        iss: "souk",
        sub: claims.subject.as_str(),
        aud,
        iat: claims.issued_at.as_secs(),
        nbf: claims.issued_at.as_secs(),
        exp: claims.expires_at.as_secs(),
        sid: &claims.session,
        vendor,
        role,
    }
}

fn part(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain fields always serialise");
    URL_SAFE_NO_PAD.encode(json)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base_time::{Clock as _, SystemClock};
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use cell_kernel::VendorRole;
    use ring::signature::{ED25519, UnparsedPublicKey};
    use svc_auth::facts::{Claims, TokenAudience, TokenSigner};

    use crate::keys::{Config, SigningKeys};

    #[test]
    fn a_token_says_what_the_edge_reads_and_its_signature_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        let keys =
            SigningKeys::open(file, "cell-1", Config::default(), Arc::new(SystemClock)).unwrap();
        let issued_at = SystemClock.now();
        let claims = Claims {
            subject: "users/u1".parse().unwrap(),
            session: "s1".to_owned(),
            audience: TokenAudience::Vendor {
                vendor: "vendors/atlas".parse().unwrap(),
                role: VendorRole::Manager,
            },
            issued_at,
            expires_at: issued_at.after(std::time::Duration::from_mins(10)),
        };
        let token = TokenSigner::sign(&keys, &claims);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        let read = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let kid = keys.kid();
        assert_eq!(
            read(header),
            serde_json::json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid })
        );
        let secs = issued_at.as_secs();
        assert_eq!(
            read(payload),
            serde_json::json!({
                "iss": "souk", "sub": "users/u1", "aud": "vendor", "iat": secs, "nbf": secs, "exp": secs + 600,
                "sid": "s1", "vendor": "vendors/atlas", "role": "manager",
            })
        );
        let public = keys.public().into_iter().find(|key| key.kid == kid).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let proven = UnparsedPublicKey::new(&ED25519, public.public_key);
        assert!(proven.verify(signed.as_bytes(), &signature).is_ok());
    }
}
