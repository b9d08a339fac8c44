//! What programs that start and measure other programs share: what they say to people and how they end, which ports they take, what
//! they leave in files, how figures are told, how they come by programs that are not ours, and what the kernel knows of a process.

pub mod figures;
pub mod files;
mod machine;
pub mod packages;
mod ports;
pub mod proc;
mod program;
pub mod say;

pub use ports::{Ports, holder};
pub use program::run;
