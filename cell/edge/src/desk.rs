//! The port behind the edge: who carries out what was asked, and what they can answer.

use std::{sync::Arc, time::Duration};

use base_ids::{CellId, Epoch, Generation, Tenant, Version};
use cell_kernel::{Caller, No};
use futures_util::{future::BoxFuture, stream::BoxStream};

use crate::Keys;

/// One call, verified and read: who asks which method of which tenant for what.
#[derive(Clone, Debug)]
pub struct Call {
    /// The tenant that the call is addressed to; the caller's own where the method belongs to nobody.
    pub tenant: Tenant,
    /// Full name of the method, such as `souk.carts.v1.Carts/AddLine`.
    pub method: String,
    /// The encoded request.
    pub request: Vec<u8>,
    /// Who asks.
    pub caller: Caller,
    /// The caller's name for this attempt; present on every mutation that needs one.
    pub idempotency_key: Option<String>,
    /// The version that the resource must have.
    pub if_match: Option<Version>,
    /// The trace that the call belongs to.
    pub trace: Option<[u8; 16]>,
    /// How long the caller waits from now on; at most a minute.
    pub deadline: Duration,
    /// Number of the ownership by which the router sent the call here, if a router did.
    pub generation: Option<u64>,
}

/// A call that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The encoded response.
    pub response: Vec<u8>,
    /// The resource's version, which becomes its ETag; 0 for none.
    pub version: Version,
    /// Whether this is the answer to an earlier call with the same idempotency key.
    pub replayed: bool,
}

/// A call that was not carried out.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// The world or the business says no.
    No(No),
    /// Another cell owns the tenant; the router sends the call there.
    NotMine {
        /// Which, if it is known.
        owner: Option<CellId>,
        /// The number of that ownership.
        generation: Generation,
        /// Epoch of the table that says so.
        epoch: Epoch,
    },
    /// The tenant is between two owners; the router holds the call.
    Held {
        /// Epoch of the table that says so.
        epoch: Epoch,
    },
}

impl<N: Into<No>> From<N> for Unanswered {
    fn from(no: N) -> Self {
        Self::No(no.into())
    }
}

/// What follows one row: each item is an encoded response; the end of the stream is the end of what can change.
pub type Changes = BoxStream<'static, Result<Vec<u8>, No>>;

/// Carries out calls. A port: the cell server answers it with the runtime, tests with whatever they like.
pub trait Desk: Send + Sync + 'static {
    /// Carries out a command, a query or a forwarded call. A mutation runs to its end even when its caller has gone.
    fn serve(&self, call: Call) -> BoxFuture<'_, Result<Answered, Unanswered>>;

    /// Follows what the call names.
    fn watch(&self, call: Call) -> BoxFuture<'_, Result<Changes, Unanswered>>;

    /// The public keys by which access tokens of the whole fleet are verified. Asked at each call: must be cheap.
    fn keys(&self) -> Arc<Keys>;
}
