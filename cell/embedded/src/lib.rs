//! The embedded engine: journal, views, timers and log in one directory, group-committed.
//!
//! **Promises.** An append is one atomic batch: events, rows, messages, timers, the kept answer, the note of what was heard. It is
//! answered after its sync, and checked against the fence, the version and the keys in the same step that writes it. What was
//! acknowledged is there when the store opens again, or the store refuses to open and says what is missing and what to do. A write
//! that fails breaks the store until the process starts again ([`Embedded::broken`]).
#![warn(missing_docs)]

mod codec;
mod config;
mod fences;
mod key;
mod mark;
mod op;
mod open;
mod pace;
mod ports;
mod refusal;
mod ring;
mod state;
mod store;
mod writer;

pub use config::Config;
pub use pace::{Durations, Phase};
pub use refusal::OpenRefusal;
pub use state::Activity;
pub use store::Embedded;
