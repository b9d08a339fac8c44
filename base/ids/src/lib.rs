//! Names and numbers that the whole platform shares: tenants, slots, streams, generations.

mod guest;
mod number;
mod resource;
mod stream;
mod tenant;

pub use guest::{GuestSecret, InvalidGuestSecret};
pub use number::{CellId, Epoch, Generation, InvalidCellId, Version};
pub use resource::{InvalidResourceId, ResourceId, match_name};
pub use stream::{InvalidStreamName, MessageId, StreamName};
pub use tenant::{InvalidTenant, Slot, Tenant, TenantKind};
