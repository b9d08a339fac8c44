//! The control plane's state: ownership rows changed by compare-and-set, kept in one directory, or in etcd for several processes.
//!
//! | room | question |
//! | --- | --- |
//! | `store` | what can be changed and read? |
//! | `directory` | how does one process alone keep it? |
//! | `etcd` | how do several keep it together? |
//! | `standing` | who of them leads? |
//! | `error` | why does it not open, and why does nothing change? |
//!
//! Every change is written whole or not at all, and only then seen by readers. All calls that change something block.
#![warn(missing_docs)]

mod directory;
mod error;
mod etcd;
mod standing;
mod store;

pub use error::{ChangeError, OpenError};
pub use standing::{Leader, Standing};
pub use store::Store;
