//! What must be learned before offers' decisions: what is known of a product, and on which terms its vendor sells.

use std::{collections::BTreeSet, sync::Arc};

use base_fault::Fault;
use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::{Answer, Asked, Gather, Reading};
use cell_words::{ProductId, Title};
use serde::{Deserialize, Serialize};

use crate::{Command, Offers, State, command::Ask, state::Offer, view};

/// Asks what is known of a product in this cell.
pub trait ProductOf: Send + Sync + 'static {
    /// The product; `None` if nobody has proposed it, as far as this cell knows. Errors: the world's.
    fn product_of<'a>(&'a self, product: &'a ProductId) -> Answer<'a, Option<ProductNow>>;
}

/// A product as it is known in this cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductNow {
    /// Whether offers on it may sell.
    pub published: bool,
    /// What it is called.
    pub title: Title,
}

/// Asks on which terms a vendor sells today. Answered where the vendor lives, from what its seller has agreed on.
pub trait SellerTerms: Send + Sync + 'static {
    /// The vendor's terms; `None` if nobody has applied to sell under its name. Errors: the world's.
    fn terms_of<'a>(&'a self, vendor: &'a Tenant) -> Answer<'a, Option<Terms>>;
}

/// On which terms a vendor sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Why its offers do not sell; `None` if they do.
    pub closed_because: Option<String>,
    /// What the platform keeps of the goods' value, in basis points.
    pub commission_basis_points: u32,
    /// What delivery costs, by currency; nothing in a currency that is not there.
    pub delivery_fees: Vec<Money>,
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// With a new offer: whether its product is known in this cell, published or not.
    pub product_known: bool,
    /// With a quote: what it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<QuoteFacts>,
}

/// What a quote rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QuoteFacts {
    /// The vendor's terms; `None` if nobody sells under its name.
    pub terms: Option<Terms>,
    /// The offers that are asked about and are there.
    pub offers: Vec<OfferFact>,
}

/// An offer as it is, with its product.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferFact {
    /// The offer.
    pub offer: Offer,
    /// Whether its product is published.
    pub published: bool,
    /// What its product is called.
    pub title: Title,
}

pub(crate) struct Ports {
    pub(crate) reading: Reading,
    pub(crate) products: Arc<dyn ProductOf>,
    pub(crate) terms: Arc<dyn SellerTerms>,
}

impl Ports {
    async fn known(&self, product: &ProductId) -> Result<Facts, Fault> {
        let product_known = self.products.product_of(product).await?.is_some();
        Ok(Facts { product_known, quote: None })
    }

    async fn quote(&self, vendor: &Tenant, offers: BTreeSet<&ResourceId>) -> Result<Facts, Fault> {
        let terms = self.terms.terms_of(vendor).await?;
        let mut found = Vec::with_capacity(offers.len());
        for offer in offers {
            let row = self.reading.get::<Offers, view::Offers>(vendor, offer.as_str()).await?;
            let Some(row) = row else { continue };
            let product = self.products.product_of(&row.row.product).await?;
            let (published, title) =
                product.map(|product| (product.published, product.title)).unwrap_or_default();
            found.push(OfferFact { offer: row.row, published, title });
        }
        Ok(Facts { product_known: false, quote: Some(QuoteFacts { terms, offers: found }) })
    }
}

impl Gather<Offers> for Ports {
    fn gather<'a>(
        &'a self,
        state: &'a State,
        command: &'a Command,
        asked: &'a Asked,
    ) -> Answer<'a, Facts> {
        match (state, command) {
            (State::Nothing, Command::Offer { ask: Ask::Create(draft), .. }) => {
                Box::pin(self.known(&draft.product))
            }
            (State::Nothing, Command::Offer { ask: Ask::CarryOut(line), .. }) => {
                Box::pin(self.known(&line.draft.product))
            }
            (State::Nothing, Command::Quote { lines, .. }) => {
                let offers = lines.iter().map(|line| &line.offer).collect();
                Box::pin(self.quote(&asked.tenant, offers))
            }
            _ => Box::pin(std::future::ready(Ok(Facts::default()))),
        }
    }
}
