//! A cell on ScyllaDB or Apache Cassandra: its journal, views, timers, public log and fences, shared by several processes (pods).
//!
//! **Promises.** An append is one conditional batch in the stream's partition. What it brings with it (rows, messages, the answer, what
//! was heard) is kept with it and made true elsewhere before it is answered; after a crash by whoever takes over, within seconds. The
//! fence is read before and after. An outcome that is not known is read back, and said to be unknown only if it cannot be. Pods may
//! race, die and have clocks that are wrong. The decision record `the-cell-on-scylla` says how and why.
//!
//! | room | question |
//! | --- | --- |
//! | `config`, `schema`, `refusal` | how is the engine reached, how is a keyspace laid out, why does it not open? |
//! | `statements`, `cql`, `outcome`, `counts` | what is said to the engine, what does its answer mean, how often is what asked? |
//! | `ground`, `append`, `pending`, `spread` | what does an append stand on, how is it written, what does it bring with it? |
//! | `claims` | who of several pods makes a stream under a key? |
//! | `parts`, `commits`, `known`, `locks` | where does an event lie, how are commits numbered, what is remembered, who waits for whom? |
//! | `doubts`, `marks`, `pods`, `keeping` | what may have happened, what may be half done, who lives, who takes over? |
//! | `post`, `public` | what waits to be told to one, and to everyone? |
//! | `ports` | the ports themselves |
//! | `mishaps` | where do tests make calls end badly? |
#![warn(missing_docs)]

mod append;
mod claims;
mod codec;
mod commits;
mod config;
mod counts;
mod cql;
mod doubts;
mod ground;
mod keeping;
mod known;
mod locks;
mod marks;
mod mishaps;
mod outcome;
mod parts;
mod pending;
mod pods;
mod ports;
mod post;
mod public;
mod refusal;
mod schema;
mod spread;
mod statements;
mod store;

pub use config::Config;
pub use counts::{Call, Counts};
pub use mishaps::{Mishap, Mishaps, Step};
pub use refusal::OpenRefusal;
pub use store::Scylla;
