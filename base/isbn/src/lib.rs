//! The numbers that goods are known by: EAN-13, and the ISBN of a book, with their check digits.
//!
//! **Promises.** However a number is written, it is one number; any one mistyped digit is noticed. Whether the number was ever given
//! to something is for others to know.
#![warn(missing_docs)]

mod check_digit;
mod ean;

pub use ean::{Ean13, InvalidEan};
