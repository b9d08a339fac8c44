//! The providers against servers that speak the real wire formats.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod stripe;
