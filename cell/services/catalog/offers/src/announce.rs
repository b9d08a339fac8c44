//! What offers tells: everyone what is on sale, checkouts their quotes, imports what became of their lines.

use base_ids::Tenant;
use cell_kernel::{Outbox, Seen};
use cell_words::{
    import::Ended,
    money,
    service::{IMPORTS, INVENTORY, PRODUCTS},
};

use crate::{
    Offers,
    event::{Event, QuotedLine},
    state::{Offer, OfferStage},
    wire,
};

pub(crate) fn announce(seen: &Seen<'_, Offers>, outbox: &mut Outbox) {
    match seen.event {
        Event::OfferCreated { .. } => {
            publish(seen, outbox);
            tell_what_is_new(seen, outbox);
        }
        Event::OfferRepriced { .. }
        | Event::OfferRegraded { .. }
        | Event::OfferPaused
        | Event::OfferResumed
        | Event::OfferWithdrawn => publish(seen, outbox),
        Event::LineAnswered { import, line, outcome } => {
            let offer = seen.key.strip_prefix(Offers::OFFER).unwrap_or(seen.key).to_owned();
            let (import, outcome) = (import.clone(), outcome.clone());
            let ended = Ended { import, line: *line, offer, outcome };
            outbox.tell(seen.tenant, IMPORTS, &wire::LineCarriedOut::from(&ended));
        }
        Event::QuoteGiven { quote, reply, lines, commission_basis_points, delivery_fee } => {
            let quoted = wire::OffersQuoted {
                quote: quote.to_string(),
                vendor: seen.tenant.to_string(),
                lines: lines.iter().map(quoted_line).collect(),
                commission_basis_points: i32::try_from(*commission_basis_points)
                    .unwrap_or(i32::MAX),
                delivery_fee: Some(money(*delivery_fee)),
            };
            reply.tell(outbox, &quoted);
        }
        Event::QuoteRefused { quote, reply, problems } => {
            let (quote, vendor) = (quote.to_string(), seen.tenant.to_string());
            let problems = problems.iter().map(Into::into).collect();
            reply.tell(outbox, &wire::OffersNotQuoted { quote, vendor, problems });
        }
    }
}

fn publish(seen: &Seen<'_, Offers>, outbox: &mut Outbox) {
    if let Some(offer) = seen.state.offer() {
        let key = format!("{}/offers/{}", seen.tenant, offer.offer);
        outbox.publish(key, &published(seen.tenant, offer));
    }
}

fn published(vendor: &Tenant, offer: &Offer) -> wire::OfferPublished {
    wire::OfferPublished {
        vendor: vendor.to_string(),
        offer: offer.offer.to_string(),
        product: offer.product.to_string(),
        condition: offer.condition.as_str().to_owned(),
        price: Some(money(offer.price.get())),
        price_version: offer.price_version,
        active: offer.stage == OfferStage::Active,
    }
}

/// With a new offer: what its product is, if the vendor is the first to say so, and what there is of it at first.
fn tell_what_is_new(seen: &Seen<'_, Offers>, outbox: &mut Outbox) {
    let Event::OfferCreated { offer, product, proposes, stock, .. } = seen.event else { return };
    if let Some(details) = proposes {
        let (name, details) = (product.to_string(), Some((&**details).into()));
        let propose = wire::ProposeProduct { product: name, details };
        outbox.tell(&product.shard(), PRODUCTS, &propose);
    }
    if let Some(stock) = stock {
        let (offer, location) = (offer.to_string(), stock.location.to_string());
        let book = wire::BookStock { offer, location, quantity: stock.quantity.into() };
        outbox.tell(seen.tenant, INVENTORY, &book);
    }
}

fn quoted_line(line: &QuotedLine) -> wire::QuotedLine {
    wire::QuotedLine {
        offer: line.offer.to_string(),
        product: line.product.to_string(),
        title: Some((&line.title).into()),
        quantity: line.quantity,
        price: Some(money(line.price)),
    }
}
