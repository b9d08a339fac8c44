//! Benchmarks of whole fleets: figures as a table and as JSON, with the machine, the versions and the commit.

mod orders;
mod start;

pub use orders::{Orders, orders};
pub use start::{Start, start};
