//! Where etcd is, who we are there, and how long it may take.

use std::{fs, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// How etcd is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Its members, each as `host:port`. Name all of them: whichever answers is asked.
    pub endpoints: Vec<String>,
    /// How all keys begin. Two fleets can share an etcd under two prefixes.
    pub prefix: String,
    /// The user to sign in as, if etcd asks for one. The user needs to read and write all keys of the prefix.
    pub user: Option<String>,
    /// File with the user's password.
    pub password_file: Option<PathBuf>,
    /// File with the certificates of the authorities that etcd's own is issued by, as PEM. Without it the line is plaintext.
    pub authorities: Option<PathBuf>,
    /// File with the certificate that etcd shall know this process by, as PEM, if it asks for one.
    pub certificate: Option<PathBuf>,
    /// File with that certificate's key.
    pub key: Option<PathBuf>,
    /// How long a read or a change may take, tries at all members included, in milliseconds.
    pub timeout_ms: u32,
    /// How long a leader leads without being heard of, in seconds: so long nobody leads after one was killed.
    pub lease_secs: u32,
    /// How long a process that starts waits for etcd, in milliseconds.
    pub patience_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoints: vec!["127.0.0.1:2379".to_owned()],
            prefix: "/souk/".to_owned(),
            user: None,
            password_file: None,
            authorities: None,
            certificate: None,
            key: None,
            timeout_ms: 5_000,
            lease_secs: 5,
            patience_ms: 30_000,
        }
    }
}

impl Config {
    /// What is wrong with it, each with what would be right.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut check = |holds: bool, text: &str| {
            if !holds {
                mistakes.push(text.to_owned());
            }
        };
        check(!self.endpoints.is_empty(), "endpoints is empty; name etcd's members as host:port");
        for endpoint in &self.endpoints {
            let text = format!("endpoints names `{endpoint}`; expected host:port, without http://");
            check(base_config::host_and_port(endpoint).is_some(), &text);
        }
        check(
            self.prefix.starts_with('/') && self.prefix.ends_with('/'),
            "prefix must begin and end with /, such as /souk/",
        );
        check(
            self.user.is_some() == self.password_file.is_some(),
            "user and password_file are only of use together",
        );
        check(
            self.certificate.is_some() == self.key.is_some(),
            "certificate and key are only of use together",
        );
        check(
            self.certificate.is_none() || self.authorities.is_some(),
            "certificate is of no use without authorities",
        );
        check(
            (100..=60_000).contains(&self.timeout_ms),
            "timeout_ms must be 100 to 60000; 5000 is usual",
        );
        check((2..=300).contains(&self.lease_secs), "lease_secs must be 2 to 300; 5 is usual");
        if let Some(path) = &self.password_file
            && let Err(error) = fs::metadata(path)
        {
            check(false, &format!("password_file {} cannot be read: {error}", path.display()));
        }
        mistakes
    }

    /// How long a leader leads without being heard of.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_secs.into())
    }

    /// How long a process that starts waits for etcd.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms.into())
    }

    /// How long a read or a change may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_right_and_all_mistakes_are_told_together() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let wrong = Config {
            endpoints: vec!["http://10.0.0.1:2379".into(), "10.0.0.1".into(), ":0".into()],
            prefix: "souk".into(),
            user: Some("souk".into()),
            certificate: Some("etcd.crt".into()),
            timeout_ms: 0,
            lease_secs: 1,
            ..Config::default()
        };
        let mistakes = wrong.mistakes();
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
        assert!(mistakes[0].contains("without http://"));
        let none = Config { endpoints: vec![], ..Config::default() };
        assert_eq!(none.mistakes().len(), 1);
    }
}
