//! The port behind the edge: who carries out what was asked, and what they can answer.

use std::sync::Arc;

use base_ids::{Epoch, Generation, Tenant};
use futures_util::future::BoxFuture;

pub use cell_runtime::{Answered, Call, Changes, Unanswered};

use crate::Keys;

/// Carries out calls. A port: the cell server answers it with the runtime, tests with whatever they like.
pub trait Desk: Send + Sync + 'static {
    /// Carries out a command, a query or a forwarded call. A mutation runs to its end even when its caller has gone.
    fn serve(&self, call: Call) -> BoxFuture<'_, Result<Answered, Unanswered>>;

    /// Follows what the call names.
    fn watch(&self, call: Call) -> BoxFuture<'_, Result<Changes, Unanswered>>;

    /// Whether the cell would serve a tenant now, for reads only or for `writes` too; under which generation, by which table.
    fn owns(&self, tenant: &Tenant, writes: bool) -> Result<(Generation, Epoch), Unanswered>;

    /// The public keys by which access tokens of the whole fleet are verified. Asked at each call: must be cheap.
    fn keys(&self) -> Arc<Keys>;
}
