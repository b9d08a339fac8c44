//! A token as text: header, claims and signature, written and read.

use base_ids::{Tenant, TenantKind};
use base_time::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{AccessClaims, TokenAudience, Unproven, VendorRole};

/// Longest token, in bytes.
pub const LEN_MAX: usize = 4096;
/// The one algorithm, as a header and a key set name it.
pub const ALGORITHM: &str = "EdDSA";
/// By how much the clock of who signed may be ahead of ours, in milliseconds.
const SKEW_MS: i64 = 60_000;
const TYPE: &str = "at+jwt";
const ISSUER: &str = "souk";

/// The public half of a key that tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Ed25519 public key.
    pub public_key: [u8; 32],
    /// After this point tokens signed with it prove nothing.
    pub accepted_until: Timestamp,
}

/// A token that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What it says.
    pub claims: AccessClaims,
    /// The id of the key it is signed with.
    pub kid: String,
    /// How long it holds: to its end, and not longer than its key.
    pub until: Timestamp,
}

/// All that a header of ours has. One that brings a key (`jwk`, `jku`, `x5c`, `x5u`) or asks for more (`crit`, `zip`, `enc`) is none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
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
        let header = Header { alg: ALGORITHM.into(), typ: TYPE.into(), kid: kid.into() };
        let signed = format!("{}.{}", part(&header), part(&Claims::of(self)));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Reads a token and proves it at the time `now`. `key` finds a key by its id; `holds` says whether a signature is that of a message
/// under a public key: public key, message, signature.
///
/// # Errors
/// The token has run out, or is not one of ours.
pub fn prove(
    token: &str,
    now: Timestamp,
    key: impl FnOnce(&str) -> Option<Key>,
    holds: impl FnOnce(&[u8; 32], &[u8], &[u8]) -> bool,
) -> Result<Proven, Unproven> {
    if token.len() > LEN_MAX {
        return Err(Unproven::Forged("is too long"));
    }
    let malformed = Unproven::Forged("is not a signed token");
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(malformed)?;
    let foreign = Unproven::Forged("is not of the kind that is accepted here");
    let header: Header = read(header).ok_or(foreign)?;
    // RFC 8725 §3.1 and §3.11: one algorithm and one type, named by us and not by the token.
    if header.alg != ALGORITHM || header.typ != TYPE {
        return Err(foreign);
    }
    let key = key(&header.kid).ok_or(Unproven::UnknownKey)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
    if !holds(&key.public_key, signed.as_bytes(), &signature) {
        return Err(Unproven::Forged("has a signature that does not hold"));
    }
    let claims: Claims = read(claims).ok_or(malformed)?;
    let claims = claims.check(now)?;
    let until = claims.expires_at.min(key.accepted_until);
    if now < until { Ok(Proven { claims, kid: header.kid, until }) } else { Err(Unproven::Expired) }
}

impl Claims {
    fn of(claims: &AccessClaims) -> Self {
        let (aud, vendor, role) = match &claims.audience {
            TokenAudience::Shopper => ("shopper", None, None),
            TokenAudience::Vendor { vendor, role } => {
                ("vendor", Some(vendor.to_string()), Some(*role))
            }
            TokenAudience::Operator => ("operator", None, None),
        };
        Self {
            iss: ISSUER.into(),
            sub: claims.subject.to_string(),
            aud: aud.into(),
            iat: claims.issued_at.as_secs(),
            nbf: Some(claims.issued_at.as_secs()),
            exp: claims.expires_at.as_secs(),
            sid: claims.session.clone(),
            vendor,
            role,
        }
    }

    fn check(self, now: Timestamp) -> Result<AccessClaims, Unproven> {
        let foreign = Unproven::Forged("was not issued for this platform");
        if self.iss != ISSUER {
            return Err(foreign);
        }
        let named = |name: &str, kind| {
            let tenant: Option<Tenant> = name.parse().ok();
            tenant.filter(|tenant| tenant.kind() == kind && !tenant.is_guest())
        };
        let subject = named(&self.sub, TenantKind::User)
            .ok_or(Unproven::Forged("does not speak for a registered user"))?;
        let audience = match (self.aud.as_str(), self.vendor, self.role) {
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
        let valid_from = point(self.iat.max(self.nbf.unwrap_or(i64::MIN)));
        if valid_from > latest || self.exp < self.iat {
            return Err(Unproven::Forged("is not valid yet"));
        }
        let (issued_at, expires_at) = (point(self.iat), point(self.exp));
        Ok(AccessClaims { subject, session: self.sid, audience, issued_at, expires_at })
    }
}

fn part(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain fields always serialise");
    URL_SAFE_NO_PAD.encode(json)
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
