//! Runs services: loads, gathers, decides, appends, projects, relays, listens, keeps time.
//!
//! A service says what happens; here it is bound to one tenant, one generation and one store. [`Cell`] is the whole: give it its
//! [`Parts`] and [`Services`], and call [`Cell::serve`]. Stores and the other cells are ports ([`port`], [`mesh`]), and so is what lies between
//! several processes of one cell ([`queue`]) or all cells ([`feed`]) and what they share for a while ([`ephemeral`]).

mod cache;
mod call;
mod cell;
mod commit;
mod config;
pub mod conformance;
pub mod ephemeral;
pub mod feed;
mod follow;
mod intake;
mod kept;
mod lane;
mod letters;
pub mod local;
pub mod memory;
pub mod mesh;
mod metrics;
mod onward;
mod ownership;
mod patience;
pub mod port;
pub mod queue;
pub mod record;
mod relay;
mod reminders;
mod ring;
mod room;
mod seal;
mod watch;

pub use call::{Answered, Call, Unanswered};
pub use cell::{Cell, Mint, Parts, Services};
pub use config::Config;
pub use kept::{read_no, write_no};
pub use metrics::Metrics;
pub use room::Changes;
pub use seal::Seals;
