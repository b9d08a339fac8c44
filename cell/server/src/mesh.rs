//! The cells among themselves, over gRPC: the client side answers the runtime's port, the server side serves it to the others.

mod client;
mod pods;
mod service;
#[cfg(test)]
mod tests;
pub(crate) mod words;

pub(crate) use client::GrpcMesh;
pub(crate) use service::MeshService;
