//! The demo catalogue: Moroccan books, vendors and users from one seed.
//!
//! **Promises.** The same seed and scale make the same bytes on every machine: ChaCha and integers
//! only, no clock, no float, no hash map. Each thing is made from its own index alone, so any
//! one can be asked for and the largest catalogue streams in constant memory. Codes carry right
//! check digits, yet nothing claims to be a real book, firm, account, person or telephone.
#![deny(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod authors;
mod catalogue;
mod cities;
mod codes;
mod cover;
mod dice;
mod editions;
mod export;
mod foreign;
mod offers;
mod scale;
mod spelling;
mod titles;
mod users;
mod vendors;
mod words;
mod works;

pub use authors::Author;
pub use catalogue::Catalogue;
pub use cities::{CITIES, City};
pub use cover::cover_svg;
pub use editions::{Edition, Format};
pub use export::{write_catalogue, write_lines};
pub use foreign::{ForeignStore, foreign_stores};
pub use offers::{Condition, Offer};
pub use scale::{Scale, ScaleRefused};
pub use spelling::Spelling;
pub use users::{Address, Locale, PaymentChoice, User};
pub use vendors::{Holiday, Vendor, VendorNames, VendorStatus};
pub use words::Subject;
pub use works::Language;
