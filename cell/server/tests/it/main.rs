//! A whole cell from outside: every method is served, every door is locked, what is asked twice happens once.
#![allow(clippy::unwrap_used, reason = "a test ends where its expectation does")]

mod catalogue;
mod documents;
mod doors;
mod house;
mod identities;
mod pods;
mod repeats;
mod secrets;

use std::path::Path;

use cell_server::Config;

/// Sets the outside world to folders of the test's.
pub(crate) fn outside(config: &mut Config, mail: &Path, scratch: &Path) {
    let secret = scratch.join("platform.secret");
    std::fs::write(&secret, [42; 32]).unwrap();
    config.outside.secret_file = secret;
    mail.clone_into(&mut config.outside.mail.folder);
    "http://127.0.0.1:9".clone_into(&mut config.outside.cards.api_url);
    config.outside.cards.secret_key = "sk_test_house".to_owned().into();
    config.outside.passwords.memory_kib = 64;
}
