//! Journeys of people through a fleet of real processes, and what must hold afterwards.

mod bad_input;
mod cell_down;
mod control_plane_down;
mod control_planes;
mod first_order;
mod hold;
mod kills;
mod oversell;
mod record;
mod rest;
mod router_upgrade;
mod stage;
mod traffic;

pub use bad_input::bad_input;
pub use cell_down::cell_down;
pub use control_plane_down::control_plane_down;
pub use control_planes::control_planes;
pub use first_order::{FirstOrder, first_order};
pub use hold::hold;
pub use oversell::{Oversell, oversell};
pub use router_upgrade::{RouterUpgrade, router_upgrade};
pub use stage::{Set, Stage};
