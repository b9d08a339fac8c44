//! What every process has: logs, traces, metrics, the admin port, and a clean end.
//!
//! A `main` calls [`install_crypto`] and [`init`] first, keeps the [`Guard`], registers what must be true before it is ready with
//! a [`Readiness`], and serves an [`Admin`]. No label of a metric ever names a tenant: there are too many of them.
#![warn(missing_docs)]

mod admin;
mod crypto;
mod init;
mod json;
mod level;
mod metrics;
mod process;
mod readiness;
mod shutdown;
mod trace;

pub mod addresses;

pub use admin::Admin;
pub use crypto::install_crypto;
pub use init::{Config, Format, Guard, init};
pub use level::LogLevel;
pub use metrics::Metrics;
pub use readiness::{Check, Flag, Readiness};
pub use shutdown::shutdown_signal;
pub use trace::{InvalidTraceparent, SpanId, TraceContext, TraceId, link};
