//! The routing table: slots, overrides, cells; pure look-up and its serialised form.
//!
//! Control plane, cells and routers all hold a [`Table`]: an immutable snapshot that says which cell owns which tenant, with
//! the number of that ownership. A table is a hint for speed, never the truth: the cell refuses what it does not own, and a
//! [`Pursuit`] learns from the refusal. Nothing here knows a wire library or an async runtime; the form on the wire is
//! converted in `souk-proto-fleet`.

mod addressed;
mod aside;
mod cell;
mod delta;
mod draft;
mod form;
mod last_good;
mod overrides;
mod packed;
mod pursuit;
mod refusal;
mod ring;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use addressed::{Addressed, BadTenant, tenant_of_name, tenant_of_path};
pub use aside::Aside;
pub use cell::{Cell, Pod, SigningKey};
pub use delta::{Changed, Delta, Misfit, Row};
pub use draft::{CellIndex, Draft, InvalidTable};
pub use form::Damaged;
pub use last_good::{LastGood, LastGoodError};
pub use overrides::Placed;
pub use pursuit::{GaveUp, Hint, Intent, Pursuit, Step, Target, Wait};
pub use refusal::{ASK_HEADER, BUSY_HEADER, NotARefusal, REFUSAL_HEADER, Refusal};
pub use ring::Preference;
pub use snapshot::{Older, Snapshot};
pub use table::{Owner, Route, Table};
