//! May a buyer change the lines of a cart?

use base_money::Money;

use super::{Course, LINES_MAX, Refusal, VENDORS_MAX, can_be_counted};
use crate::{
    command::{Item, Line, Quantity},
    event::{Event, NewPrice},
    facts::{Availability, Facts, OfferNow, Selling},
    state::{Stage, State},
};

pub(super) fn add(
    state: &State,
    item: &Item,
    more: Quantity,
    facts: &Facts,
) -> Result<Vec<Event>, Refusal> {
    if let Stage::Claimed(checkout) = &state.stage {
        return Err(Refusal::CartClaimed(checkout.clone()));
    }
    let offer = facts.offer(item).ok_or_else(|| Refusal::OfferNotFound(item.clone()))?;
    can_be_bought(offer)?;
    let mut course = Course::from(state);
    course.open_if_over();
    if let Some(line) = course.state.line(item) {
        let quantity = line
            .quantity
            .plus(more)
            .map_err(|error| Refusal::QuantityOverLimit { item: item.clone(), wanted: error.0 })?;
        let reprices = reprice(line, offer);
        course.add(Event::LineChanged { item: item.clone(), quantity });
        // Who adds more has today's price before their eyes.
        if let Some(price) = reprices {
            same_currency(&course.state, item, price.price)?;
            course.add(Event::Repriced { prices: vec![price] });
        }
    } else {
        has_room(&course.state, offer)?;
        course.add(Event::LineAdded { line: offer.line(more) });
    }
    must_be_countable(&course.state.lines)?;
    Ok(course.events)
}

pub(super) fn change(
    state: &State,
    item: &Item,
    quantity: Quantity,
) -> Result<Vec<Event>, Refusal> {
    let line = line_of_open(state, item)?;
    if line.quantity == quantity {
        return Ok(Vec::new());
    }
    let mut course = Course::from(state);
    course.add(Event::LineChanged { item: item.clone(), quantity });
    must_be_countable(&course.state.lines)?;
    Ok(course.events)
}

pub(super) fn remove(state: &State, item: &Item) -> Result<Vec<Event>, Refusal> {
    line_of_open(state, item)?;
    Ok(vec![Event::LineRemoved { item: item.clone() }])
}

/// Lines whose offer is gone, or is sold in another currency now, keep their price: they cannot be bought anyway.
pub(super) fn accept_prices(state: &State, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    open(state)?;
    let prices: Vec<NewPrice> = (state.lines.iter())
        .filter_map(|line| reprice(line, facts.offer(&line.item)?))
        .filter(|new| Some(new.price.currency) == state.currency())
        .collect();
    if prices.is_empty() {
        return Ok(Vec::new());
    }
    let mut course = Course::from(state);
    course.add(Event::Repriced { prices });
    must_be_countable(&course.state.lines)?;
    Ok(course.events)
}

fn open(state: &State) -> Result<(), Refusal> {
    match &state.stage {
        Stage::Unused | Stage::Open => Ok(()),
        Stage::Claimed(checkout) => Err(Refusal::CartClaimed(checkout.clone())),
        Stage::Converted(_) | Stage::HandedOver(_) => Err(Refusal::CartClosed),
    }
}

fn line_of_open<'a>(state: &'a State, item: &Item) -> Result<&'a Line, Refusal> {
    open(state)?;
    state.line(item).ok_or_else(|| Refusal::LineUnknown(item.clone()))
}

fn can_be_bought(offer: &OfferNow) -> Result<(), Refusal> {
    let item = offer.item.clone();
    match &offer.selling {
        Selling::Yes if offer.availability == Availability::None => Err(Refusal::OutOfStock(item)),
        Selling::Yes => Ok(()),
        Selling::OfferInactive => Err(Refusal::OfferNotSold(item)),
        Selling::ProductNotPublished => Err(Refusal::ProductNotPublished(item)),
        Selling::SellerClosed(because) => {
            Err(Refusal::SellerClosed { item, because: because.clone() })
        }
    }
}

fn has_room(state: &State, offer: &OfferNow) -> Result<(), Refusal> {
    if state.lines.len() >= LINES_MAX {
        return Err(Refusal::CartFull);
    }
    let vendors = state.vendors();
    if vendors.len() >= VENDORS_MAX && !vendors.contains(&offer.item.vendor) {
        return Err(Refusal::TooManyVendors);
    }
    same_currency(state, &offer.item, offer.price)
}

fn same_currency(state: &State, item: &Item, price: Money) -> Result<(), Refusal> {
    match state.currency() {
        Some(cart) if cart != price.currency => {
            Err(Refusal::OtherCurrency { item: item.clone(), cart, offer: price.currency })
        }
        _ => Ok(()),
    }
}

fn reprice(line: &Line, offer: &OfferNow) -> Option<NewPrice> {
    let OfferNow { item, price, price_version, .. } = offer;
    (line.price_version != *price_version || line.price != *price).then(|| NewPrice {
        item: item.clone(),
        price: *price,
        price_version: *price_version,
    })
}

fn must_be_countable(lines: &[Line]) -> Result<(), Refusal> {
    if can_be_counted(lines) { Ok(()) } else { Err(Refusal::AmountTooLarge) }
}
