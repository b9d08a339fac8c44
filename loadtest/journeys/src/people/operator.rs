//! Somebody who operates the platform: opens sellers, publishes products.

use serde_json::{Value, json};

use super::{Account, Keys, account::Badge};
use crate::http::{Api, Ask};

/// The area of the platform that knows its operators.
const OPERATORS: &str = "platform/operators";

/// An operator.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The person.
    pub account: Account,
    api: Api,
    keys: Keys,
    badge: Badge,
}

impl Operator {
    /// Somebody who was granted the role.
    pub fn new(account: Account, api: &Api, keys: &Keys) -> Self {
        let badge = Badge::new(&account, OPERATORS);
        Self { account, api: api.clone(), keys: keys.clone(), badge }
    }

    /// Asks for a change as an operator.
    ///
    /// Errors: those of the platform.
    pub async fn ask(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let ask = Ask::post(path, body).by(&self.badge.caller().await?).key(self.keys.next());
        self.api.surely(&ask).await
    }

    /// Reads as an operator.
    ///
    /// Errors: those of the platform.
    pub async fn read(&self, path: &str) -> anyhow::Result<Value> {
        self.api.surely(&Ask::get(path).by(&self.badge.caller().await?)).await
    }

    /// Opens a seller who has submitted what is required, or, with a reason, not all of it.
    ///
    /// Errors: those of the platform.
    pub async fn approve(
        &self,
        vendor: &str,
        commission_basis_points: u32,
        reason: &str,
    ) -> anyhow::Result<()> {
        let rate =
            json!({"basisPoints": commission_basis_points, "reason": "agreed at the opening"});
        self.ask(&format!("/v1/{vendor}:setCommission"), &rate).await?;
        self.ask(&format!("/v1/{vendor}:approve"), &json!({"overrideReason": reason})).await?;
        Ok(())
    }

    /// Adds a published product to the shared catalogue. Doing it again changes nothing.
    ///
    /// Errors: those of the platform.
    pub async fn publish(&self, product: &str, details: &Value) -> anyhow::Result<()> {
        let add = json!({"product": product, "details": details, "publish": true});
        self.ask("/v1/catalog/products", &add).await.map(drop)
    }
}
