//! The control plane as a process: cells register and beat, slots get their first homes, every change of the table is pushed.
//!
//! It decides who owns what, and nothing else waits for it: routers and cells go on with the table that they hold while it is
//! away. A cell that stops beating is shown as not alive; that never gives its tenants to anybody else.
//!
//! | room | question |
//! | --- | --- |
//! | `config` | what can be set? |
//! | `plane` | what happens when a cell beats or an owner changes? |
//! | `beats`, `members` | who was heard of lately? (in memory only) |
//! | `works` | what of a cell's work do its pods do, and what does nobody? |
//! | `push` | which table does a member get next? |
//! | `ended` | whose tokens are refused before they run out? (in memory only) |
//! | `published`, `history` | which one is the newest, and what changed on the way to it? |
//! | `fleet_service`, `operator_service` | how does it look on the wire? |
//! | `deeds` | what may operators do to ownership? |
//! | `refused` | why does nothing change? |
//! | `doctor` | what is wrong, and what helps? |
//! | `serve` | which ports, and how does it end? |

mod beats;
mod config;
mod counters;
mod deeds;
mod doctor;
mod ended;
mod fleet_service;
mod heartbeat;
mod history;
mod members;
mod operator_service;
mod plane;
mod published;
mod push;
mod refused;
mod serve;
mod works;

pub use config::Config;
pub use plane::ControlPlane;
pub use serve::{Addresses, Running, StartError, start};
