//! Idempotency keys: the first answer is kept, and what a later request with the same key gets.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;
use crate::error::ApiError;

/// Seconds an answer is kept.
pub(crate) const KEPT_FOR: i64 = 24 * 60 * 60;
/// The longest key.
const KEY_LEN_MAX: usize = 255;

/// The first answer given under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) scope: String,
    /// Path of the first request.
    pub(crate) endpoint: String,
    /// Digest of its parameters.
    pub(crate) fingerprint: String,
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Request id of the first request.
    pub(crate) request: String,
    /// Unix seconds.
    pub(crate) at: i64,
}

/// A request under a key, as the store compares it.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub(crate) key: String,
    /// The key within its account: equal keys of two secret keys never meet.
    pub(crate) scope: String,
    pub(crate) endpoint: String,
    pub(crate) fingerprint: String,
}

impl Keyed {
    /// Reads the header's value; `account` names the secret key without revealing it.
    pub(crate) fn read(
        key: &str,
        account: &str,
        endpoint: &str,
        fingerprint: String,
    ) -> Result<Self, ApiError> {
        if key.is_empty() || key.chars().count() > KEY_LEN_MAX {
            return Err(ApiError::request(format!(
                "Invalid Idempotency-Key: it must be 1 to {KEY_LEN_MAX} characters long."
            )));
        }
        Ok(Self {
            key: key.to_owned(),
            // The digest keeps what the client wrote out of the state file.
            scope: sha256_hex(format!("{account}/{key}").as_bytes()),
            endpoint: endpoint.to_owned(),
            fingerprint,
        })
    }

    /// The stored answer, if this is a repeat; a refusal if the key was used for something else.
    pub(crate) fn recall<'a>(
        &self,
        stored: Option<&'a Answer>,
        now: i64,
    ) -> Result<Option<&'a Answer>, ApiError> {
        let Some(answer) = stored.filter(|answer| now - answer.at < KEPT_FOR) else {
            return Ok(None);
        };
        if answer.endpoint != self.endpoint {
            return Err(ApiError::key_reused(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were \
                 first used for ('{}' vs '{}'). Try using a key other than '{}' if you meant to \
                 execute a different request.",
                self.endpoint, answer.endpoint, self.key
            )));
        }
        if answer.fingerprint != self.fingerprint {
            return Err(ApiError::key_reused(format!(
                "Keys for idempotent requests can only be used with the same parameters they were \
                 first used with. Try using a key other than '{}' if you meant to execute a \
                 different request.",
                self.key
            )));
        }
        Ok(Some(answer))
    }
}

/// Keys whose first request is still running.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<String>>>);

/// The right to run the request of one key; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    running: Running,
    scope: String,
}

impl Running {
    /// Takes the right to run, or refuses while another request holds it.
    pub(crate) fn lease(&self, keyed: &Keyed) -> Result<Lease, ApiError> {
        if self.0.lock().insert(keyed.scope.clone()) {
            Ok(Lease { running: self.clone(), scope: keyed.scope.clone() })
        } else {
            Err(ApiError::key_in_use(&keyed.key))
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.running.0.lock().remove(&self.scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(account: &str, endpoint: &str, fingerprint: &str) -> Keyed {
        Keyed::read("k-1", account, endpoint, fingerprint.to_owned()).unwrap()
    }

    fn answer(keyed: &Keyed) -> Answer {
        Answer {
            scope: keyed.scope.clone(),
            endpoint: keyed.endpoint.clone(),
            fingerprint: keyed.fingerprint.clone(),
            status: 200,
            body: "{}".into(),
            request: "req_1".into(),
            at: 1_000,
        }
    }

    #[test]
    fn the_same_request_gets_the_first_answer_for_a_day() {
        let keyed = keyed("a", "/v1/refunds", "f");
        let stored = answer(&keyed);
        assert_eq!(keyed.recall(Some(&stored), 1_000 + KEPT_FOR - 1).unwrap(), Some(&stored));
        assert_eq!(keyed.recall(Some(&stored), 1_000 + KEPT_FOR).unwrap(), None);
        assert_eq!(keyed.recall(None, 1_000).unwrap(), None);
    }

    #[test]
    fn another_request_under_the_key_is_refused() {
        let stored = answer(&keyed("a", "/v1/refunds", "f"));
        for other in [keyed("a", "/v1/refunds", "g"), keyed("a", "/v1/payment_intents", "f")] {
            let error = other.recall(Some(&stored), 1_000).unwrap_err();
            assert_eq!((error.status.as_u16(), error.kind), (400, "idempotency_error"));
        }
    }

    #[test]
    fn accounts_do_not_share_keys() {
        assert_ne!(keyed("a", "/", "f").scope, keyed("b", "/", "f").scope);
    }

    #[test]
    fn a_running_key_is_busy_until_its_lease_ends() {
        let running = Running::default();
        let keyed = keyed("a", "/", "f");
        let lease = running.lease(&keyed).unwrap();
        assert_eq!(running.lease(&keyed).unwrap_err().status.as_u16(), 409);
        drop(lease);
        assert!(running.lease(&keyed).is_ok());
    }

    #[test]
    fn keys_have_a_length() {
        assert!(Keyed::read(&"k".repeat(255), "a", "/", String::new()).is_ok());
        assert!(Keyed::read(&"k".repeat(256), "a", "/", String::new()).is_err());
        assert!(Keyed::read("", "a", "/", String::new()).is_err());
    }
}
