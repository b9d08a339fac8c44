//! Benchmarks of whole fleets: figures as a table and as JSON, with the machine, the versions and the commit.

pub mod figures;
mod machine;
mod orders;
mod start;

use loadtest_kit::proc;
pub use orders::{Orders, orders};
pub use start::{Start, start};
