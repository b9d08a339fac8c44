//! The access token, written and read in one place: a JWT signed with Ed25519, as RFC 8725 and RFC 9068 want it.

use std::{collections::BTreeMap, fmt};

use base_fault::{Code, Fault};
use base_ids::{Tenant, TenantKind};
use base_time::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cell_kernel::{Audience, Caller, VendorRole};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest token, in bytes.
pub const TOKEN_LEN_MAX: usize = 4096;
/// By how much the clock of who signed may be ahead of ours, in milliseconds.
const SKEW_MS: i64 = 60_000;
const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";
const ISSUER: &str = "souk";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The registered user it speaks for.
    pub subject: Tenant,
    /// The session it belongs to.
    pub session: String,
    /// What it lets in as.
    pub audience: TokenAudience,
    /// When it was issued; whole seconds.
    pub issued_at: Timestamp,
    /// When it runs out; whole seconds.
    pub expires_at: Timestamp,
}

/// What a token lets in as. A token has exactly one audience and is worth nothing to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAudience {
    /// A registered user, shopping.
    Shopper,
    /// A member of a vendor's team.
    Vendor {
        /// Whose.
        vendor: Tenant,
        /// As what.
        role: VendorRole,
    },
    /// An operator of the platform.
    Operator,
}

/// Public halves of the keys that access tokens are signed with, by `kid`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, Key>);

/// One public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// After this point tokens signed with it prove nothing.
    pub accepted_until: Timestamp,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// It has run out.
    Expired,
    /// It is not one of ours; the text says what is wrong with it.
    Forged(&'static str),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("the access token has run out"),
            Self::Forged(why) => write!(f, "the access token {why}"),
        }
    }
}

impl std::error::Error for Unproven {}

