//! What the card provider is told by its operators, and what is wrong with it.

use base_config::Secret;
use http::Uri;
use serde::{Deserialize, Serialize};

/// Where and how to reach Stripe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Stripe's address; plain HTTP is taken for this very machine only.
    pub api_url: String,
    /// The secret key, `sk_…`.
    pub secret_key: Secret,
    /// Signs Stripe's events, `whsec_…`.
    pub webhook_secret: Secret,
    /// The platform's own address, which our stand-in calls back; empty where the endpoint is set up at Stripe.
    pub webhook_base_url: String,
    /// Where buyers come back to from 3-D Secure; empty for none.
    pub return_url: String,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            api_url: "https://api.stripe.com".to_owned(),
            secret_key: Secret::default(),
            webhook_secret: Secret::default(),
            webhook_base_url: String::new(),
            return_url: String::new(),
            timeout_ms: 20_000,
        }
    }
}

/// The configuration cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not an address.
    #[error("`{0}` is not an http or https address")]
    Address(String),
    /// The secret key would travel in the clear.
    #[error("`{0}` is plain HTTP to another machine; use https")]
    InTheClear(String),
    /// No key, or one that cannot be a header.
    #[error("the secret key is missing or has characters that no key has")]
    Key,
}

impl Config {
    /// The address to call, without a slash at its end.
    pub(super) fn address(&self) -> Result<String, ConfigError> {
        let wrong = || ConfigError::Address(self.api_url.clone());
        let uri: Uri = self.api_url.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_this_machine(host) => {}
            Some("http") => return Err(ConfigError::InTheClear(self.api_url.clone())),
            _ => return Err(wrong()),
        }
        Ok(self.api_url.trim_end_matches('/').to_owned())
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError};

    #[test]
    fn a_secret_never_travels_in_the_clear() {
        let address = |url: &str| Config { api_url: url.to_owned(), ..Config::default() }.address();
        for url in [
            "https://api.stripe.com/",
            "http://127.0.0.1:4242",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert_eq!(address(url).unwrap(), url.trim_end_matches('/'));
        }
        for url in ["http://api.stripe.com", "http://127.0.0.1.example.com", "http://10.0.0.1"] {
            assert_eq!(address(url), Err(ConfigError::InTheClear(url.to_owned())));
        }
        for url in ["", "api.stripe.com", "ftp://api.stripe.com", "/v1"] {
            assert_eq!(address(url), Err(ConfigError::Address(url.to_owned())), "{url}");
        }
    }
}
