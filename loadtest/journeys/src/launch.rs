//! A whole platform as child processes on this machine: started, killed, started again, stopped, with nothing left behind.

mod engines;
mod fleet;
mod homes;
mod identities;
mod place;
mod program;
mod spec;

pub use engines::{Engines, Ground};
pub use fleet::{Ended, Fleet, Plan, refuse_if_used};
pub use homes::Homes;
pub use identities::Trusted;
pub use loadtest_kit::{Ports, holder};
pub use place::Place;
pub use program::Program;
pub use spec::Member;
