//! What tests share: free ports, child processes that never outlive them, polling without guessing, directories that stay when a test
//! fails, real engines that may be there.
#![warn(missing_docs)]

mod child;
mod engine;
mod eventually;
mod own_engine;
mod own_etcd;
mod port;
mod scratch;

pub use child::{Child, Stopped, Watch};
pub use engine::{TestEngine, has_time, skipped};
pub use eventually::{Late, eventually};
pub use nix::sys::signal::Signal;
pub use own_engine::OwnEngine;
pub use own_etcd::OwnEtcd;
pub use port::free_port;
pub use scratch::Scratch;
