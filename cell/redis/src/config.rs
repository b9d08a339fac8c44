//! How Redis is reached.

use std::time::Duration;

use base_config::Secret;
use serde::{Deserialize, Serialize};

/// Settings of what the processes of a cell share for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where Redis listens, as `host:port`.
    pub address: String,
    /// The user, if Redis has several.
    pub user: Option<String>,
    /// The password, if Redis asks for one.
    pub password: Secret,
    /// With what every key begins, and a colon: 1 to 100 of `a-z`, `0-9`, `-` and `:`. `souk:` and the cell's name by default.
    pub prefix: Option<String>,
    /// Milliseconds that one call may take before this process goes on alone: 5 to 1,000.
    pub call_ms_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:6379".to_owned(),
            user: None,
            password: Secret::default(),
            prefix: None,
            call_ms_max: 50,
        }
    }
}

impl Config {
    /// What is wrong with the settings; all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if base_config::host_and_port(&self.address).is_none() {
            mistakes.push(format!("address: `{}` is not host:port", self.address));
        }
        if self.user.is_some() && self.password.is_empty() {
            mistakes.push("user is set without a password".to_owned());
        }
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b':')
        };
        let fits = |prefix: &String| (1..=100).contains(&prefix.len()) && prefix.bytes().all(plain);
        if !self.prefix.as_ref().is_none_or(fits) {
            mistakes.push("prefix must be 1 to 100 of a-z, 0-9, - and :".to_owned());
        }
        if !(5..=1_000).contains(&self.call_ms_max) {
            mistakes.push("call_ms_max must be 5 to 1000".to_owned());
        }
        mistakes
    }

    pub(crate) fn call_max(&self) -> Duration {
        Duration::from_millis(self.call_ms_max)
    }

    /// Host and port; an empty host and port 0 where it does not say.
    pub(crate) fn place(&self) -> (&str, u16) {
        base_config::host_and_port(&self.address).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_right_and_every_mistake_is_named() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let wrong = Config {
            address: "redis://somewhere".to_owned(),
            user: Some("souk".to_owned()),
            prefix: Some("Souk {1}".to_owned()),
            call_ms_max: 4,
            ..Config::default()
        };
        let text = wrong.mistakes().join("; ");
        for word in ["host:port", "password", "prefix", "call_ms_max"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
