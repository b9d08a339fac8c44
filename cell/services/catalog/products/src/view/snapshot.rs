//! An offer as a buyer in any cell may see it now: offer, product, seller and stock put together when they are read.

use base_fault::Fault;
use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::{Decider as _, PageAsk, Reading, Replica};
use cell_words::{Condition, ProductId, Title};

use super::everywhere::{
    Availability, OfferRow, OffersEverywhere, ProductRow, ProductsEverywhere, SellerRow,
    SellersEverywhere, StockEverywhere, offer_key, offers_on, stock_key,
};
use crate::{Products, state::Stage};

/// Most offers of one product that are looked at.
const OFFERS_MAX: usize = 1_000;

/// An offer as it is now, as far as this cell knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferSnapshot {
    /// Whose.
    pub vendor: Tenant,
    /// Its id.
    pub offer: ResourceId,
    /// Of which product.
    pub product: ProductId,
    /// What that is called; empty if the product is not known here yet.
    pub title: Title,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Money,
    /// Raised at each change of the price.
    pub price_version: i64,
    /// Neither paused nor withdrawn by its vendor.
    pub active: bool,
    /// Its product is published.
    pub published: bool,
    /// Why its seller is not open: `onboarding`, `suspended`, `terminated`, `holiday`; `None` if it is.
    pub closed_because: Option<String>,
    /// What its seller is called; empty if the seller is not known here yet.
    pub seller_name: Title,
    /// Where its seller is.
    pub seller_city: String,
    /// The seller's handle.
    pub seller_handle: String,
    /// How much of it there is, coarsely.
    pub availability: Availability,
}

impl OfferSnapshot {
    /// Whether it can be bought: active, on a published product, from an open seller, and in stock.
    pub fn is_buyable(&self) -> bool {
        self.active
            && self.published
            && self.closed_because.is_none()
            && self.availability != Availability::None
    }
}

async fn row<R: Replica>(reading: &Reading, key: &str) -> Result<Option<R::Row>, Fault> {
    reading.get_replica::<R>(Products::SERVICE, key).await
}

/// The offer of a vendor, wherever it lives; `None` if nobody has published it. Errors: the store's.
pub async fn offer_snapshot(
    reading: &Reading,
    vendor: &Tenant,
    offer: &ResourceId,
) -> Result<Option<OfferSnapshot>, Fault> {
    let key = offer_key(vendor, offer.as_str());
    let Some(offer) = row::<OffersEverywhere>(reading, &key).await? else { return Ok(None) };
    let product = product(reading, &offer.product).await?;
    Ok(Some(put_together(reading, offer, product.as_ref()).await?))
}

/// The product, if this cell knows it. Errors: the store's.
pub async fn product(reading: &Reading, product: &ProductId) -> Result<Option<ProductRow>, Fault> {
    row::<ProductsEverywhere>(reading, product.as_str()).await
}

/// The active offers on a product: what can be bought first, then by currency and price. Errors: the store's.
pub async fn offers_on_product(
    reading: &Reading,
    product: &ProductRow,
) -> Result<Vec<OfferSnapshot>, Fault> {
    let prefix = offers_on(&product.product);
    let mut ask = PageAsk { size: PageAsk::SIZE_MAX, after: None, newest_first: false };
    let mut found: Vec<OfferSnapshot> = Vec::new();
    while found.len() < OFFERS_MAX {
        let page =
            reading.list_replica::<OffersEverywhere>(Products::SERVICE, &prefix, &ask).await?;
        for offer in page.rows {
            found.push(put_together(reading, offer, Some(product)).await?);
        }
        if page.next_page_token.is_empty() {
            break;
        }
        let last = found.last();
        ask.after = last.map(|last| format!("{prefix}{}/{}", last.vendor.id(), last.offer));
    }
    found.sort_by_key(|offer| (!offer.is_buyable(), offer.price.currency, offer.price.minor));
    Ok(found)
}

/// Whether an offer is featured among the sorted offers of its product: the cheapest new one that can be bought in its currency.
pub fn is_featured(offers: &[OfferSnapshot], offer: &OfferSnapshot) -> bool {
    let stands = |offer: &&OfferSnapshot| offer.is_buyable() && offer.condition == Condition::New;
    let mut rivals = offers.iter().filter(stands);
    rivals.find(|rival| rival.price.currency == offer.price.currency) == Some(offer)
}

async fn put_together(
    reading: &Reading,
    offer: OfferRow,
    product: Option<&ProductRow>,
) -> Result<OfferSnapshot, Fault> {
    let seller = row::<SellersEverywhere>(reading, offer.vendor.id()).await?;
    let stock_key = stock_key(&offer.vendor, offer.offer.as_str());
    let stock = row::<StockEverywhere>(reading, &stock_key).await?;
    // A seller that nobody has heard of is on its way to becoming one.
    let closed_because = match &seller {
        Some(seller) => seller.closed_because.clone(),
        None => Some("onboarding".to_owned()),
    };
    let (seller_name, seller_city, seller_handle) = match seller {
        Some(SellerRow { name, city, handle, .. }) => (name, city, handle),
        None => (Title::default(), String::new(), String::new()),
    };
    Ok(OfferSnapshot {
        vendor: offer.vendor,
        offer: offer.offer,
        product: offer.product,
        title: product.map(|product| product.details.title.clone()).unwrap_or_default(),
        condition: offer.condition,
        price: offer.price.get(),
        price_version: offer.price_version,
        active: offer.active,
        published: product.is_some_and(|product| product.stage == Stage::Published),
        closed_because,
        seller_name,
        seller_city,
        seller_handle,
        availability: stock.map_or(Availability::None, |stock| stock.availability),
    })
}
