//! One cell as a process: the registry of services, who answers which port, and main.

mod activity;
mod admin;
mod between;
mod config;
mod control;
mod desk;
mod doctor;
mod engine;
mod ephemeral;
mod mesh;
mod operators;
mod outside;
mod phases;
mod readers;
pub mod registry;
mod roles;
mod shelf;
mod start;
pub mod wiring;

pub use config::Config;
pub use roles::{Roles, UnknownRole};
pub use start::{Addresses, Running, StartError, start};
