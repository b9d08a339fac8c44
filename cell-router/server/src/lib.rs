//! The edge router: every request goes to the cell that owns its tenant, whatever the table says.
//!
//! Four verbs: gather (`arrival`) what the head says, decide (`course`) where it belongs, forward (`forward`) it, count (`count`) what
//! became of it. The proxy's hooks only string them together. A stale table is harmless: a cell that does not own the tenant
//! refuses with a typed header, and the request goes on to the owner without the client seeing it (`owner`). While a tenant is
//! between two owners, requests wait for it unread (`hold`).
#![warn(missing_docs)]

mod access;
mod answer;
mod arrival;
mod ask;
mod body;
mod budget;
mod certificates;
mod chunks;
mod config;
mod connection;
mod count;
mod course;
mod deadline;
mod doors;
mod ended;
mod entrance;
mod exchange;
mod forward;
mod frames;
mod guard;
mod handover;
mod head;
mod hold;
mod http1;
mod http2;
mod lasting;
mod owner;
mod pace;
mod parting;
mod ports;
mod proxy;
mod recall;
mod recent;
mod router;
mod tls;
mod token;
mod upstream;
mod watch;

pub use access::{AccessLog, Clients};
pub use config::Config;
pub use entrance::Entrance;
pub use hold::HoldBounds;
pub use ports::Addresses;
pub use router::{Router, RunningRouter};
pub use tls::Tls;
pub use upstream::Patience;
