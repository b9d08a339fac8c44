//! A client of etcd: what the control plane needs of it, with what went wrong said in full.
//!
//! | room | question |
//! | --- | --- |
//! | `config` | where is it, and who are we there? |
//! | `client` | which member is asked, and what if it does not answer? |
//! | `watch` | what is written from now on? |
//! | `transaction` | of what is a transaction made? |
//! | `error` | what went wrong, and what is to be looked at? |
//! | `weather` | what may befall a call? (for tests) |
//!
//! Spoken is the part of the protocol that etcd 3.4 and every later one understand. Reads are asked of every member in turn until one
//! answers; a transaction is asked for once, because only who wrote it can tell what a lost answer means.
#![warn(missing_docs)]

mod client;
mod config;
mod connect;
mod error;
mod transaction;
mod watch;
mod weather;

pub use client::{Client, Granted, Page};
pub use config::Config;
pub use error::{EtcdError, Kind};
pub use transaction::{
    Outcome, Transaction, delete_prefix, get, is_new, made_at, put, put_with_lease, range_end,
    written_at,
};
pub use v3::{Event, KeyValue, RequestOp, event::EventType};
pub use watch::Watch;
pub use weather::{Call, Fair, Mishap, Weather};

mod v3 {
    #![allow(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        missing_docs,
        unreachable_pub,
        reason = "generated code"
    )]
    tonic::include_proto!("etcdserverpb");
}
