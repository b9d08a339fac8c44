//! A stateful stand-in for Stripe's API, scriptable to misbehave.
//!
//! It speaks Stripe's wire format (form-encoded requests, idempotency keys, signed webhooks), keeps
//! what it did across restarts, and goes wrong on demand: see the README of this crate.

// Stripe's objects have more fields than one `json!` may expand by default.
#![recursion_limit = "256"]

mod api;
mod bank;
mod card;
mod challenge;
mod chaos;
mod charge;
mod clock;
mod control;
mod courier;
mod currency;
mod digest;
mod effect;
mod error;
mod event;
mod flow;
mod form;
mod idempotency;
mod ids;
mod intent;
mod ledger;
mod log;
mod params;
mod payment;
mod queue;
mod render;
mod reply;
mod script;
mod server;
mod shared;
mod webhook;

mod stand_in;
#[cfg(test)]
mod tests;

pub use chaos::Chaos;
pub use intent::Status;
pub use ledger::{Accounts, Money};
pub use script::{After, Before, Misdeed, Plan, Rule, When};
pub use stand_in::{Config, StandIn, WEBHOOK_SECRET};
pub use webhook::{Retry, sign};