impl From<Unproven> for Fault {
    fn from(unproven: Unproven) -> Self {
        let code = match unproven {
            Unproven::Expired => Code::TokenExpired,
            Unproven::Forged(_) => Code::Unauthenticated,
        };
        Self::caller(code, unproven.to_string())
    }
}

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

    /// The keys as a JSON Web Key Set (RFC 8037), without those that are no longer accepted.
    pub fn jwks(&self, now: Timestamp) -> serde_json::Value {
        let accepted = self.0.iter().filter(|(_, key)| now < key.accepted_until);
        let keys: Vec<_> = accepted
            .map(|(kid, key)| {
                let x = URL_SAFE_NO_PAD.encode(key.public_key);
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": kid, "x": x,
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Extensions that a reader must understand (RFC 7515 §4.1.11); we know none.
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    /// Unix seconds, as the two below.
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<VendorRole>,
}

impl AccessClaims {
    /// Writes the token. `sign` makes the Ed25519 signature of the bytes it is given, with the key that `kid` names.
    pub fn encode(&self, kid: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let (aud, vendor, role) = match &self.audience {
            TokenAudience::Shopper => ("shopper", None, None),
            TokenAudience::Vendor { vendor, role } => {
                ("vendor", Some(vendor.to_string()), Some(*role))
            }
            TokenAudience::Operator => ("operator", None, None),
        };
        let header =
            Header { alg: ALGORITHM.into(), typ: TYPE.into(), kid: kid.into(), crit: None };
        let claims = Claims {
            iss: ISSUER.into(),
            sub: self.subject.to_string(),
            aud: aud.into(),
            iat: self.issued_at.as_secs(),
            nbf: None,
            exp: self.expires_at.as_secs(),
            sid: self.session.clone(),
            vendor,
            role,
        };
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Reads a token and proves it at the time `now`. Also tells the `kid` it was signed with.
    pub fn verify(token: &str, keys: &Keys, now: Timestamp) -> Result<(Self, String), Unproven> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(Unproven::Forged("is too long"));
        }
        let malformed = Unproven::Forged("is not a signed token");
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let header: Header = read(header).ok_or(malformed)?;
        // RFC 8725 §3.1 and §3.11: one algorithm and one type, named by us and not by the token.
        if header.alg != ALGORITHM || header.typ != TYPE || header.crit.is_some() {
            return Err(Unproven::Forged("is not of the kind that is accepted here"));
        }
        let unknown = Unproven::Forged("is signed with a key that is not known");
        let key = keys.get(&header.kid).ok_or(unknown)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
        UnparsedPublicKey::new(&ED25519, &key.public_key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| Unproven::Forged("has a signature that does not hold"))?;
        let claims: Claims = read(claims).ok_or(malformed)?;
        let claims = Self::of(claims, now)?;
        if claims.expires_at <= now || key.accepted_until <= now {
            return Err(Unproven::Expired);
        }
        Ok((claims, header.kid))
    }

    /// Who asks with this token.
    pub fn caller(&self) -> Caller {
        let subject = self.subject.clone();
        let caller = match &self.audience {
            TokenAudience::Shopper => Caller::shopper(subject),
            TokenAudience::Vendor { vendor, role } => {
                Caller::vendor(subject, vendor.clone(), *role)
            }
            TokenAudience::Operator => Caller::operator(subject),
        };
        debug_assert!(!matches!(caller.audience, Audience::Platform { .. }));
        Caller { session: Some(self.session.clone()), ..caller }
    }

    fn of(claims: Claims, now: Timestamp) -> Result<Self, Unproven> {
        let foreign = Unproven::Forged("was not issued for this platform");
        if claims.iss != ISSUER {
            return Err(foreign);
        }
        let named = |name: &str, kind| {
            let tenant: Option<Tenant> = name.parse().ok();
            tenant.filter(|tenant| tenant.kind() == kind && !tenant.is_guest())
        };
        let subject = named(&claims.sub, TenantKind::User)
            .ok_or(Unproven::Forged("does not speak for a registered user"))?;
        let audience = match (claims.aud.as_str(), claims.vendor, claims.role) {
            ("shopper", None, None) => TokenAudience::Shopper,
            ("operator", None, None) => TokenAudience::Operator,
            ("vendor", Some(vendor), Some(role)) => {
                let vendor = named(&vendor, TenantKind::Vendor)
                    .ok_or(Unproven::Forged("does not speak for a vendor"))?;
                TokenAudience::Vendor { vendor, role }
            }
            _ => return Err(foreign),
        };
        let point = |secs: i64| Timestamp::from_millis(secs.saturating_mul(1000));
        let latest = Timestamp::from_millis(now.as_millis().saturating_add(SKEW_MS));
        let valid_from = point(claims.iat.max(claims.nbf.unwrap_or(i64::MIN)));
        if valid_from > latest || claims.exp < claims.iat {
            return Err(Unproven::Forged("is not valid yet"));
        }
        let (issued_at, expires_at) = (point(claims.iat), point(claims.exp));
        Ok(Self { subject, session: claims.sid, audience, issued_at, expires_at })
    }
}

fn part(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain fields always serialise");
    URL_SAFE_NO_PAD.encode(json)
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use cell_kernel::VendorRole;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::{AccessClaims, Key, Keys, TokenAudience, Unproven};

    const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
    const CLAIMS: &str =
        r#"{"iss":"souk","sub":"users/u1","aud":"shopper","iat":1000,"exp":2000,"sid":"s1"}"#;

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn keys() -> Keys {
        let public_key = pair().public_key().as_ref().try_into().unwrap();
        let accepted_until = Timestamp::from_millis(3_000_000);
        Keys::from_iter([("k1".to_owned(), Key { public_key, accepted_until })])
    }

    fn token(header: &str, claims: &str) -> String {
        let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = URL_SAFE_NO_PAD.encode(pair().sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn at(secs: i64, token: &str) -> Result<AccessClaims, Unproven> {
        let now = Timestamp::from_millis(secs * 1000);
        AccessClaims::verify(token, &keys(), now).map(|(claims, _)| claims)
    }

    #[test]
    fn what_is_written_reads_back() {
        let vendor = "vendors/atlas".parse().unwrap();
        for audience in [
            TokenAudience::Shopper,
            TokenAudience::Operator,
            TokenAudience::Vendor { vendor, role: VendorRole::Manager },
        ] {
            let claims = AccessClaims {
                subject: "users/u1".parse().unwrap(),
                session: "s1".into(),
                audience,
                issued_at: Timestamp::from_millis(1_000_000),
                expires_at: Timestamp::from_millis(1_900_000),
            };
            let token = claims.encode("k1", |bytes| pair().sign(bytes).as_ref().to_vec());
            assert_eq!(at(1500, &token), Ok(claims));
        }
    }

    #[test]
    fn a_token_holds_from_its_issue_to_its_end_and_not_longer_than_its_key() {
        let genuine = token(HEADER, CLAIMS);
        assert!(at(940, &genuine).is_ok(), "a clock may be a minute ahead");
        assert!(matches!(at(939, &genuine), Err(Unproven::Forged(_))));
        assert!(at(1999, &genuine).is_ok());
        assert_eq!(at(2000, &genuine), Err(Unproven::Expired));
        let long = token(HEADER, &CLAIMS.replace("2000", "9000"));
        assert_eq!(at(3000, &long), Err(Unproven::Expired));
    }

    #[test]
    fn forged_and_foreign_tokens_prove_nothing() {
        let header = |from: &str, to: &str| token(&HEADER.replace(from, to), CLAIMS);
        let claims = |from: &str, to: &str| token(HEADER, &CLAIMS.replace(from, to));
        let genuine = token(HEADER, CLAIMS);
        let (signed, _) = genuine.rsplit_once('.').unwrap();
        let (_, other) =
            claims("u1", "u2").rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        for forged in [
            String::new(),
            "a.b.c".into(),
            "..".into(),
            format!("{genuine}x"),
            format!("{signed}."),
            format!("{signed}.{other}"),
            format!("{signed}.{}", "a".repeat(5000)),
            header("EdDSA", "none"),
            header("EdDSA", "HS256"),
            header("EdDSA", "eddsa"),
            header("at+jwt", "JWT"),
            header("k1", "k2"),
            header("k1", "../k1"),
            header("}", r#","crit":["b64"]}"#),
            header("}", r#","alg":"none"}"#),
            claims("souk", "bazaar"),
            claims("shopper", "fleet"),
            claims("shopper", "vendor"),
            claims(r#""shopper""#, r#"["shopper","operator"]"#),
            claims("users/u1", "vendors/u1"),
            claims("users/u1", "users/g-aaaaaaaaaaaaaaaaaaaaaaaaaa"),
            claims("}", r#","vendor":"vendors/v","role":"owner"}"#),
            claims("}", r#","sub":"users/u2"}"#),
            claims("}", r#","nbf":1900}"#),
            claims("2000", "2000.5"),
            claims(r#","exp":2000"#, ""),
        ] {
            assert!(matches!(at(1500, &forged), Err(Unproven::Forged(_))), "{forged}");
        }
    }

    #[test]
    fn the_key_set_names_only_keys_that_are_accepted() {
        let jwks = keys().jwks(Timestamp::from_millis(0));
        assert_eq!(jwks["keys"][0]["kid"], "k1");
        assert_eq!(jwks["keys"][0]["crv"], "Ed25519");
        assert_eq!(keys().jwks(Timestamp::from_millis(3_000_000))["keys"], serde_json::json!([]));
    }
}
