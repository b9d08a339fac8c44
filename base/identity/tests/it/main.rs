//! Processes that prove to one another who they are, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authorities;
mod files;
mod reload;
mod stage;
mod strangers;
