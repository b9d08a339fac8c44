//! The router from outside: clients in front, stand-in cells behind, a stand-in control plane beside it.
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod abuse;
mod cells;
mod client;
mod control_plane;
mod ended;
mod fleet;
mod framing;
mod guards;
mod guests;
mod holding;
mod identities;
mod lasting;
mod operations;
mod pace;
mod pods;
mod process;
mod recorder;
mod refusals;
mod routing;
mod secure;
mod stale;
mod streams;
mod tables;
mod tls;
mod upgrade;
