//! What programs that start and measure other programs share: what they say to people, which ports they take, and what the kernel
//! knows of a process.

mod ports;
pub mod proc;
pub mod say;

pub use ports::{Ports, holder};
