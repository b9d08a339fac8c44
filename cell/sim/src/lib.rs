//! Whole cells in one process under a seeded schedule of faults, and the invariants they must keep.
//!
//! A [`Market`] is opened once, through the API. Every trial runs on a copy of it, in virtual time: a [`trial`] of one purchase
//! under planned bad days ([`crash_points`] tries them all), [`seeds`] of several purchases under bad days by chance, the
//! [`oversell`] storm. At rest the [`accounts`] are drawn up: stock, orders, money, messages, views.

pub mod accounts;
mod bank;
mod chance;
mod client;
mod clock;
pub mod crash_points;
mod crew;
pub mod days;
mod fleet;
mod market;
mod outside;
pub mod oversell;
mod post;
mod purchase;
mod rest;
pub mod scenario;
pub mod seeds;
mod story;
pub mod trial;

pub use client::Refused;
pub use fleet::Counts;
pub use market::{Market, NoMarket};
pub use rest::Restless;

/// Opens the market of a seed, in a runtime of its own.
pub fn open_market(seed: u64) -> Result<Market, NoMarket> {
    trial::in_virtual_time(|| market::open(seed))
}
