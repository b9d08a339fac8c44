//! Money in minor units of a currency: checked arithmetic, one rounding rule, exact splits.
//!
//! **Promises.** No operation panics, wraps or loses a minor unit on any input. No float is used.
//! Two currencies never meet: an operation over both is refused. There is one rounding rule, half
//! away from zero, applied only by [`Money::share`]; [`Money::split`] needs none, its parts add up
//! to the whole.
#![deny(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
#![warn(missing_docs)]

mod currency;
mod money;
mod share;
mod split;
mod text;

pub use currency::Currency;
pub use money::{Money, MoneyError};
pub use share::{BadBasisPoints, BasisPoints};
