//! What the store promises, on each of its engines; and what etcd, the network and `kill -9` may do to it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod crash;
mod directory;
mod faults;
mod laws;
mod replicas;
mod stage;
mod words;
