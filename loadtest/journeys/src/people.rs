//! The people of a market, as clients of the public API: buyers, vendors, operators, and their mailbox.

mod account;
mod buyer;
mod keys;
mod mailbox;
mod operator;
mod paper;
mod vendor;

pub use account::Account;
pub use buyer::{Basket, Buyer, Paying, Purchase};
pub use keys::Keys;
pub use mailbox::Mailbox;
pub use operator::Operator;
pub use paper::{PDF, Paper};
pub use vendor::{Application, Vendor};
