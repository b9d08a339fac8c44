//! The contract between Souk's own processes: control plane, routers, cells.

mod delta;
mod lines;
mod planes;
mod table;

pub use lines::{
    Caller, GRPC, Line, Only, allows, broke_off, caller, channel, channel_to_any, incoming,
    never_sent, speaks_for, why,
};
pub use planes::{Plane, Planes, leader_of, not_leading};
pub use table::BadTable;

/// Package `souk.fleet.v1`.
pub mod v1 {
    #![allow(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        unreachable_pub,
        reason = "generated code"
    )]
    tonic::include_proto!("souk.fleet.v1");
}
