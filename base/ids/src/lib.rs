//! Names and numbers that the whole platform shares: tenants, slots, streams, generations.

mod number;
mod stream;
mod tenant;

pub use number::{CellId, Epoch, Generation, InvalidCellId, Version};
pub use stream::{InvalidStreamName, MessageId, StreamName};
pub use tenant::{InvalidTenant, Slot, Tenant, TenantKind};
