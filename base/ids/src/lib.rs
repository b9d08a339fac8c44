//! Names and numbers that the whole platform shares: tenants, slots, streams, generations.

mod claim;
mod derived;
mod email;
mod guest;
mod handle;
mod locale;
mod number;
mod pod;
mod resource;
mod scripts;
mod stream;
mod tenant;
mod text;

pub use claim::{ClaimKind, ClaimedName, InvalidClaim};
pub use derived::{derived_id, hmac_sha256};
pub use email::Email;
pub use guest::{GuestSecret, InvalidGuestSecret};
pub use handle::Handle;
pub use locale::{InvalidLanguage, InvalidLocale, Language, Locale};
pub use number::{CellId, Epoch, Generation, InvalidCellId, Version};
pub use pod::{InvalidPodName, PodName};
pub use resource::{InvalidResourceId, ResourceId, match_name};
pub use scripts::NameInScripts;
pub use stream::{InvalidStreamName, MessageId, StreamName};
pub use tenant::{InvalidTenant, Slot, Tenant, TenantKind};
pub use text::{InvalidText, Text};
