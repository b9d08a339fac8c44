//! Words that several services share: value types with their form on the wire.
//!
//! A service's own words stay in its `command.rs` and `event.rs`; what two of them would write alike is written here once.
//! [`asked`] reads the fields of a request, and says what is wrong by field; [`told`] reads those of a message, which becomes a
//! dead letter if it cannot be read.

mod address;
pub mod asked;
pub mod details;
pub mod import;
mod line;
pub mod offer;
mod outcome;
mod payment;
mod phone;
mod product;
mod quote;
mod reply;
pub mod service;
mod share;
mod title;
pub mod told;
mod trouble;
mod vendor;
mod wire;

pub use address::{PostalAddress, WrongAddress};
pub use details::Details;
pub use import::LineProblem;
pub use line::{Line, Shortage};
pub use offer::{Condition, Price};
pub use outcome::PaymentNews;
pub use payment::{BadInstrument, Instrument, Payment, PaymentMethod, UnknownMethod};
pub use phone::Phone;
pub use product::ProductId;
pub use quote::Quote;
pub use reply::{ReplyTo, Service};
pub use share::{Share, ShareOf, Stock, Terms, shares_of};
pub use title::Title;
pub use trouble::Trouble;
pub use wire::{BadAmount, money, problem, read_money, read_problem, signed};
