//! Runs services: loads, gathers, decides, appends, projects, relays, listens, keeps time.

pub mod memory;
pub mod port;
