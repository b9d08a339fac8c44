//! Webhooks: Stripe's signature, where they may go, and how one delivery stands.

use std::time::Duration;

use http::Uri;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// Attempts remembered of one delivery; older ones are forgotten.
const TRIES_KEPT: usize = 20;

/// The value of the `Stripe-Signature` header: `t=<unix seconds>,v1=<hex>`, where v1 is
/// HMAC-SHA256 over `<t>.<payload>` under the endpoint's secret, prefix `whsec_` included.
pub fn sign(secret: &str, timestamp: i64, payload: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut signed = hmac::Context::with_key(&key);
    signed.update(timestamp.to_string().as_bytes());
    signed.update(b".");
    signed.update(payload);
    format!("t={timestamp},v1={}", hex::encode(signed.sign().as_ref()))
}

/// Reads a webhook URL, which must be plain HTTP to this very machine.
pub(crate) fn read_url(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| format!("Not a valid URL: {text}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("Not a valid URL: {text} must begin with http://"));
    }
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare == "localhost"
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_loopback {
        return Err(format!(
            "Not a valid URL: {text} leaves this machine; the stand-in only calls loopback \
             addresses"
        ));
    }
    Ok(uri)
}

/// Where one delivery of one event to one endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    Pending,
    Delivered,
    GivenUp,
}

impl DeliveryState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// One delivery of one event to one endpoint: `GET /_script/deliveries`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) intent: String,
    pub(crate) url: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: u32,
    pub(crate) tries: Vec<Try>,
}

/// One attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Try {
    /// Unix milliseconds.
    pub(crate) at: u64,
    pub(crate) sent: Sent,
    /// What the endpoint answered.
    pub(crate) status: Option<u16>,
    /// Why there was no answer.
    pub(crate) error: Option<String>,
}

/// How an attempt went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sent {
    Well,
    /// Lost on the way, on purpose.
    Lost,
    /// Signed with another secret, on purpose.
    WronglySigned,
    /// Signed long ago, on purpose.
    Stale,
}

impl Delivery {
    /// Takes an attempt in; answers whether another one must follow.
    pub(crate) fn tried(&mut self, attempt: Try, attempts_max: u32) -> bool {
        let arrived = attempt.status.is_some_and(|status| (200..300).contains(&status));
        self.attempts += 1;
        self.tries.push(attempt);
        if self.tries.len() > TRIES_KEPT {
            self.tries.remove(0);
        }
        self.state = if arrived {
            DeliveryState::Delivered
        } else if self.attempts >= attempts_max {
            DeliveryState::GivenUp
        } else {
            DeliveryState::Pending
        };
        self.state == DeliveryState::Pending
    }
}

/// How failed deliveries are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Wait before the second attempt; doubles with every further one.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// Attempts in all, the first included.
    pub attempts: u32,
}

impl Retry {
    /// The wait after the given number of failed attempts.
    pub(crate) fn wait(&self, failed: u32) -> Duration {
        let factor = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }
}

impl Default for Retry {
    /// 250 ms doubling to 15 s, 60 attempts: about a quarter of an hour.
    fn default() -> Self {
        Self { first: Duration::from_millis(250), most: Duration::from_secs(15), attempts: 60 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_vectors_made_elsewhere() {
        // printf '%s' '<t>.<payload>' | openssl dgst -sha256 -hmac '<secret>'
        for (secret, timestamp, payload, expected) in [
            (
                "whsec_test_secret",
                1_700_000_000,
                r#"{"id":"evt_test_webhook","object":"event"}"#,
                "d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990",
            ),
            (
                "whsec_stand_in",
                1,
                "",
                "94ab00e3b5c41a9f140083f672d7b50caa7a3b5455be2657828262b2a426e23a",
            ),
            (
                "whsec_كتاب",
                1_893_456_000,
                r#"{"كتاب":"livre"}"#,
                "f81fca34ace958e4aa23f8ac170c6170d600d7ba8bb05a0854eb68e8c94426c8",
            ),
        ] {
            assert_eq!(
                sign(secret, timestamp, payload.as_bytes()),
                format!("t={timestamp},v1={expected}")
            );
        }
    }

    #[test]
    fn only_this_machine_is_called() {
        for url in [
            "http://127.0.0.1:8080/v1/users/u1/payments:callback",
            "http://localhost:1/x",
            "http://[::1]:9/",
            "http://127.1.2.3/",
        ] {
            assert!(read_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com/",
            "https://127.0.0.1/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "/relative",
            "",
        ] {
            assert!(read_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        let retry =
            Retry { first: Duration::from_millis(100), most: Duration::from_secs(1), attempts: 5 };
        let waits: Vec<_> = (1..7).map(|failed| retry.wait(failed).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(retry.wait(u32::MAX), retry.most);
    }

    #[test]
    fn a_delivery_ends_delivered_or_given_up() {
        let answer = |status| Try { at: 0, sent: Sent::Well, status: Some(status), error: None };
        let mut delivery = Delivery {
            id: "whd_1".into(),
            event: "evt_1".into(),
            kind: "payment_intent.created".into(),
            intent: "pi_1".into(),
            url: "http://127.0.0.1/".into(),
            state: DeliveryState::Pending,
            attempts: 0,
            tries: Vec::new(),
        };
        let mut lost = delivery.clone();
        assert!(delivery.tried(answer(500), 3));
        assert!(!delivery.tried(answer(204), 3));
        assert_eq!(delivery.state, DeliveryState::Delivered);
        assert!(lost.tried(answer(302), 2));
        assert!(!lost.tried(answer(400), 2));
        assert_eq!(lost.state, DeliveryState::GivenUp);
    }
}
