//! The edge from outside: requests in, answers out, a recorded desk behind it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::large_futures,
    reason = "a test that cannot go on has failed"
)]

mod ask;
mod bad_input;
mod contract;
mod events;
mod grpc;
mod house;
mod identity;
mod linger;
mod load;
mod openapi;
mod raw;
mod rest;
mod server;
mod welcome;
