//! When the world fails: one error type with a code, a source and what a retry would do.
//!
//! Three kinds of "no" are never mixed. A *refusal* is the business saying no (each service's own enum). A *fault*, here, is the
//! world failing. A *bug* is an assertion. [`Told`] is what a client hears of the first two.

mod code;
mod fault;
mod report;
mod rpc;
mod told;

pub use code::{Code, Status};
pub use fault::{Fault, FieldViolation, Retry, Source};
pub use report::chain;
pub use told::{Problem, Told};
