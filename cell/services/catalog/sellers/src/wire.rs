//! The generated messages of this service's contract, of names, and the words that all contracts share.

pub use souk_proto::souk::{names::v1 as names, sellers::v1 as sellers, v1 as words};
