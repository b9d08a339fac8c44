//! The resource that a purchase is known by.

use std::{fmt, str::FromStr};

use base_ids::{ResourceId, StreamName, Tenant};

/// An order group, a vendor's order, a checkout or a payment, by its resource name: `users/0190…/orders/7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Purchase {
    pub(crate) tenant: Tenant,
    collection: String,
    id: ResourceId,
}

impl FromStr for Purchase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is not an order or a checkout: expected a resource name, such as users/0190-ab/orders/o1"
            )
        };
        let parts: Vec<_> = text.split('/').collect();
        let [kind, tenant, collection, id] = parts.as_slice() else {
            return Err(refuse());
        };
        let tenant = format!("{kind}/{tenant}").parse().map_err(|_| refuse())?;
        let plain =
            !collection.is_empty() && collection.bytes().all(|byte| byte.is_ascii_alphabetic());
        let id = id.parse().map_err(|_| refuse())?;
        if plain {
            Ok(Self { tenant, collection: (*collection).to_owned(), id })
        } else {
            Err(refuse())
        }
    }
}

impl fmt::Display for Purchase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.collection, self.id)
    }
}

impl Purchase {
    /// Streams that the resource may be kept in: its service is named as its collection, in the plural or the singular.
    pub(crate) fn streams(&self) -> Vec<StreamName> {
        let plural = self.collection.to_ascii_lowercase();
        let singular = plural.strip_suffix('s').unwrap_or(&plural).to_owned();
        let stream =
            |service: &str| StreamName::new(self.tenant.clone(), service, self.id.as_str()).ok();
        [stream(&plural), stream(&singular)].into_iter().flatten().collect()
    }

    /// Whether a stream of the tenant is about the resource, if none of [`Purchase::streams`] is there.
    pub(crate) fn is_about(&self, stream: &StreamName) -> bool {
        stream.key.contains(self.id.as_str())
    }
}
