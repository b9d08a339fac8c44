//! What orders must know of the platform's terms before it decides.

use std::time::Duration;

use base_time::Timestamp;
use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{Command, Orders, State};

/// The platform's terms, which hold from the next decision on, and are stored with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a vendor may take to answer a paid order, in hours; then it lapses and the buyer's share goes back.
    pub answer_window_hours: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { answer_window_hours: 72 }
    }
}

impl Config {
    /// Until when a vendor may answer what is paid for now.
    pub(crate) fn answer_until(self, now: Timestamp) -> Timestamp {
        now.after(Duration::from_hours(self.answer_window_hours.into()))
    }
}

impl Gather<Orders> for Config {
    fn gather<'a>(&'a self, _: &'a State, _: &'a Command, _: &'a Asked) -> Answer<'a, Self> {
        Box::pin(std::future::ready(Ok(*self)))
    }
}
