//! May a cart be changed, merged, bought? And what then happens.

mod claim;
mod lines;
mod merge;

use base_fault::Status;
use base_ids::ResourceId;
use base_money::Money;
use cell_kernel::Asked;

use crate::{
    command::{Command, Item, Line, Quantity},
    event::Event,
    facts::Facts,
    state::{Stage, State},
};

/// Most lines of a cart.
pub(crate) const LINES_MAX: usize = 100;
/// Most vendors of a cart.
pub(crate) const VENDORS_MAX: usize = 30;

/// Carts saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody offers this.
    #[error("there is no offer `{0}`")]
    OfferNotFound(Item),
    /// Its vendor has paused or withdrawn it.
    #[error("`{0}` is not sold any more")]
    OfferNotSold(Item),
    /// Its product is not published.
    #[error("the product of `{0}` is not published")]
    ProductNotPublished(Item),
    /// Its vendor does not sell now.
    #[error("the shop of `{item}` is closed: {because}")]
    SellerClosed {
        /// Which offer.
        item: Item,
        /// Why the vendor is closed.
        because: String,
    },
    /// There is none of it.
    #[error("`{0}` is sold out")]
    OutOfStock(Item),
    /// The cart has no such line.
    #[error("the cart has no line of `{0}`")]
    LineUnknown(Item),
    /// More of one offer than a buyer may have.
    #[error("{wanted} of `{item}` are too many: at most {max} of one offer", max = Quantity::MAX)]
    QuantityOverLimit {
        /// Which offer.
        item: Item,
        /// How many it would be.
        wanted: i64,
    },
    /// As many lines as a cart may have.
    #[error("a cart has at most {max} lines; buy it or take something out", max = LINES_MAX)]
    CartFull,
    /// As many vendors as a cart may have.
    #[error("a cart has offers of at most {max} vendors", max = VENDORS_MAX)]
    TooManyVendors,
    /// Sold in another currency than the rest.
    #[error("the cart is in {cart}, and `{item}` is sold in {offer}; use another cart for it")]
    OtherCurrency {
        /// Which offer.
        item: Item,
        /// The cart's currency.
        cart: base_money::Currency,
        /// The offer's.
        offer: base_money::Currency,
    },
    /// The sum would be more than can be counted.
    #[error("the cart would cost more than can be counted")]
    AmountTooLarge,
    /// A checkout has the cart.
    #[error("checkout `{0}` is buying the cart; cancel it to change the cart")]
    CartClaimed(ResourceId),
    /// The round is over.
    #[error("the cart was bought or handed over; add a line to begin a new one")]
    CartClosed,
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OfferNotFound(_) => "offer_not_found",
            Self::OfferNotSold(_) => "offer_not_sold",
            Self::ProductNotPublished(_) => "product_not_published",
            Self::SellerClosed { .. } => "seller_closed",
            Self::OutOfStock(_) => "out_of_stock",
            Self::LineUnknown(_) => "cart_line_unknown",
            Self::QuantityOverLimit { .. } => "quantity_over_limit",
            Self::CartFull => "cart_full",
            Self::TooManyVendors => "too_many_vendors",
            Self::OtherCurrency { .. } => "other_currency",
            Self::AmountTooLarge => "amount_too_large",
            Self::CartClaimed(_) => "cart_claimed",
            Self::CartClosed => "cart_closed",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::OfferNotFound(_) | Self::LineUnknown(_) => Status::NotFound,
            Self::QuantityOverLimit { .. } | Self::AmountTooLarge => Status::InvalidArgument,
            _ => Status::FailedPrecondition,
        }
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::AddLine { item, quantity, .. } => lines::add(state, item, *quantity, facts),
        Command::ChangeLine { item, quantity, .. } => lines::change(state, item, *quantity),
        Command::RemoveLine { item, .. } => lines::remove(state, item),
        Command::AcceptPrices { .. } => lines::accept_prices(state, facts),
        Command::MergeGuest { guest, .. } => Ok(merge::ask(state, guest)),
        Command::HandOver { to, .. } => Ok(merge::hand_over(state, to)),
        Command::TakeLines { guest, round, lines, .. } => {
            Ok(merge::take(state, guest, *round, lines))
        }
        Command::Claim { checkout, round, revision, .. } => {
            Ok(claim::claim(state, checkout, *round, *revision))
        }
        Command::Release { checkout, .. } => Ok(claim::release(state, checkout, asked.at)),
        Command::Convert { checkout, bought, .. } => Ok(claim::convert(state, checkout, bought)),
    }
}

/// What happens, event after event, with the state as it is after each.
struct Course {
    state: State,
    events: Vec<Event>,
}

impl Course {
    fn from(state: &State) -> Self {
        Self { state: state.clone(), events: Vec::new() }
    }

    fn add(&mut self, event: Event) {
        self.state.evolve(&event);
        self.events.push(event);
    }

    /// Lines can only come into an open round: begins one where there is none.
    fn open_if_over(&mut self) {
        if !matches!(self.state.stage, Stage::Open | Stage::Claimed(_)) {
            self.add(Event::RoundOpened { round: self.state.round + 1, lines: Vec::new() });
        }
    }
}

/// Whether what the lines cost can be counted: they are of one currency, and the sum fits.
fn can_be_counted(lines: &[Line]) -> bool {
    let Some(first) = lines.first() else {
        return true;
    };
    let costs: Result<Vec<Money>, _> =
        lines.iter().map(|line| line.price.times(line.quantity.get())).collect();
    costs.is_ok_and(|costs| Money::sum(costs, first.price.currency).is_ok())
}
