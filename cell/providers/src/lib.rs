//! The outside world: card payments, mail, signing keys; each answers a port of some service.

pub mod keys;
pub mod mail;
pub mod passwords;
pub mod stripe;
pub mod tokens;
