//! What the `main` of every program does: it reads its settings and checks them whole, serves until it is told to stop, and ends
//! with a code that says how.
//!
//! Settings come from the file, then from variables such as `SOUK_CELL__NAME`, then from flags. SIGTERM and SIGINT stop a program;
//! SIGHUP makes it read its log filter again, and whatever else it reads anew. It ends with 0 when it was told to stop, 1 when it
//! cannot go on, 2 when its settings are wrong.
#![warn(missing_docs)]

mod flags;
mod process;
mod run;

pub use flags::Flags;
pub use process::{Process, Told};
pub use run::{Settings, run};
