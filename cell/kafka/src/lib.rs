//! A cell on Apache Kafka: what its tenants tell each other, between its processes (pods), and what it tells everyone, between cells.
//!
//! **Promises.** What was put in is on as many brokers as the topic asks for before that is answered. It comes to one process at a time,
//! in order for each tenant, and what has not been acknowledged comes again. Nothing goes by age: what every process has acknowledged is
//! what is forgotten. The decision record `kafka-between-pods` says how and why.
//!
//! | room | question |
//! | --- | --- |
//! | `config`, `topics`, `refusal` | how is it reached, what lies where, why does it not open? |
//! | `record` | how does a message look in the log? |
//! | `client`, `reader`, `writer` | how is the library told, what comes, what goes? |
//! | `queue`, `feed` | the ports themselves |
//! | `trim` | what is forgotten, and when? |
//! | `trouble`, `metrics` | what went wrong in words that say what to check, and how much of everything was there? |
//! | `mishaps` | where do tests make calls end badly? |
#![warn(missing_docs)]

mod client;
mod config;
mod feed;
mod kafka;
mod metrics;
mod mishaps;
mod queue;
mod reader;
mod record;
mod refusal;
mod topics;
mod trim;
mod trouble;
mod writer;

pub use config::Config;
pub use kafka::{Kafka, Share};
pub use mishaps::{Mishap, Mishaps};
pub use refusal::OpenRefusal;
