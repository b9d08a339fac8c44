//! Configuration of a process: file, then environment, then flags, checked whole.
//!
//! Each crate owns a plain typed `Config`, marked `#[serde(default, deny_unknown_fields)]`, so that a
//! source need say only what differs. A `main` puts them together, calls [`load`] once, and prints
//! all mistakes before it binds a port. Nothing else reads the environment.
//!
//! **Promises.** Later sources win, key by key. Every mistake of every source is told at once, with
//! the line, variable or flag that made it, also when a later source would have hidden it. A
//! [`Secret`] is never printed.
#![warn(missing_docs)]

mod load;
mod mistake;
mod place;
mod secret;
mod source;

pub use load::{load, render, render_example};
pub use mistake::{ConfigErrors, Mistake};
pub use place::host_and_port;
pub use secret::Secret;
pub use source::{Origin, assignment};
