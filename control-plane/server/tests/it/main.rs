//! The control plane over real connections: in this process where time must be ours, as a process where it must die.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod deltas;
mod ended;
mod fleet;
mod holds;
mod identities;
mod liveness;
mod operators;
mod pods;
mod process;
mod registration;
mod replicas;
mod restart;
mod table;
