//! What every cell knows of the catalogue: products, offers, sellers and stock, folded from what is published.
//!
//! Each row remembers the version of the event that told it. News that is older, which may come late when a tenant has moved to
//! another cell, is passed over.

use base_ids::{ResourceId, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Heard, Replica, Rows, Unreadable};
use cell_words::{
    Condition, Details, Price, ProductId, Title,
    told::{self, read},
};
use serde::{Deserialize, Serialize};

use crate::{state::Stage, wire};

/// Every product; keyed by its number.
pub struct ProductsEverywhere;

/// A product as every cell knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRow {
    /// Its number.
    pub product: ProductId,
    /// Whether it can be sold.
    pub stage: Stage,
    /// What it is.
    pub details: Details,
    /// Raised at each approved change.
    pub revision: u64,
    /// Why it was rejected or withdrawn.
    pub reason: String,
    /// The event that told this.
    pub version: Version,
}

impl Replica for ProductsEverywhere {
    const NAME: &'static str = "products";
    type Row = ProductRow;

    fn hears() -> &'static [&'static str] {
        &["souk.products.v1.ProductPublished"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(heard.read::<wire::ProductPublished>()?.product)
    }

    fn fold(
        before: Option<ProductRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<ProductRow>,
    ) -> Result<(), Unreadable> {
        if before.is_none_or(|before| before.version < heard.version) {
            let row = product_row(heard)?;
            rows.put(row.product.as_str(), &row);
        }
        Ok(())
    }
}

fn product_row(heard: &Heard<'_>) -> Result<ProductRow, Unreadable> {
    let told: wire::ProductPublished = heard.read()?;
    let stage = match told.state() {
        wire::State::Unspecified => return Err(Unreadable("a product has no state".to_owned())),
        wire::State::Proposed => Stage::Proposed,
        wire::State::Published => Stage::Published,
        wire::State::Rejected => Stage::Rejected,
        wire::State::Withdrawn => Stage::Withdrawn,
    };
    let details = wire::ProductDetails {
        title: told.title,
        authors: told.authors,
        language: told.language,
        publisher: told.publisher,
        year: told.year,
        subject: told.subject,
        format: told.format,
        pages: told.pages,
        weight_grams: told.weight_grams,
    };
    let details = told::details(Some(&details))?;
    let details = *details.ok_or_else(|| Unreadable("a product has no details".to_owned()))?;
    Ok(ProductRow {
        product: read(&told.product)?,
        stage,
        details,
        revision: told::number(told.revision)?,
        reason: told.reason,
        version: heard.version,
    })
}

/// Products by what lists filter by; keyed `of/<product>`, and again as [`index_prefix`] says.
pub struct ProductIndex;

/// A product as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its number.
    pub product: ProductId,
    /// What the keys of its other rows begin with.
    pub under: Vec<String>,
    /// The event that told this.
    pub version: Version,
}

/// What the keys of the products of a stage, a language and a subject begin with.
pub fn index_prefix(stage: Stage, language: Option<&str>, subject: Option<&str>) -> String {
    let stage = stage.as_str();
    match (language, subject) {
        (None, None) => format!("all/{stage}/"),
        (Some(language), None) => format!("language/{stage}/{language}/"),
        (None, Some(subject)) => format!("subject/{stage}/{subject}/"),
        (Some(language), Some(subject)) => format!("both/{stage}/{language}/{subject}/"),
    }
}

impl Replica for ProductIndex {
    const NAME: &'static str = "product_index";
    type Row = Listed;

    fn hears() -> &'static [&'static str] {
        ProductsEverywhere::hears()
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(format!("of/{}", ProductsEverywhere::key(heard)?))
    }

    fn fold(
        before: Option<Listed>,
        heard: &Heard<'_>,
        rows: &mut Rows<Listed>,
    ) -> Result<(), Unreadable> {
        if before.as_ref().is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let ProductRow { product, stage, details, version, .. } = product_row(heard)?;
        let (language, subject) = (details.language.as_str(), details.subject.as_str());
        let under = [
            (None, None),
            (Some(language), None),
            (None, Some(subject)),
            (Some(language), Some(subject)),
        ]
        .map(|(language, subject)| index_prefix(stage, language, subject));
        let before = before.map(|before| before.under).unwrap_or_default();
        for gone in before.iter().filter(|prefix| !under.contains(prefix)) {
            rows.delete(format!("{gone}{product}"));
        }
        let listed = Listed { product, under: under.to_vec(), version };
        rows.put(format!("of/{}", listed.product), &listed);
        for prefix in &listed.under {
            rows.put(format!("{prefix}{}", listed.product), &listed);
        }
        Ok(())
    }
}

