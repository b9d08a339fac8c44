//! The outside world as the simulation plays it: the bank, a post that delivers at once, passwords that cost nothing.

use std::sync::{Arc, LazyLock};

use base_proof::{Password, PasswordHash, PlatformSecret, Secret};
use base_token::AccessClaims;
use cell_blobs::Blobs;
use cell_kernel::{Answer, Reading};
use cell_runtime::{Services, port::Stores};
use cell_server::{Config, registry, wiring::Outside};
use svc_auth::{
    effect::{Delivery, EndedSession, Mail, Post, TokenReaders},
    facts::{Passwords, TokenSigner},
};

use crate::bank::Bank;

/// The settings of every cell.
static CONFIG: LazyLock<Config> = LazyLock::new(Config::default);

/// The runtime's settings.
pub(crate) fn runtime() -> cell_runtime::Config {
    CONFIG.runtime.clone()
}

/// All services of a cell, over its stores.
pub(crate) fn services(bank: &Bank, stores: &Stores) -> Services {
    let secret = PlatformSecret::new(&[7; PlatformSecret::LEN_MIN]);
    let outside = Outside {
        reading: Reading::new(Arc::clone(&stores.rows)),
        blobs: Blobs::memory(),
        secret: Arc::new(secret.expect("it is as long as it must be")),
        passwords: Arc::new(Plain),
        signer: Arc::new(Plain),
        post: Arc::new(Plain),
        readers: Arc::new(Plain),
        cards: Arc::new(bank.clone()),
        webhooks: Arc::new(bank.clone()),
    };
    registry::services(&CONFIG, &outside)
}

/// Hides nothing: nobody signs in here.
struct Plain;

impl Passwords for Plain {
    fn hash<'a>(&'a self, password: &'a Password) -> Answer<'a, PasswordHash> {
        let hash = PasswordHash::new(format!("plain {}", password.secret().expose()));
        Box::pin(std::future::ready(Ok(hash)))
    }

    fn is_right<'a>(
        &'a self,
        password: &'a Secret,
        hash: Option<&'a PasswordHash>,
    ) -> Answer<'a, bool> {
        let plain = format!("plain {}", password.expose());
        let right = hash.is_some_and(|hash| hash.as_str() == plain);
        Box::pin(std::future::ready(Ok(right)))
    }
}

impl TokenSigner for Plain {
    fn sign(&self, claims: &AccessClaims) -> String {
        format!("token of {} until {}", claims.subject, claims.expires_at)
    }
}

impl Post for Plain {
    fn send<'a>(&'a self, _: &'a Mail, _: &'a str) -> Answer<'a, Delivery> {
        Box::pin(std::future::ready(Ok(Delivery::Accepted)))
    }
}

impl TokenReaders for Plain {
    fn end_session<'a>(&'a self, _: &'a EndedSession) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}
