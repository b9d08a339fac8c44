//! Words that several services share: value types with their form on the wire.
//!
//! A service's own words stay in its `command.rs` and `event.rs`; what two of them would write alike is written here once.
//! [`asked`] reads the fields of a request, and says what is wrong by field; [`told`] reads those of a message, which becomes a
//! dead letter if it cannot be read.

mod address;
pub mod asked;
mod payment;
mod phone;
mod reply;
mod title;
pub mod told;
mod wire;

pub use address::{PostalAddress, WrongAddress};
pub use payment::{BadInstrument, Instrument, PaymentMethod, UnknownMethod};
pub use phone::Phone;
pub use reply::{ReplyTo, Service};
pub use title::Title;
pub use wire::{BadAmount, money, problem, read_money, read_problem, signed};
