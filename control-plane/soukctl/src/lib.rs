//! soukctl: the platform engineer's command line.
//!
//! Each command asks over `reach`, puts what it learned into a view, and `out` prints the view as a table or as JSON. Views know
//! nothing of the network, so recorded answers prove how they look.

mod ask;
mod cells;
mod cli;
mod doctor;
mod explain;
mod holds;
mod identity;
mod locate;
mod messages;
mod operators;
mod out;
mod reach;
mod routers;
mod slots;
mod streams;
mod tenants;
#[cfg(test)]
mod tests;
mod trouble;
mod zone;

pub use ask::run;
