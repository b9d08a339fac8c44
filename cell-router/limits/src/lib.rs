//! What may come in, and how much a cell is given: rate limits for senders; a cap, a breaker and a retry budget for each cell.
//!
//! Pure: no clock, no I/O, no Pingora. A point in time is a `Duration` since any fixed point, and always passed in. Everything here
//! is bounded: a [`Meter`] has a fixed number of places whoever comes, and a [`Gate`] is a few hundred bytes per cell of the table.
//! Nothing here chooses a cell: what is not let through is refused, never sent elsewhere.
#![warn(missing_docs)]

mod breaker;
mod budget;
mod class;
mod forwarded;
mod gate;
mod gradient;
mod limits;
mod meter;
mod quota;
mod rate;

pub use breaker::{Breaker, BreakerConfig, Verdict};
pub use budget::RetryBudget;
pub use class::{Form, RouteClass};
pub use forwarded::{Client, Header, Proxies, network_of};
pub use gate::{Gate, GateConfig, Permit, Shut};
pub use gradient::{Gradient, GradientConfig};
pub use limits::{Limits, LimitsConfig};
pub use meter::{Charge, Meter};
pub use quota::{Quota, Scope};
pub use rate::Rate;
