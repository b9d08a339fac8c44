//! The embedded engine from outside: the shared laws, crashes, damage and full disks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod conformance;
mod damage;
mod kills;
mod ledger;
mod refusals;
mod victim;
