//! What must be learned before a session starts or is placed: what is in the cart today, and how long to wait.

use std::sync::Arc;

use base_ids::{ResourceId, Tenant};
use cell_kernel::{Answer, Asked, Gather, Problem};
use serde::{Deserialize, Serialize};

use crate::{
    Checkout, State,
    command::{Ask, Command, Line},
};

/// Asks what is in a cart today. Answered in the buyer's own cell.
pub trait CartOf: Send + Sync + 'static {
    /// The cart as it is now; one that was never used is empty. Errors: the world's.
    fn cart_of<'a>(&'a self, user: &'a Tenant, cart: &'a ResourceId) -> Answer<'a, CartNow>;
}

/// A cart as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartNow {
    /// Whether it can be bought: no other checkout has it, and it was not bought before.
    pub open: bool,
    /// Its round.
    pub round: u64,
    /// The revision of that round.
    pub revision: u64,
    /// Its lines, at the prices that the buyer has seen.
    pub lines: Vec<Line>,
    /// What stands in the way of buying it, as far as this cell knows.
    pub problems: Vec<Problem>,
}

/// How long what is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waits {
    /// For the buyer to place a session; then it ends. Milliseconds.
    pub buyer_ms: u64,
    /// For the cart to be claimed; then the session is undone. Milliseconds.
    pub cart_ms: u64,
    /// For every vendor's quote and promise; then the silent ones have said no. Milliseconds.
    pub vendors_ms: u64,
    /// How long vendors are asked to hold their stock. Milliseconds.
    pub stock_ms: u64,
    /// For the payment to be authorised, what the buyer has to do for it included. Milliseconds.
    pub payment_ms: u64,
    /// For order, sold stock and captured money, from the authorisation on; then somebody should look. Also how much later than
    /// promised the payment's answer may come. Milliseconds.
    pub settling_ms: u64,
    /// For order and sold stock, from the authorisation on; then the session is undone. Milliseconds.
    pub giving_up_ms: u64,
    /// For the payment to be let go; then somebody should look. Milliseconds.
    pub undoing_ms: u64,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            buyer_ms: 24 * 3_600_000,
            cart_ms: 20_000,
            vendors_ms: 20_000,
            stock_ms: 15 * 60_000,
            payment_ms: 10 * 60_000,
            settling_ms: 60_000,
            giving_up_ms: 10 * 60_000,
            undoing_ms: 60_000,
        }
    }
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// With `Start`, `Refresh` and `Place`: the cart as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart: Option<CartNow>,
    /// With `Start`: how long to wait, for the whole of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
}

pub(crate) struct Ports {
    pub(crate) carts: Arc<dyn CartOf>,
    pub(crate) waits: Waits,
}

impl Gather<Checkout> for Ports {
    fn gather<'a>(
        &'a self,
        state: &'a State,
        command: &'a Command,
        asked: &'a Asked,
    ) -> Answer<'a, Facts> {
        let known = state.session.as_ref().map(|session| &session.basket.cart);
        let (cart, waits) = match &command.ask {
            Ask::Start { cart, .. } => (Some(cart), Some(self.waits.clone())),
            Ask::Refresh | Ask::Place { .. } => (known, None),
            _ => (None, None),
        };
        Box::pin(async move {
            let Some(cart) = cart else { return Ok(Facts::default()) };
            Ok(Facts { cart: Some(self.carts.cart_of(&asked.tenant, cart).await?), waits })
        })
    }
}
