//! The cell's face: gRPC, REST/JSON and OpenAPI, all from the same descriptors.
//!
//! **Promises.** A method is written once, in its `.proto`; no route is written by hand. A request reaches the [`Desk`] only if its
//! caller is proven, its addressee is the one it was routed by, its method's rule lets the caller in, and every field of it is
//! known and of the right type. Whatever comes in, the answer is a clear one: never a 500 that is not ours, never a panic.
//! Bytes that are no message go between the caller and the [`Shelf`], streamed.
//! **Never.** Trusts a header for what a token or the request itself must prove; knows a service.
#![warn(missing_docs)]

mod access;
mod addressing;
mod answer;
mod arrival;
mod ask;
mod config;
mod contract;
mod count;
mod desk;
mod edge;
mod events;
mod grpc;
mod identity;
mod json;
mod keys;
mod linger;
mod mask;
mod message;
mod office;
mod openapi;
mod pages;
mod raw;
mod request;
mod rest;
mod routes;
mod serve;
mod shelf;
mod show;
mod template;
mod text;
mod value;
mod welcome;
mod wire;

pub use config::EdgeConfig;
pub use contract::InvalidContract;
pub use desk::{Answered, Call, Changes, Desk, Unanswered};
pub use edge::{Edge, EdgeParts};
pub use keys::Keys;
pub use openapi::openapi;
pub use pages::{missing_pages, page};
pub use shelf::{OnShelf, Pieces, Said, Shelf};
