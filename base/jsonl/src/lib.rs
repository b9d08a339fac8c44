//! JSON Lines: a file of records, read line by line, with everything that is wrong told by line and field.
//!
//! **Promises.** Lines keep their numbers, as an editor shows them. One bad line stops no other, one bad field of a line hides no
//! other: [`Limits::lines`] cuts a file into lines, [`Line::record`] reads one as a record, and a [`Reader`] reads that record's
//! values and gathers what is wrong with them. Only a file that is no list of lines at all is refused as a whole.
#![warn(missing_docs)]

mod file;
mod line;
mod reader;

pub use file::Limits;
pub use line::{BadLine, Line};
pub use reader::{Reader, wrong};
