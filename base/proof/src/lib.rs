//! What proves who somebody is, as plain rules: secrets, one-time codes, lock-outs, refresh tokens. No I/O; time is given.
//!
//! Whoever keeps a credential in its state takes it from here, so that the bounds are said, and proven, once.
#![warn(missing_docs)]

mod code;
mod failures;
mod family;
mod platform;
mod secret;

pub use code::{CODES_A_DAY, CodePurpose, Codes, IssuedCode, TRIES_PER_CODE, Tried};
pub use failures::Failures;
pub use family::{Family, Trade};
pub use platform::PlatformSecret;
pub use secret::{BadSecret, OneTimeCode, Password, PasswordHash, Secret};
