//! Tokens that are wrong in one thing each, signed with a key that the platform believes: what is wrong is all that can be seen.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use base_testkit::eventually;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Case;
use crate::{
    http::{As, Ask},
    journey::stage::Set,
    launch::Member,
    say,
};

/// How soon a token must be refused once its session has been ended.
const REFUSED_WITHIN: Duration = Duration::from_secs(10);
/// Past the difference that clocks may have, in seconds.
const LONG: i64 = 3_600;

/// A cell's key, taken from its directory as a thief would.
struct Stolen {
    kid: String,
    pair: Ed25519KeyPair,
}

#[derive(Deserialize)]
struct Stored {
    kid: String,
    pkcs8: String,
}

impl Stolen {
    fn of(set: &Set) -> anyhow::Result<Self> {
        let file = set.fleet.place().data(&Member::Cell(1).to_string()).join("keys.json");
        let stored = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let stored: Vec<Stored> = serde_json::from_slice(&stored)?;
        let Stored { kid, pkcs8 } = stored.into_iter().next().context("the cell has no key")?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&STANDARD.decode(pkcs8)?);
        let pair = pair.map_err(|error| anyhow::anyhow!("the cell's key: {error}"))?;
        Ok(Self { kid, pair })
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid})
    }

    fn sign(&self, header: &Value, claims: &str) -> As {
        let signed = signed(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        As::Token(format!("{signed}.{signature}"))
    }

    /// The public key taken for a shared secret: what a reader falls for that lets the token choose the algorithm.
    fn confuse(&self, claims: &str) -> As {
        let signed = signed(&json!({"alg": "HS256", "typ": "at+jwt", "kid": self.kid}), claims);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, signed.as_bytes()));
        As::Token(format!("{signed}.{tag}"))
    }
}

fn signed(header: &Value, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims))
}

/// What a genuine token says.
fn claims_of(token: &As) -> anyhow::Result<Value> {
    let As::Token(token) = token else { anyhow::bail!("the shopper has no token") };
    let claims = token.split('.').nth(1).context("the token has no claims")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?)
}

/// Asks for the profile of a vendor's owner with tokens of theirs that are wrong in one thing each: by name, so that the cell
/// reads the token, and as `users/me`, so that the router does.
///
/// Errors: the fleet's key cannot be had, or what it signs is not believed when nothing is wrong.
pub(super) async fn cases(set: &Set) -> anyhow::Result<Vec<Case>> {
    let owner = &set.market.stalls[0].vendor.owner;
    let ask = |user: &str, token: &As| Ask::get(format!("/v1/{user}/profile")).by(token);
    let (stolen, genuine) = (Stolen::of(set)?, claims_of(&owner.caller().await?)?);
    let believed = stolen.sign(&stolen.header(), &genuine.to_string());
    for user in [owner.user.as_str(), "users/me"] {
        let answer = set.market.api.once(&ask(user, &believed)).await?;
        ensure!(answer.status == 200, "a token that is right is refused: {}", answer.json());
    }

    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs().cast_signed();
    let with = |changes: Value| {
        let mut claims = genuine.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        stolen.sign(&stolen.header(), &claims.to_string())
    };
    let under = |changes: Value| {
        let mut header = stolen.header();
        for (name, value) in changes.as_object().into_iter().flatten() {
            header[name] = value.clone();
        }
        stolen.sign(&header, &genuine.to_string())
    };
    let unsigned = {
        let header = json!({"alg": "none", "typ": "at+jwt", "kid": stolen.kid});
        As::Token(format!("{}.", signed(&header, &genuine.to_string())))
    };
    let twice = genuine.to_string().replacen('{', r#"{"sub":"users/somebody","#, 1);
    let expired = with(json!({"iat": now - 2 * LONG, "nbf": now - 2 * LONG, "exp": now - LONG}));
    let forged = [
        ("a token of another issuer", with(json!({"iss": "bazaar"}))),
        ("a token for another platform", with(json!({"aud": "bazaar"}))),
        ("a token for two audiences", with(json!({"aud": ["shopper", "operator"]}))),
        ("a vendor's token that names no vendor", with(json!({"aud": "vendor"}))),
        ("a token that speaks for a vendor", with(json!({"sub": "vendors/atlas"}))),
        ("a token that names two users", stolen.sign(&stolen.header(), &twice)),
        ("a token of tomorrow", with(json!({"iat": now + LONG, "exp": now + 2 * LONG}))),
        ("a token that is not valid yet", with(json!({"nbf": now + LONG}))),
        ("a token that never ends", with(json!({"exp": null}))),
        ("a token without a signature", unsigned),
        ("a public key taken for a secret", stolen.confuse(&genuine.to_string())),
        ("a token of another kind", under(json!({"typ": "JWT"}))),
        ("a token with a key that nobody has", under(json!({"kid": "cell-1-0"}))),
        ("a token whose key is a path", under(json!({"kid": "../keys.json"}))),
        ("a token that brings its own key", under(json!({"crit": ["jwk"], "jwk": {}}))),
    ];
    let mut cases = Vec::new();
    for user in [owner.user.as_str(), "users/me"] {
        let case = |what, token: &As, codes| Case {
            what,
            ask: ask(user, token),
            status: 401,
            codes,
            field: None,
        };
        cases.push(case("a token that has run out", &expired, &["token_expired"]));
        cases.extend(forged.iter().map(|(what, token)| case(what, token, &["unauthenticated"])));
    }
    Ok(cases)
}

/// A token of a session that was ended is refused within seconds, long before it runs out, by name and as `users/me`; the tokens of
/// the user's other session go on.
pub(super) async fn after_sign_out(set: &Set) -> anyhow::Result<bool> {
    let owner = &set.market.stalls[0].vendor.owner;
    let (left, kept) = (owner.sign_in_and_out().await?, owner.caller().await?);
    let ask = async |user: &str, token: &As| {
        let answer = set.market.api.once(&Ask::get(format!("/v1/{user}/profile")).by(token)).await;
        answer.map_or(0, |answer| answer.status)
    };
    let user = owner.user.as_str();
    let refused = eventually(REFUSED_WITHIN, async || {
        match (ask(user, &left).await, ask("users/me", &left).await, ask(user, &kept).await) {
            (401, 401, 200) => Ok(()),
            other => Err(other),
        }
    });
    let refused = refused.await;
    if let Err(late) = &refused {
        say::bad(format!("the token of an ended session, twice, and another's: {late}"));
    }
    Ok(refused.is_ok())
}
