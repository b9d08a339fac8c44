//! Runs services: loads, gathers, decides, appends, projects, relays, listens, keeps time.

pub mod port;
