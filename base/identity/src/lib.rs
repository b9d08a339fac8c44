//! Who a process of the fleet is, how it proves it, and whom it lets in.
//!
//! **Owns** the form of an [`Identity`], how certificates carry it, and the TLS between our own processes: 1.3 only, both sides
//! show a certificate. **Promises** that a [`Door`] lets nobody in but the roles that it was made for, and that a connection opened
//! with a [`Passport`] ends at nobody but whom it was meant for. **Never** skips a check: a process without a passport speaks
//! plaintext, and settings allow that on loopback addresses alone.
#![warn(missing_docs)]

#[cfg(feature = "authority")]
mod authority;
mod certificate;
mod config;
mod counts;
mod credentials;
mod door;
mod files;
mod identity;
mod line;
mod passport;
mod plain;
mod refusal;
mod trust;

#[cfg(feature = "authority")]
pub use authority::{Authority, Issued};
pub use config::Config;
pub use counts::Counts;
pub use credentials::Credentials;
pub use door::{Admitted, Door, Peer};
pub use files::{KeyPair, Seen, Stamp, keep_looking, stamp};
pub use identity::{Identity, InvalidIdentity, Role, dns_name, fleet_name};
pub use line::Expected;
pub use passport::Passport;
pub use plain::{authorities_of, authority_of, must_be_loopback};
pub use refusal::Refusal;
