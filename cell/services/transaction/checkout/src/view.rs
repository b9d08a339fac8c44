//! How others read a purchase: each session as it stands.

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{Checkout, state::Session};

/// Each session; keyed by its id, and ids are ordered by time.
pub struct Checkouts;

/// A session as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Whose.
    pub buyer: Tenant,
    /// The session.
    pub session: Session,
    /// When the last thing happened.
    pub changed_at: Timestamp,
}

impl View<Checkout> for Checkouts {
    const NAME: &'static str = "checkouts";
    type Row = Standing;

    // Every event touches the row, so that its version is the stream's and `If-Match` compares like with like.
    fn fold(seen: &Seen<'_, Checkout>, rows: &mut Rows<Standing>) {
        if let Some(session) = seen.state.session.as_deref() {
            let (buyer, session) = (seen.tenant.clone(), session.clone());
            rows.put(seen.key, &Standing { buyer, session, changed_at: seen.at });
        }
    }
}
