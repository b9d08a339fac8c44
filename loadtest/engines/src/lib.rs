//! The real engines on one machine, from the package registries and without a container engine: installed once, started on free
//! ports, looked after, stopped.
//!
//! | room | question |
//! | --- | --- |
//! | `engine` | which engines are there, and which nodes of each? |
//! | `place` | where does everything lie? |
//! | `install` | how does it come here? |
//! | `recipe` | with what is a node started? |
//! | `process` | does it run, and how does it end? |
//! | `probe` | does it answer, which version is it, and does it forget? |
//! | `set` | all of them together: up, down, status |
//! | `check` | all of it once, from nothing to nothing |
//! | `s3_server` | the one engine that is a program of ours |

mod check;
mod engine;
mod install;
mod place;
mod probe;
mod process;
mod recipe;
mod s3_server;
mod set;

pub use check::{check, table};
pub use engine::{Engine, NodeName, Wanted};
pub use place::Place;
pub use probe::flush_redis;
pub use s3_server::{ACCESS_KEY, BUCKET, SECRET_KEY, serve_s3};
pub use set::{Set, Standing};
