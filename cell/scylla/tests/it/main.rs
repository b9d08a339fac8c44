//! A cell on a real Cassandra, from outside: the shared laws, pods that race and die, answers that are lost, refusals, engines that are
//! killed, lost and restored.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod backup;
mod claims;
mod clocks;
mod conformance;
mod costs;
mod credentials;
mod disk;
mod given;
mod keyspace;
mod parts;
mod pods;
mod refusals;
mod ring;
mod unknown;
