//! What a request costs at the router, beside nginx, HAProxy and bare Pingora, in one run on one machine.
//!
//! Everything is measured from outside: processor time from `/proc`, instructions by callgrind, memory, and latency by an open
//! model. Servers run on a core of their own; the generators and the stand-in for a cell share another.

mod callgrind;
mod closed;
mod compare;
mod growth;
mod keys;
mod load;
mod meter;
mod open;
mod origin;
mod peers;
mod plan;
mod server;
mod tables;
mod wire;

pub use open::{Open, open};
pub use origin::serve as serve_origin;
pub use plan::{Plan, run};
pub use wire::Wire;
