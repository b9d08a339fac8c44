//! Hashes and checks passwords with Argon2id, off the runtime's threads and a bounded number at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Salt, SaltString},
};
use base_fault::{Code, Fault};
use base_proof::{Password, PasswordHash, Secret};
use cell_kernel::Answer;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use svc_auth::facts::Passwords;
use tokio::sync::Semaphore;

/// What a guess costs. The defaults are OWASP's for Argon2id: 19 MiB, two passes, one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashes that are computed at once: a bound on memory and processors.
    pub at_once: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, at_once: 2 }
    }
}

/// Argon2id with the parameters of its configuration; hashes made under others are still checked.
pub struct Argon2id {
    hasher: Argon2<'static>,
    places: Arc<Semaphore>,
    /// Checked where there is no account, so that it takes as long to say no.
    nobodys: PasswordHash,
}

impl Argon2id {
    /// Fails if the parameters are none that Argon2 takes.
    pub fn new(config: &Config) -> Result<Self, Fault> {
        let params = Params::new(config.memory_kib, config.passes, 1, None).map_err(|error| {
            Fault::invalid_field(
                "providers.passwords",
                format!("argon2 does not take them: {error}"),
            )
        })?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys = hash(&hasher, b"nobody has this password")?;
        Ok(Self { hasher, places: Arc::new(Semaphore::new(config.at_once.max(1))), nobodys })
    }

    /// Runs `work` on a thread that may block, once there is a place.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Fault::ours(Code::Internal, "the cell is stopping"))?;
        let hasher = self.hasher.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&hasher);
            drop(place);
            done
        });
        done.await
            .map_err(|bug| Fault::ours(Code::Internal, "hashing a password failed").because(bug))
    }
}

impl Passwords for Argon2id {
    fn hash<'a>(&'a self, password: &'a Password) -> Answer<'a, PasswordHash> {
        let password = password.secret().clone();
        Box::pin(async move {
            self.blocking(move |hasher| hash(hasher, password.expose().as_bytes())).await?
        })
    }

    fn is_right<'a>(
        &'a self,
        password: &'a Secret,
        known: Option<&'a PasswordHash>,
    ) -> Answer<'a, bool> {
        let (password, has_account) = (password.clone(), known.is_some());
        let known = known.unwrap_or(&self.nobodys).clone();
        Box::pin(async move {
            let right = self.blocking(move |hasher| {
                let known = argon2::PasswordHash::new(known.as_str());
                known.is_ok_and(|known| {
                    hasher.verify_password(password.expose().as_bytes(), &known).is_ok()
                })
            });
            Ok(right.await? && has_account)
        })
    }
}

fn hash(hasher: &Argon2<'_>, password: &[u8]) -> Result<PasswordHash, Fault> {
    let failed =
        |what: &str| Fault::ours(Code::Internal, format!("hashing a password failed: {what}"));
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| failed("the system gives no random numbers"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| failed(&error.to_string()))?;
    let hash = hasher.hash_password(password, &salt).map_err(|error| failed(&error.to_string()))?;
    Ok(PasswordHash::new(hash.to_string()))
}

#[cfg(test)]
mod tests {
    use base_proof::{Password, Secret};
    use svc_auth::facts::Passwords as _;

    use super::{Argon2id, Config};

    #[tokio::test]
    async fn the_right_password_is_right_and_nobody_has_none() {
        let argon = Argon2id::new(&Config { memory_kib: 64, ..Config::default() }).unwrap();
        let password: Password = "correct horse".parse().unwrap();
        let hash = argon.hash(&password).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
        assert!(argon.is_right(password.secret(), Some(&hash)).await.unwrap());
        let wrong = Secret::from("wrong horse".to_owned());
        assert!(!argon.is_right(&wrong, Some(&hash)).await.unwrap());
        let nobodys = Secret::from("nobody has this password".to_owned());
        assert!(!argon.is_right(&nobodys, None).await.unwrap(), "no account, no right password");
    }

    #[test]
    fn parameters_that_protect_nothing_are_refused() {
        assert!(Argon2id::new(&Config { memory_kib: 1, ..Config::default() }).is_err());
    }
}