/// Every offer; keyed `of/<vendor id>/<offer>`, and again `on/<product>/<vendor id>/<offer>` while it is active.
pub struct OffersEverywhere;

/// An offer as every cell knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferRow {
    /// Whose.
    pub vendor: Tenant,
    /// Its id.
    pub offer: ResourceId,
    /// Of which product.
    pub product: ProductId,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Price,
    /// Raised at each change of the price.
    pub price_version: i64,
    /// Not paused or withdrawn.
    pub active: bool,
    /// The event that told this.
    pub version: Version,
}

/// The key of an offer's row.
pub fn offer_key(vendor: &Tenant, offer: &str) -> String {
    format!("of/{}/{offer}", vendor.id())
}

/// What the keys of a product's active offers begin with.
pub fn offers_on(product: &ProductId) -> String {
    format!("on/{product}/")
}

impl Replica for OffersEverywhere {
    const NAME: &'static str = "offers";
    type Row = OfferRow;

    fn hears() -> &'static [&'static str] {
        &["souk.offers.v1.OfferPublished"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        let told: wire::OfferPublished = heard.read()?;
        Ok(offer_key(&read(&told.vendor)?, &told.offer))
    }

    fn fold(
        before: Option<OfferRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<OfferRow>,
    ) -> Result<(), Unreadable> {
        if before.is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let told: wire::OfferPublished = heard.read()?;
        let row = OfferRow {
            vendor: read(&told.vendor)?,
            offer: read(&told.offer)?,
            product: read(&told.product)?,
            condition: read(&told.condition)?,
            price: told::price(told.price.as_ref())?,
            price_version: told.price_version,
            active: told.active,
            version: heard.version,
        };
        rows.put(offer_key(&row.vendor, row.offer.as_str()), &row);
        let by_product = format!("{}{}/{}", offers_on(&row.product), row.vendor.id(), row.offer);
        if row.active {
            rows.put(by_product, &row);
        } else {
            rows.delete(by_product);
        }
        Ok(())
    }
}

/// Every seller, as far as its offers are concerned; keyed by the vendor's id.
pub struct SellersEverywhere;

/// A seller as every cell knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerRow {
    /// Why its offers do not sell; `None` if they do.
    pub closed_because: Option<String>,
    /// With a holiday: until when.
    pub closed_until: Timestamp,
    /// Its name.
    pub name: Title,
    /// Its city.
    pub city: String,
    /// Its handle, once it is its own.
    pub handle: String,
    /// The event that told this.
    pub version: Version,
}

impl Replica for SellersEverywhere {
    const NAME: &'static str = "sellers";
    type Row = SellerRow;

    fn hears() -> &'static [&'static str] {
        &["souk.sellers.v1.SellerPublished"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(read::<Tenant>(&heard.read::<wire::SellerPublished>()?.vendor)?.id().to_owned())
    }

    fn fold(
        before: Option<SellerRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<SellerRow>,
    ) -> Result<(), Unreadable> {
        if before.is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let told: wire::SellerPublished = heard.read()?;
        let row = SellerRow {
            closed_because: Some(told.closed_because).filter(|_| !told.open),
            closed_until: Timestamp::from_millis(told.closed_until_ms),
            name: Title::read(told.display_name.as_ref()),
            city: told.city,
            handle: told.handle,
            version: heard.version,
        };
        rows.put(Self::key(heard)?, &row);
        Ok(())
    }
}

/// How much of each offer there is, coarsely; keyed `<vendor id>/<offer>`.
pub struct StockEverywhere;

/// How much of an offer there is, as its vendor last told everyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// How much.
    pub availability: Availability,
    /// The event that told this.
    pub version: Version,
}

/// How much there is.
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

/// The key of an offer's stock.
pub fn stock_key(vendor: &Tenant, offer: &str) -> String {
    format!("{}/{offer}", vendor.id())
}

impl Replica for StockEverywhere {
    const NAME: &'static str = "stock";
    type Row = StockRow;

    fn hears() -> &'static [&'static str] {
        &["souk.inventory.v1.AvailabilityChanged"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        let told: wire::AvailabilityChanged = heard.read()?;
        Ok(stock_key(&read(&told.vendor)?, &told.offer))
    }

    fn fold(
        before: Option<StockRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<StockRow>,
    ) -> Result<(), Unreadable> {
        use wire::availability_changed::Level;
        if before.is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let told: wire::AvailabilityChanged = heard.read()?;
        let availability = match told.level() {
            Level::Unspecified => return Err(Unreadable("an amount has no level".to_owned())),
            Level::None => Availability::None,
            Level::Few => Availability::Few(told.few),
            Level::Plenty => Availability::Plenty,
        };
        rows.put(Self::key(heard)?, &StockRow { availability, version: heard.version });
        Ok(())
    }
}
