//! Who asks: the subject of a request and what it was let in as.

use base_ids::Tenant;
pub use base_token::VendorRole;
use serde::{Deserialize, Serialize};

/// Who asks, as the cell's edge has verified it, or the platform itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The user (guest or registered) behind the request; `None` when the platform itself acts.
    pub subject: Option<Tenant>,
    /// What the caller was let in as.
    pub audience: Audience,
    /// The session that the token belongs to, if any.
    pub session: Option<String>,
}

/// What a caller was let in as. A token has exactly one audience and is worth nothing to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Nobody has proven anything.
    Anonymous,
    /// A visitor with a guest's secret.
    Guest,
    /// A registered user, shopping.
    Shopper,
    /// A member of a vendor's team, acting for that vendor.
    Vendor {
        /// For whom.
        vendor: Tenant,
        /// As what.
        role: VendorRole,
    },
    /// An operator of the platform.
    Operator,
    /// The platform itself: a message that was heard, a timer that fired, an effect that came back.
    Platform {
        /// The service that told, or the listener's own.
        service: String,
    },
}

impl Caller {
    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self { subject: None, audience: Audience::Anonymous, session: None }
    }

    /// The platform itself, acting for `service`.
    pub fn platform(service: &str) -> Self {
        Self {
            subject: None,
            audience: Audience::Platform { service: service.to_owned() },
            session: None,
        }
    }

    /// A registered user, shopping.
    pub fn shopper(user: Tenant) -> Self {
        Self { subject: Some(user), audience: Audience::Shopper, session: None }
    }

    /// A guest.
    pub fn guest(user: Tenant) -> Self {
        Self { subject: Some(user), audience: Audience::Guest, session: None }
    }

    /// A member of a vendor's team.
    pub fn vendor(user: Tenant, vendor: Tenant, role: VendorRole) -> Self {
        Self { subject: Some(user), audience: Audience::Vendor { vendor, role }, session: None }
    }

    /// An operator.
    pub fn operator(user: Tenant) -> Self {
        Self { subject: Some(user), audience: Audience::Operator, session: None }
    }

    /// Who it is, in one word, for journals and idempotency scopes: the subject's name, or the platform's service.
    pub fn name(&self) -> String {
        match (&self.subject, &self.audience) {
            (Some(subject), Audience::Vendor { vendor, .. }) => format!("{subject} for {vendor}"),
            (Some(subject), Audience::Operator) => format!("{subject} as operator"),
            (Some(subject), _) => subject.to_string(),
            (None, Audience::Platform { service }) => format!("platform {service}"),
            (None, _) => "anonymous".to_owned(),
        }
    }
}
