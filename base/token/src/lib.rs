//! The access token: what it says, how it is written, and what must hold for it to prove anything.
//!
//! A JWT signed with Ed25519, as RFC 8725 and RFC 9068 want it. Who signs and who checks a signature bring their own cryptography;
//! everything else about a token is here, once for who writes it and for all who read it, so that none believes what another does not.
//! What a token may choose for itself is nothing: algorithm and type are ours, the key is one of those that the reader was given, by
//! its id, and a header that says anything else is not one of ours.
#![warn(missing_docs)]

#[cfg(test)]
mod battery;
mod claims;
mod jwt;
mod unproven;

pub use claims::{AccessClaims, TokenAudience, VendorRole};
pub use jwt::{ALGORITHM, Key, LEN_MAX, Proven, prove};
pub use unproven::Unproven;
