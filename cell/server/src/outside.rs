//! Opens the outside world as the configuration describes it.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_proof::PlatformSecret;
use base_time::Clock;
use cell_blobs::Blobs;
use cell_kernel::Reading;
use cell_providers::{keys::SigningKeys, mail, passwords::Argon2id, stripe};
use cell_runtime::{ephemeral::Ephemeral, port::Stores};

use crate::{
    config::Config,
    readers::{self, Telling},
    wiring::Outside,
};

/// Opens it, with the cell's signing keys and what tells the control plane of ended sessions. Every mistake names the setting that
/// it is in.
pub(crate) fn open(
    config: &Config,
    stores: &Stores,
    ephemeral: &Arc<dyn Ephemeral>,
    blobs: &Blobs,
    clock: &Arc<dyn Clock>,
) -> Result<(Outside, Arc<SigningKeys>, Telling), Fault> {
    let set = &config.outside;
    let keys_file = config.data_dir.join("keys.json");
    let keys = SigningKeys::open(keys_file, &config.called(), set.keys.clone(), Arc::clone(clock))?;
    let keys = Arc::new(keys);
    let cards = stripe::Stripe::new(set.cards.clone()).map_err(|error| {
        Fault::invalid_field("outside.cards", "cards cannot be charged so").because(error)
    })?;
    let (readers, telling) =
        readers::open(config.control_plane.is_some(), Arc::clone(ephemeral), Arc::clone(clock));
    let outside = Outside {
        reading: Reading::new(Arc::clone(&stores.rows)),
        blobs: blobs.clone(),
        secret: Arc::new(secret(config)?),
        passwords: Arc::new(Argon2id::new(&set.passwords)?),
        signer: keys.clone(),
        post: mail::post(&set.mail, config.data_dir.join("mail"))?,
        readers: Arc::new(readers),
        cards: Arc::new(cards),
        webhooks: Arc::new(stripe::Webhooks::new(&set.cards.webhook_secret)),
    };
    Ok((outside, keys, telling))
}

fn secret(config: &Config) -> Result<PlatformSecret, Fault> {
    let file = &config.outside.secret_file;
    let bytes = std::fs::read(file).map_err(|error| {
        let text = format!("outside.secret_file: {} cannot be read", file.display());
        Fault::caller(Code::InvalidField, text).because(error)
    })?;
    PlatformSecret::new(&bytes).ok_or_else(|| {
        let text = format!(
            "{} has {} bytes; at least {} are needed",
            file.display(),
            bytes.len(),
            PlatformSecret::LEN_MIN
        );
        Fault::invalid_field("outside.secret_file", text)
    })
}
