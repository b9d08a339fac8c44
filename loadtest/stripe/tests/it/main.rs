//! The stand-in over real HTTP: its API, its webhooks, its misbehaviour, its restarts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of it is tests: one that cannot go on should stop and say where"
)]

mod api;
mod challenge;
mod client;
mod idempotency;
mod receiver;
mod restart;
mod script;
mod webhooks;
