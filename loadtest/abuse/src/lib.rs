//! Clients that do what clients should not, against a router that stands before stand-in cells.
//!
//! A [`Stage`] is one router process with TLS and two cells that answer everything. [`h2spec`] breaks every rule of HTTP/2 there is a
//! test for. [`troubles`] makes trouble in every way there is, from clients and from cells, while neighbours want to be served.

mod attack;
mod cell;
mod conformance;
mod illness;
mod line;
mod stage;
mod troubles;
mod visits;

pub use conformance::h2spec;
pub use stage::{Addresses, Stage};
pub use troubles::{Asked, troubles};
