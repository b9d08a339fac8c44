//! What a service is made of: plain types and small traits, no I/O, no async runtime.
//!
//! A service is one ring, in one direction: `gather → decide → commit → react`. It says *what* happens; the runtime binds the
//! tenant, the owner's generation and the store. Read `cell/services/logistics/inventory` beside this crate: it is the model service.

mod api;
mod caller;
mod decider;
mod effect;
mod gather;
mod message;
mod reading;
mod spec;
pub mod story;
mod view;

pub use api::{Api, Decode, Done, Method, MethodKind, No, Onward, Request, field, ids_of};
pub use caller::{Audience, Caller, VendorRole};
pub use decider::{Asked, Decider, Event, NoRefusal, Problem, Refusal};
pub use effect::{Effect, NoEffect};
pub use gather::{Answer, Gather, NoFacts};
pub use message::{CalledOff, Heard, Listener, Outbox, Posted, Unreadable, Words};
pub use reading::{Page, PageAsk, Reading, RowBytes, RowSource, Table, Versioned};
pub use spec::{FoldReplica, FoldView, ReplicaSpec, ServiceSpec, ViewSpec};
pub use view::{Replica, RowChange, Rows, Seen, View};
