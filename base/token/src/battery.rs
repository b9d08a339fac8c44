//! The battery: what RFC 8725 warns of, one line each, and what holds.

use base_time::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use crate::{AccessClaims, Key, Proven, TokenAudience, Unproven, VendorRole, prove};

const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#;
const CLAIMS: &str =
    r#"{"iss":"souk","sub":"users/u1","aud":"shopper","iat":1000,"exp":2000,"sid":"s1"}"#;

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn public() -> [u8; 32] {
    pair(7).public_key().as_ref().try_into().unwrap()
}

fn key_of(kid: &str) -> Option<Key> {
    let accepted_until = Timestamp::from_millis(3_000_000);
    (kid == "k1").then(|| Key { public_key: public(), accepted_until })
}

fn signed_with(header: &str, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn token(header: &str, claims: &str) -> String {
    signed_with(header, claims, |bytes| pair(7).sign(bytes).as_ref().to_vec())
}

fn holds(public_key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

fn at(secs: i64, token: &str) -> Result<Proven, Unproven> {
    prove(token, Timestamp::from_millis(secs * 1000), key_of, holds)
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
        let token = claims.encode("k1", |bytes| pair(7).sign(bytes).as_ref().to_vec());
        let until = claims.expires_at;
        assert_eq!(at(1500, &token), Ok(Proven { claims, kid: "k1".into(), until }));
    }
}

/// While keys are changed, old and new ones hold side by side, each until its own end.
#[test]
fn of_several_keys_the_one_that_is_named_decides() {
    let keys = |kid: &str| {
        let (seed, until) = match kid {
            "old" => (7, 1_600_000),
            "new" => (8, 3_000_000),
            _ => return None,
        };
        let public_key = pair(seed).public_key().as_ref().try_into().unwrap();
        Some(Key { public_key, accepted_until: Timestamp::from_millis(until) })
    };
    let at = |secs: i64, kid: &str, seed: u8| {
        let header = HEADER.replace("k1", kid);
        let token = signed_with(&header, CLAIMS, |bytes| pair(seed).sign(bytes).as_ref().to_vec());
        prove(&token, Timestamp::from_millis(secs * 1000), keys, holds).map(|proven| proven.kid)
    };
    assert_eq!((at(1500, "old", 7), at(1500, "new", 8)), (Ok("old".into()), Ok("new".into())));
    assert_eq!(
        (at(1600, "old", 7), at(1600, "new", 8)),
        (Err(Unproven::Expired), Ok("new".into()))
    );
    assert!(matches!(at(1500, "new", 7), Err(Unproven::Forged(_))), "another's name");
    assert_eq!(at(1500, "next", 8), Err(Unproven::UnknownKey));
}

#[test]
fn a_token_holds_from_its_issue_to_its_end_and_not_longer_than_its_key() {
    let genuine = token(HEADER, CLAIMS);
    assert!(at(940, &genuine).is_ok(), "a clock may be a minute ahead");
    assert!(matches!(at(939, &genuine), Err(Unproven::Forged(_))));
    assert!(at(1999, &genuine).is_ok());
    assert_eq!(at(2000, &genuine), Err(Unproven::Expired));
    let long = token(HEADER, &CLAIMS.replace("2000", "9000"));
    assert_eq!(at(2999, &long).unwrap().until, Timestamp::from_millis(3_000_000));
    assert_eq!(at(3000, &long), Err(Unproven::Expired));
    let later = token(HEADER, &CLAIMS.replace('}', r#","nbf":1600}"#));
    assert!(at(1540, &later).is_ok() && at(1539, &later).is_err());
    let endless = token(HEADER, &CLAIMS.replace("2000", &i64::MAX.to_string()));
    assert_eq!(at(2999, &endless).unwrap().until, Timestamp::from_millis(3_000_000));
}

#[test]
fn what_rfc_8725_warns_of_proves_nothing() {
    let header = |from: &str, to: &str| token(&HEADER.replace(from, to), CLAIMS);
    let extra = |field: &str| header("}", &format!(",{field}}}"));
    let claims = |from: &str, to: &str| token(HEADER, &CLAIMS.replace(from, to));
    let genuine = token(HEADER, CLAIMS);
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let (parts, other) = (claims("u1", "u2"), pair(8));
    let (_, others_signature) = parts.rsplit_once('.').unwrap();
    let hmac_with_public_key = |header: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &public());
        signed_with(header, CLAIMS, |bytes| hmac::sign(&key, bytes).as_ref().to_vec())
    };
    let public = URL_SAFE_NO_PAD.encode(other.public_key().as_ref());
    let own_key = |field: &str| {
        let header = HEADER.replace('}', &format!(",{field}}}"));
        signed_with(&header, CLAIMS, |bytes| other.sign(bytes).as_ref().to_vec())
    };
    let battery = [
        // §2.1, §3.1: the algorithm is not the token's to choose.
        ("none", header("EdDSA", "none")),
        ("none, unsigned", format!("{}.", signed_of(&HEADER.replace("EdDSA", "none")))),
        ("NoNe", header("EdDSA", "NoNe")),
        ("no algorithm", header(r#""alg":"EdDSA","#, "")),
        ("another spelling", header("EdDSA", "eddsa")),
        ("the public key as HMAC secret", hmac_with_public_key(&HEADER.replace("EdDSA", "HS256"))),
        ("the same, lying about it", hmac_with_public_key(HEADER)),
        ("ES256", header("EdDSA", "ES256")),
        ("two algorithms", extra(r#""alg":"none""#)),
        // §2.2 and §3.2: signatures.
        ("no signature", format!("{signed}.")),
        ("another token's signature", format!("{signed}.{others_signature}")),
        (
            "another key's signature",
            signed_with(HEADER, CLAIMS, |b| other.sign(b).as_ref().to_vec()),
        ),
        ("a longer signature", format!("{genuine}x")),
        ("a padded signature", format!("{genuine}==")),
        ("a shorter signature", format!("{signed}.{}", &signature[..80])),
        ("standard base64", format!("{signed}.{}", signature.replace(['-', '_'], "+"))),
        // §3.10: keys come from us and from nowhere else.
        ("jwk", own_key(&format!(r#""jwk":{{"kty":"OKP","crv":"Ed25519","x":"{public}"}}"#))),
        ("jku", own_key(r#""jku":"https://evil.example/keys.json""#)),
        ("x5u", own_key(r#""x5u":"https://evil.example/cert.pem""#)),
        ("x5c", own_key(r#""x5c":["MIIB"]"#)),
        ("jku, signed with a known key", extra(r#""jku":"https://evil.example/keys.json""#)),
        ("no key id", header(r#","kid":"k1""#, "")),
        ("a list of key ids", header(r#""k1""#, r#"["k1"]"#)),
        ("two key ids", extra(r#""kid":"k1""#)),
        // §3.6, RFC 7515 §4.1.11, RFC 7516: extensions, compression, encryption.
        ("crit", extra(r#""crit":["b64"]"#)),
        ("b64", extra(r#""b64":false"#)),
        ("zip", extra(r#""zip":"DEF""#)),
        ("enc", extra(r#""enc":"A256GCM""#)),
        ("five parts", format!("{genuine}.a.b")),
        // §3.11, §3.12: one kind of token is not another.
        ("JWT", header("at+jwt", "JWT")),
        ("no type", header(r#""typ":"at+jwt","#, "")),
        ("an ID token", header("at+jwt", "id+jwt")),
        // §3.8, §3.9: issuer, subject, audience.
        ("another issuer", claims("souk", "bazaar")),
        ("no issuer", claims(r#""iss":"souk","#, "")),
        ("another audience", claims("shopper", "fleet")),
        ("an audience without what it needs", claims("shopper", "vendor")),
        ("two audiences", claims(r#""shopper""#, r#"["shopper","operator"]"#)),
        ("an audience with more", claims("}", r#","vendor":"vendors/v","role":"owner"}"#)),
        ("a vendor's subject", claims("users/u1", "vendors/u1")),
        ("a guest's subject", claims("users/u1", "users/g-aaaaaaaaaaaaaaaaaaaaaaaaaa")),
        ("a subject that is no name", claims("users/u1", "users/../u1")),
        ("two subjects", claims("}", r#","sub":"users/u2"}"#)),
        // §3.8 and RFC 7519 §4.1.4 to 6: times.
        ("not before, too far ahead", claims("}", r#","nbf":1900}"#)),
        ("issued too far ahead", claims("1000", "1900")),
        ("no end", claims(r#","exp":2000"#, "")),
        ("an end before the issue", claims("1000", "2500")),
        ("an end that is no whole number", claims("2000", "2000.5")),
        ("an end in words", claims("2000", r#""2000""#)),
        ("an end beyond numbers", claims("2000", "99999999999999999999")),
        // §3.2, §3.7: form and size.
        ("nothing", String::new()),
        ("dots", "..".into()),
        ("letters", "a.b.c".into()),
        ("one part", "abc".into()),
        ("a list as header", token("[]", CLAIMS)),
        ("no JSON as claims", token(HEADER, "claims")),
        ("bytes that are no text", token(HEADER, "\u{0}\u{1}")),
        ("too long", token(HEADER, &CLAIMS.replace("s1", &"s".repeat(4096)))),
        ("deep nesting", token(HEADER, &format!("{}{}", "[".repeat(1_000), "]".repeat(1_000)))),
    ];
    for (what, forged) in battery {
        let found = at(1500, &forged);
        assert!(matches!(found, Err(Unproven::Forged(_))), "{what}: {found:?}");
    }
    for kid in ["k2", "", "../k1", "k1\\u0000", "' OR 1=1 --", "/dev/null", &"k".repeat(1_000)] {
        assert_eq!(at(1500, &header("k1", kid)), Err(Unproven::UnknownKey), "{kid}");
    }
}

fn signed_of(header: &str) -> String {
    [header, CLAIMS].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}
