//! Journeys and loads against real processes: promises checked from outside, over the public API.

pub mod accounts;
pub mod bench;
pub mod demo;
pub mod dev;
pub mod http;
pub mod journey;
pub mod launch;
pub mod market;
pub mod people;
pub mod stop;

pub use loadtest_kit::say;
