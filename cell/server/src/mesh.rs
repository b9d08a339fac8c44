//! The cells among themselves, over gRPC: the client side answers the runtime's port, the server side serves it to the others.

mod client;
mod service;
mod words;

pub use client::GrpcMesh;
pub use service::MeshService;
