//! A call of an API method as it reaches a cell, and how it ends.

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_ids::{CellId, Epoch, Generation, Tenant, Version};
use cell_kernel::{Caller, No};

/// A call: verified, addressed to a tenant, not yet routed inside the cell. Cheap to clone except for the request's bytes.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whom it is addressed to.
    pub tenant: Tenant,
    /// Full name of the method, such as `souk.carts.v1.Carts/AddLine`.
    pub method: Arc<str>,
    /// The encoded request message.
    pub request: Vec<u8>,
    /// Who asks.
    pub caller: Caller,
    /// The key that makes a repeated call harmless: 1 to 255 visible ASCII characters.
    pub idempotency_key: Option<String>,
    /// The version that the resource must have.
    pub if_match: Option<Version>,
    /// W3C trace id.
    pub trace: Option<[u8; 16]>,
    /// How long the caller waits.
    pub deadline: Duration,
}

/// A call that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The encoded response message.
    pub response: Vec<u8>,
    /// The resource's version; 0 for none.
    pub version: Version,
    /// Whether this is the kept answer to an earlier call with the same idempotency key.
    pub replayed: bool,
}

/// A call that was not carried out here.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// The business or the world says no.
    No(No),
    /// Another cell owns the tenant, as far as this one knows.
    NotMine {
        /// Which.
        owner: Option<CellId>,
        /// Under which generation.
        generation: Generation,
        /// According to the table of this epoch.
        epoch: Epoch,
    },
    /// The tenant is between owners.
    Held {
        /// According to the table of this epoch.
        epoch: Epoch,
    },
}

impl From<Fault> for Unanswered {
    fn from(fault: Fault) -> Self {
        Self::No(No::Fault(fault))
    }
}

impl From<No> for Unanswered {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

impl Unanswered {
    /// The same as a fault, for callers that cannot route on.
    pub fn into_no(self) -> No {
        let again = Duration::from_millis(200);
        match self {
            Self::No(no) => no,
            Self::NotMine { .. } => No::Fault(Fault::downstream(
                Code::NotMine,
                again,
                "the tenant lives in another cell",
            )),
            Self::Held { .. } => {
                No::Fault(Fault::downstream(Code::Held, again, "the tenant is being moved"))
            }
        }
    }
}
