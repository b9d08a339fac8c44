//! A cell on Kafka, from outside: the shared laws, processes that come and go, answers that are lost, topics that do not fit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod cluster;
mod conformance;
mod feed;
mod outage;
mod refusals;
mod stories;
