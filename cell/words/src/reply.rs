//! Whom to answer: the service of a tenant that has asked.

use base_ids::Tenant;
use cell_kernel::{Outbox, Unreadable, Words};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::told;

/// Whom to answer: a tenant's service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub service: Service,
}

/// The services that ask others and are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Service {
    /// A buyer's checkout.
    Checkout,
}

impl ReplyTo {
    /// As a message names them.
    pub fn read(tenant: &str, service: &str) -> Result<Self, Unreadable> {
        let known = service.parse();
        let service = known.map_err(|_| Unreadable(format!("`{service}` is not answered")))?;
        Ok(Self { tenant: told::read(tenant)?, service })
    }

    /// As a message names them: tenant and service.
    pub fn names(&self) -> (String, String) {
        (self.tenant.to_string(), <&str>::from(self.service).to_owned())
    }

    /// Answers.
    pub fn tell<M: Words>(&self, outbox: &mut Outbox, message: &M) {
        outbox.tell(&self.tenant, self.service.into(), message);
    }
}

#[cfg(test)]
mod tests {
    use super::ReplyTo;

    #[test]
    fn only_services_that_ask_are_answered() {
        let reply = ReplyTo::read("users/leila", "checkout").unwrap();
        let kept = r#"{"tenant":"users/leila","service":"checkout"}"#;
        assert_eq!(serde_json::to_string(&reply).unwrap(), kept);
        assert_eq!(serde_json::from_str::<ReplyTo>(kept).unwrap(), reply);
        let (tenant, service) = reply.names();
        assert_eq!(ReplyTo::read(&tenant, &service).unwrap(), reply);
        assert!(ReplyTo::read("users/leila", "feed").is_err());
        assert!(ReplyTo::read("leila", "checkout").is_err());
    }
}
