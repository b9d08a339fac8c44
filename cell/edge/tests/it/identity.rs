//! Tokens at the door: forged, foreign, expired; and who is who behind it.

use base_token::TokenAudience;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cell_kernel::{Audience, Caller, VendorRole};
use serde_json::{Value, json};

use crate::house::{
    GUEST, GUEST_NAME, House, NOW_SECS, bearer, claims, get, operator, pair, shopper, staff_of,
    tenant,
};

const PROFILE: &str = "/v1/users/u1/profile";

/// A token that is signed with our key, whatever it says.
fn signed(header: &Value, claims: &Value) -> String {
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = pair().sign(signed.as_bytes());
    format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn genuine() -> (Value, Value) {
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" });
    let claims = json!({ "iss": "souk", "sub": "users/u1", "aud": "shopper", "iat": NOW_SECS - 10, "exp": NOW_SECS + 900, "sid": "s1" });
    (header, claims)
}

#[tokio::test]
async fn only_a_genuine_token_opens_the_door() {
    let house = House::new().await;
    let (header, claims) = genuine();
    assert_eq!(house.ask(get(PROFILE, &signed(&header, &claims))).await.status, 200);
    let with = |of: &Value, name: &str, value: Value| {
        let mut changed = of.clone();
        changed[name] = value;
        changed
    };
    let unsigned = {
        let header = with(&header, "alg", json!("none"));
        let parts = [&header, &claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("Bearer {}.", parts.join("."))
    };
    let bad = [
        (unsigned, "unauthenticated"),
        (signed(&with(&header, "alg", json!("none")), &claims), "unauthenticated"),
        (signed(&with(&header, "alg", json!("HS256")), &claims), "unauthenticated"),
        (signed(&with(&header, "kid", json!("../../etc/passwd")), &claims), "unauthenticated"),
        (signed(&with(&header, "kid", json!("")), &claims), "unauthenticated"),
        (signed(&with(&header, "kid", json!(["k1"])), &claims), "unauthenticated"),
        (signed(&with(&header, "typ", json!("JWT")), &claims), "unauthenticated"),
        (signed(&with(&header, "crit", json!(["exp"])), &claims), "unauthenticated"),
        (signed(&header, &with(&claims, "iss", json!("bazaar"))), "unauthenticated"),
        (signed(&header, &with(&claims, "aud", json!(["shopper", "operator"]))), "unauthenticated"),
        (signed(&header, &with(&claims, "aud", json!("fleet"))), "unauthenticated"),
        (signed(&header, &with(&claims, "iat", json!(NOW_SECS + 3600))), "unauthenticated"),
        (signed(&header, &with(&claims, "exp", json!(NOW_SECS))), "token_expired"),
        (format!("Bearer {}", "a".repeat(10_000)), "unauthenticated"),
        (format!("{}x", shopper()), "unauthenticated"),
    ];
    house.calls();
    for (authorization, code) in bad {
        let heard = house.ask(get(PROFILE, &authorization)).await;
        assert_eq!(
            (heard.status, heard.json()["code"].as_str()),
            (401, Some(code)),
            "{authorization}"
        );
        assert_eq!(heard.header("www-authenticate"), "Bearer");
        // A token that proves nothing is not taken for no token, even where none is needed.
        assert_eq!(house.ask(get("/v1/offers", &authorization)).await.status, 401);
    }
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn a_token_that_brings_a_key_is_none_of_ours_even_if_ours_signed_it() {
    let house = House::new().await;
    let (mut header, claims) = genuine();
    header["jku"] = json!("https://evil.example/jwks.json");
    header["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" });
    assert_eq!(house.ask(get(PROFILE, &signed(&header, &claims))).await.status, 401);
}

#[tokio::test]
async fn the_desk_learns_who_asks_from_the_proof_alone() {
    let house = House::new().await;
    let who = async |path: &str, authorization: &str| {
        assert_eq!(house.ask(get(path, authorization)).await.status, 200, "{path}");
        let call = house.call();
        (call.caller, call.tenant.to_string())
    };
    let shop = Caller { session: Some("s1".into()), ..Caller::shopper(tenant("users/u1")) };
    assert_eq!(who("/v1/users/me/profile", &shopper()).await, (shop.clone(), "users/u1".into()));
    assert_eq!(who("/v1/offers", &shopper()).await, (shop, "users/u1".into()));
    let (caller, home) = who("/v1/vendors/atlas/stock", &staff_of("vendors/atlas")).await;
    let audience = Audience::Vendor { vendor: tenant("vendors/atlas"), role: VendorRole::Staff };
    assert_eq!((caller.audience, home.as_str()), (audience, "vendors/atlas"));
    let (caller, home) = who("/v1/users/u2/profile", &operator()).await;
    assert_eq!((caller.audience, home.as_str()), (Audience::Operator, "users/u2"));
    let (caller, home) = who("/v1/users/me/profile", &format!("Guest {GUEST}")).await;
    assert_eq!((caller.audience, home.as_str()), (Audience::Guest, GUEST_NAME));
}

#[tokio::test]
async fn a_visitor_without_anything_gets_a_secret_to_keep() {
    let house = House::new().await;
    let request = http::Request::builder()
        .uri("/v1/users/me/profile")
        .body(axum::body::Body::empty())
        .unwrap();
    let heard = house.ask(request).await;
    let cookie = heard.header("set-cookie");
    assert!(
        cookie.starts_with("souk_guest=")
            && cookie.ends_with("HttpOnly; SameSite=Lax; Max-Age=15552000; Secure"),
        "{cookie}"
    );
    let first = house.call();
    let kept = cookie.split(';').next().unwrap();
    let request = http::Request::builder()
        .uri("/v1/users/me/profile")
        .header("cookie", kept)
        .body(axum::body::Body::empty())
        .unwrap();
    let heard = house.ask(request).await;
    assert_eq!((heard.status, heard.header("set-cookie")), (200, ""));
    assert_eq!(house.call().tenant, first.tenant);
}

#[tokio::test]
async fn the_public_keys_are_published() {
    let house = House::new().await;
    let heard = house.ask(get("/.well-known/jwks.json", "")).await;
    assert_eq!(heard.json()["keys"][0]["kid"], "k1");
    let mut old = claims(TokenAudience::Shopper);
    old.expires_at = old.issued_at;
    assert_eq!(house.ask(get(PROFILE, &bearer(&old))).await.json()["code"], "token_expired");
}
