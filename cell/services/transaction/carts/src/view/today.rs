//! A cart joined with its offers as they are today: what has changed, what stands in the way, what it costs.

use base_fault::Fault;
use base_ids::{ResourceId, Tenant, Version};
use base_money::{Money, MoneyError};
use cell_kernel::{Problem, Reading};

use super::{Basket, Carts};
use crate::{
    Carts as Rules, OfferNow, OffersOf,
    command::{Item, Line},
    facts::{Availability, Selling},
};

/// A cart, today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    /// The cart as it stands.
    pub basket: Basket,
    /// The stream's version.
    pub version: Version,
    /// Its lines, today.
    pub lines: Vec<LineToday>,
}

/// A line, today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToday {
    /// The line as it is in the cart.
    pub line: Line,
    /// For one, today; `None` if nobody offers it.
    pub price: Option<Money>,
    /// How much there is.
    pub availability: Availability,
    /// What stands in the way of buying it.
    pub obstacles: Vec<Obstacle>,
}

/// What stands in the way of buying a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The price is another than the buyer has seen.
    PriceChanged {
        /// What the buyer has seen.
        seen: Money,
        /// What it is.
        now: Money,
    },
    /// Nobody offers it any more, or not now.
    OfferNotSold,
    /// Its product is not published.
    ProductNotPublished,
    /// Its vendor is not open.
    SellerClosed(String),
    /// There is less of it than the buyer wants.
    OutOfStock {
        /// How many there are, as far as is known.
        left: i64,
    },
    /// It is sold in another currency than the rest.
    OtherCurrency,
}

impl Obstacle {
    /// Its code, as clients see it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PriceChanged { .. } => "price_changed",
            Self::OfferNotSold => "offer_not_sold",
            Self::ProductNotPublished => "product_not_published",
            Self::SellerClosed(_) => "seller_closed",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::OtherCurrency => "other_currency",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::PriceChanged { seen, now } => {
                format!("the price was {seen} and is {now} now; accept today's prices to buy it")
            }
            Self::OfferNotSold => "it is not sold any more; take it out".to_owned(),
            Self::ProductNotPublished => "its product is not published; take it out".to_owned(),
            Self::SellerClosed(because) => format!("the shop is closed ({because}); take it out"),
            Self::OutOfStock { left: 0 } => "it is sold out; take it out".to_owned(),
            Self::OutOfStock { left } => format!("only {left} are left; want fewer"),
            Self::OtherCurrency => "it is sold in another currency now; take it out".to_owned(),
        }
    }
}

/// Reads a cart and joins it with its offers; a cart that was never used is empty. One read of the cart, one of its offers.
///
/// Errors: the world's.
pub async fn read_today(
    reading: &Reading,
    offers: &dyn OffersOf,
    user: &Tenant,
    cart: &ResourceId,
) -> Result<Today, Fault> {
    let found = reading.get::<Rules, Carts>(user, cart.as_str()).await?;
    let (basket, version) =
        found.map_or((Basket::default(), Version(0)), |found| (found.row, found.version));
    let items: Vec<Item> = basket.lines.iter().map(|line| line.item.clone()).collect();
    let known = if items.is_empty() { Vec::new() } else { offers.offers_of(&items).await? };
    let lines = (basket.lines.iter())
        .map(|line| LineToday::of(line, known.iter().find(|offer| offer.item == line.item)))
        .collect();
    Ok(Today { basket, version, lines })
}

impl Today {
    /// What stands in the way of buying it, line by line.
    pub fn problems(&self) -> Vec<Problem> {
        self.lines.iter().flat_map(LineToday::problems).collect()
    }

    /// What the lines that can be bought cost today, per vendor in the order of their first lines.
    ///
    /// Errors: the sum cannot be counted.
    pub fn totals(&self) -> Result<Vec<(Tenant, Money, i64)>, MoneyError> {
        let mut totals: Vec<(Tenant, Money, i64)> = Vec::new();
        for line in self.lines.iter().filter(|line| line.is_buyable()) {
            let (vendor, cost) = (&line.line.item.vendor, line.total()?);
            match totals.iter_mut().find(|(known, ..)| known == vendor) {
                Some((_, sum, lines)) => (*sum, *lines) = (sum.checked_add(cost)?, *lines + 1),
                None => totals.push((vendor.clone(), cost, 1)),
            }
        }
        Ok(totals)
    }
}

impl LineToday {
    fn of(line: &Line, offer: Option<&OfferNow>) -> Self {
        let Some(offer) = offer else {
            let (price, availability) = (None, Availability::None);
            let obstacles = vec![Obstacle::OfferNotSold];
            return Self { line: line.clone(), price, availability, obstacles };
        };
        let (price, availability) = (Some(offer.price), offer.availability);
        Self { line: line.clone(), price, availability, obstacles: obstacles(line, offer) }
    }

    /// Whether the line can be bought as it stands, a changed price apart.
    pub fn is_buyable(&self) -> bool {
        let price_only = |obstacle: &Obstacle| matches!(obstacle, Obstacle::PriceChanged { .. });
        self.obstacles.iter().all(price_only)
    }

    /// What the line costs, today.
    ///
    /// Errors: it cannot be counted.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.price.unwrap_or(self.line.price).times(self.line.quantity.get())
    }

    fn problems(&self) -> Vec<Problem> {
        let problem = |obstacle: &Obstacle| Problem {
            code: obstacle.code().to_owned(),
            subject: self.line.item.to_string(),
            text: obstacle.text(),
        };
        self.obstacles.iter().map(problem).collect()
    }
}

fn obstacles(line: &Line, offer: &OfferNow) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    match &offer.selling {
        Selling::Yes => {}
        Selling::OfferInactive => obstacles.push(Obstacle::OfferNotSold),
        Selling::ProductNotPublished => obstacles.push(Obstacle::ProductNotPublished),
        Selling::SellerClosed(because) => obstacles.push(Obstacle::SellerClosed(because.clone())),
    }
    let left = match offer.availability {
        Availability::None => Some(0),
        Availability::Few(few) if few < i64::from(line.quantity) => Some(few),
        Availability::Few(_) | Availability::Plenty => None,
    };
    obstacles.extend(left.map(|left| Obstacle::OutOfStock { left }));
    if offer.price.currency != line.price.currency {
        obstacles.push(Obstacle::OtherCurrency);
    } else if offer.price != line.price {
        obstacles.push(Obstacle::PriceChanged { seen: line.price, now: offer.price });
    }
    obstacles
}
