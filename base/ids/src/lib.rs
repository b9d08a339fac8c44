//! Names and numbers that the whole platform shares: tenants, slots, streams, generations.

mod claim;
mod email;
mod guest;
mod locale;
mod number;
mod resource;
mod stream;
mod tenant;
mod text;

pub use claim::{ClaimKind, ClaimedName, InvalidClaim, hmac_sha256};
pub use email::Email;
pub use guest::{GuestSecret, InvalidGuestSecret};
pub use locale::{InvalidLocale, Language, Locale};
pub use number::{CellId, Epoch, Generation, InvalidCellId, Version};
pub use resource::{InvalidResourceId, ResourceId, match_name};
pub use stream::{InvalidStreamName, MessageId, StreamName};
pub use tenant::{InvalidTenant, Slot, Tenant, TenantKind};
pub use text::{InvalidText, Text};
