//! What the processes of a cell share for a while, in Redis: paces, ended sessions, answers that are at hand.
//!
//! **Promises.** Every call ends within [`Config::call_ms_max`]. What Redis cannot do, [`cell_runtime::ephemeral::Local`] does for this
//! process alone, until Redis is asked again a second later. Every key begins with the cell's prefix and ends by itself. Whatever takes
//! more than one step is one script, which Redis carries out by its own clock; one that is carried out twice, because its answer was
//! lost, counts a call twice and does no other harm.
//!
//! **Never.** Nothing lies here alone that somebody was promised.
#![warn(missing_docs)]

mod config;
mod redis;

pub use crate::{
    config::Config,
    redis::{Activity, OpenRefusal, Redis},
};
