//! Tenants: the unit of ownership, routing and moving; and the slot a tenant's name falls into.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Longest tenant id, in bytes.
const ID_LEN_MAX: usize = 80;

/// What a tenant is; the first path segment of everything it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantKind {
    /// A shopper, registered or guest.
    User,
    /// A shop.
    Vendor,
    /// The claim of an e-mail, a phone or a handle, named by its hash.
    Name,
    /// An area of the platform itself, such as a shard of the shared catalogue.
    Platform,
}

impl TenantKind {
    /// The collection segment: `users`, `vendors`, `names` or `platform`.
    pub const fn collection(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Vendor => "vendors",
            Self::Name => "names",
            Self::Platform => "platform",
        }
    }

    /// The kind whose collection segment is `segment`, if any.
    pub fn of_collection(segment: &str) -> Option<Self> {
        [Self::User, Self::Vendor, Self::Name, Self::Platform]
            .into_iter()
            .find(|kind| kind.collection() == segment)
    }
}

/// A tenant's name, `<collection>/<id>`; the id is 1 to 80 of `a-z`, `0-9` and `-`, and starts with a letter or digit.
///
/// Cloning is cheap: the text is shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tenant {
    name: Arc<str>,
    kind: TenantKind,
}

/// Why a text is not a tenant's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a tenant: expected users/<id>, vendors/<id>, names/<id> or platform/<id> with an id of 1 to 80 of a-z, 0-9 and -"
)]
pub struct InvalidTenant(String);

impl Tenant {
    /// Names the tenant `<kind>/<id>`.
    pub fn new(kind: TenantKind, id: &str) -> Result<Self, InvalidTenant> {
        let name = format!("{}/{id}", kind.collection());
        if is_id(id) { Ok(Self { name: name.into(), kind }) } else { Err(InvalidTenant(name)) }
    }

    /// The whole name, `users/0190…`.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What the tenant is.
    pub fn kind(&self) -> TenantKind {
        self.kind
    }

    /// The part behind the slash.
    pub fn id(&self) -> &str {
        &self.name[self.kind.collection().len() + 1..]
    }

    /// The slot that the tenant's name falls into.
    pub fn slot(&self) -> Slot {
        Slot::of(self.as_str())
    }
}

fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    id.len() <= ID_LEN_MAX
        && id.bytes().next().is_some_and(plain)
        && id.bytes().all(|byte| plain(byte) || byte == b'-')
}

impl FromStr for Tenant {
    type Err = InvalidTenant;

    fn from_str(text: &str) -> Result<Self, InvalidTenant> {
        let invalid = || InvalidTenant(text.chars().take(2 * ID_LEN_MAX).collect());
        let (collection, id) = text.split_once('/').ok_or_else(invalid)?;
        let kind = TenantKind::of_collection(collection).ok_or_else(invalid)?;
        Self::new(kind, id).map_err(|_| invalid())
    }
}

impl TryFrom<String> for Tenant {
    type Error = InvalidTenant;

    fn try_from(text: String) -> Result<Self, InvalidTenant> {
        text.parse()
    }
}

impl From<Tenant> for String {
    fn from(tenant: Tenant) -> Self {
        tenant.as_str().to_owned()
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// One of the 65,536 slots: the top 16 bits of XXH3-64 over the tenant's name. Small tenants live where their slot lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u16);

impl Slot {
    /// How many slots there are.
    pub const COUNT: usize = 1 << 16;

    /// The slot of a tenant's name. Total: any text has a slot, so that a router can route before it validates.
    pub fn of(tenant_name: &str) -> Self {
        Self((xxh3_64(tenant_name.as_bytes()) >> 48) as u16)
    }

    /// The slot as an index into a table of [`Slot::COUNT`] entries.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Slot, Tenant, TenantKind};

    #[test]
    fn a_name_reads_back_as_the_tenant_it_was_written_from() {
        for text in ["users/0190-ab", "vendors/atlas", "names/9f86d081", "platform/catalog-0a3"] {
            let tenant: Tenant = text.parse().unwrap();
            assert_eq!(tenant.as_str(), text);
            assert_eq!(format!("{}/{}", tenant.kind().collection(), tenant.id()), text);
        }
    }

    #[test]
    fn what_is_not_a_tenant_is_refused_with_the_expected_form() {
        for text in
            ["", "users", "users/", "users/A", "users/-a", "orders/x", "users/a/b", "users/é"]
        {
            let error = text.parse::<Tenant>().unwrap_err().to_string();
            assert!(error.contains("expected users/<id>"), "{text}: {error}");
        }
        assert!(Tenant::new(TenantKind::User, &"a".repeat(81)).is_err());
    }

    #[test]
    fn slots_are_pinned_so_that_two_builds_never_disagree() {
        assert_eq!(Slot::of("users/a"), Slot(0x3e3d));
        assert_eq!(Slot::of("vendors/atlas"), Slot(0x6cf2));
    }
}
