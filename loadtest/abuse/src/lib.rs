//! Clients that do what clients should not, against a router that stands before a stand-in cell.
//!
//! A [`Stage`] is one router process with TLS and a cell that answers everything. [`h2spec`] breaks every rule of HTTP/2 there is a
//! test for.

mod cell;
mod conformance;
pub mod say;
mod stage;

pub use conformance::h2spec;
pub use stage::{Addresses, Stage};
