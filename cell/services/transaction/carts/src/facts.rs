//! What must be learned before a cart is changed: how the offers are today.

use std::sync::Arc;

use base_ids::ResourceId;
use base_money::Money;
use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{
    Carts, State,
    command::{Command, Item, Line, Title},
};

/// Asks how offers are today. Answered in every cell from what vendors have published, so it needs no vendor's cell to be up;
/// an offer that nobody has published is left out of the answer.
pub trait OffersOf: Send + Sync + 'static {
    /// The offers of these items that are known, in any order. Errors: the world's.
    fn offers_of<'a>(&'a self, items: &'a [Item]) -> Answer<'a, Vec<OfferNow>>;
}

/// An offer as it is today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferNow {
    /// Which.
    pub item: Item,
    /// The product that it is of.
    pub product: ResourceId,
    /// What that is called.
    pub title: Title,
    /// For one.
    pub price: Money,
    /// Raised at each change of the price.
    pub price_version: i64,
    /// Whether it can be sold at all.
    pub selling: Selling,
    /// How much of it there is, coarsely.
    pub availability: Availability,
}

/// Whether an offer can be sold, apart from its stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selling {
    /// It can.
    Yes,
    /// Its vendor has paused or withdrawn it.
    OfferInactive,
    /// Its product is not published.
    ProductNotPublished,
    /// Its vendor is not open; why: `onboarding`, `suspended`, `terminated`, `holiday`.
    SellerClosed(String),
}

/// How much of an offer there is, as its vendor last told everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Nothing, or nothing was ever stocked.
    None,
    /// About so many.
    Few(i64),
    /// Enough.
    Plenty,
}

impl OfferNow {
    /// So many of it, as a line of a cart.
    pub(crate) fn line(&self, quantity: crate::command::Quantity) -> Line {
        Line {
            item: self.item.clone(),
            product: self.product.clone(),
            title: self.title.clone(),
            quantity,
            price: self.price,
            price_version: self.price_version,
        }
    }
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// The offers that the command is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<OfferNow>,
}

impl Facts {
    /// The offer of an item, if it is known.
    pub(crate) fn offer(&self, item: &Item) -> Option<&OfferNow> {
        self.offers.iter().find(|offer| offer.item == *item)
    }
}

pub(crate) struct Ports {
    offers: Arc<dyn OffersOf>,
}

impl Ports {
    pub(crate) fn new(offers: Arc<dyn OffersOf>) -> Self {
        Self { offers }
    }
}

impl Gather<Carts> for Ports {
    fn gather<'a>(
        &'a self,
        state: &'a State,
        command: &'a Command,
        _: &'a Asked,
    ) -> Answer<'a, Facts> {
        let items: Vec<Item> = match command {
            Command::AddLine { item, .. } => vec![item.clone()],
            Command::AcceptPrices { .. } => {
                state.lines.iter().map(|line| line.item.clone()).collect()
            }
            _ => Vec::new(),
        };
        Box::pin(async move {
            if items.is_empty() {
                return Ok(Facts::default());
            }
            Ok(Facts { offers: self.offers.offers_of(&items).await? })
        })
    }
}
