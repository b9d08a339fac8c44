//! What a name must learn before it decides: how long an unconfirmed claim of its kind is kept, which is configured.

use std::{future::ready, time::Duration};

use base_ids::ClaimKind;
use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{Command, Names, State};

/// How long claims are kept before they are confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Minutes that an e-mail is kept: longer than its code lives, so that a second code can be asked for.
    pub email_minutes: u16,
    /// Minutes that a phone is kept.
    pub phone_minutes: u16,
    /// Minutes that a handle is kept.
    pub handle_minutes: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { email_minutes: 30, phone_minutes: 10, handle_minutes: 10 }
    }
}

/// What a decision about a name rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// How long a claim is kept before it is confirmed.
    pub hold: Duration,
}

pub(crate) struct Holding(pub(crate) Config);

impl Gather<Names> for Holding {
    fn gather<'a>(&'a self, _: &'a State, command: &'a Command, _: &'a Asked) -> Answer<'a, Facts> {
        let minutes = match command {
            Command::ClaimName { kind: ClaimKind::Email, .. } => self.0.email_minutes,
            Command::ClaimName { kind: ClaimKind::Phone, .. } => self.0.phone_minutes,
            Command::ClaimName { kind: ClaimKind::Handle, .. } => self.0.handle_minutes,
            _ => 0,
        };
        Box::pin(ready(Ok(Facts { hold: Duration::from_secs(60 * u64::from(minutes)) })))
    }
}
