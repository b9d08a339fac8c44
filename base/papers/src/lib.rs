//! The papers of a Moroccan firm: its numbers with their check digits, and documents that are kept elsewhere.
//!
//! **Promises.** A number that was read has the form that its register gives it, and its check digits agree with the rest. That
//! is all that can be known without asking anybody: whether it is the firm's own is for people to find out.
#![warn(missing_docs)]

mod document;
mod number;
mod paper;
mod submission;

pub use document::{
    BadDocument, Blob, Document, DocumentSize, KeptDocument, MediaType, NotKept, Sha256Hex,
};
pub use number::{BadNumber, Ice, RegisterNumber, Rib, TaxNumber};
pub use paper::{Paper, PaperKind};
pub use submission::{Check, Dossier, Submission};
