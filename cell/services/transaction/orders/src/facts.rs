//! What orders must know of the platform's terms before it decides.

use std::time::Duration;

use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{Command, Orders, State};

/// The platform's terms, which hold from the next decision on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The terms of one decision; stored beside its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// How long a vendor may take to answer.
    pub answer_window: Duration,
}

impl From<&Config> for Terms {
    fn from(config: &Config) -> Self {
        Self { answer_window: Duration::from_hours(config.answer_window_hours.into()) }
    }
}

impl Gather<Orders> for Terms {
    fn gather<'a>(&'a self, _: &'a State, _: &'a Command, _: &'a Asked) -> Answer<'a, Terms> {
        Box::pin(std::future::ready(Ok(*self)))
    }
}
