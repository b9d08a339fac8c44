//! What products tells: everyone what there is to buy, checkouts their quotes, and itself line by line what an import brings.

use base_ids::{ResourceId, Tenant};
use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Products,
    command::{Line, Outcome, ReplyTo},
    event::{Event, QuotedLine},
    state::{Offer, OfferStage, Product, Stage},
    wire,
};

pub(crate) fn announce(seen: &Seen<'_, Products>, outbox: &mut Outbox) {
    match seen.event {
        Event::ProductProposed { .. }
        | Event::ProductPublished
        | Event::ProductRejected { .. }
        | Event::ProductWithdrawn { .. }
        | Event::ChangeApproved { .. } => {
            if let Some(product) = seen.state.product() {
                let key = format!("products/{}", product.product);
                outbox.publish(key, &published(product));
            }
        }
        Event::OfferCreated { product, proposes, stock, offer, .. } => {
            publish_offer(seen, outbox);
            if let Some(details) = proposes {
                let (product_id, details) = (product.to_string(), Some((&**details).into()));
                let propose = wire::ProposeProduct { product: product_id, details };
                outbox.tell(&product.shard(), Products::SERVICE, &propose);
            }
            if let Some(stock) = stock {
                let (offer, location) = (offer.to_string(), stock.location.to_string());
                let book = wire::BookStock { offer, location, quantity: stock.quantity.into() };
                outbox.tell(seen.tenant, "inventory", &book);
            }
        }
        Event::OfferRepriced { .. }
        | Event::OfferRegraded { .. }
        | Event::OfferPaused
        | Event::OfferResumed
        | Event::OfferWithdrawn => publish_offer(seen, outbox),
        Event::LinesTaken { lines } => {
            for line in lines {
                outbox.tell(seen.tenant, Products::SERVICE, &carry_out(line));
            }
        }
        Event::LineAnswered { import, line, outcome } => {
            outbox.tell(seen.tenant, Products::SERVICE, &carried_out(import, *line, outcome));
        }
        Event::QuoteGiven { quote, reply, lines, commission_basis_points, delivery_fee } => {
            let quoted = wire::OffersQuoted {
                quote: quote.to_string(),
                vendor: seen.tenant.to_string(),
                lines: lines.iter().map(quoted_line).collect(),
                commission_basis_points: i32::try_from(*commission_basis_points)
                    .unwrap_or(i32::MAX),
                delivery_fee: Some(wire::money(*delivery_fee)),
            };
            answer(reply, outbox, &quoted);
        }
        Event::QuoteRefused { quote, reply, problems } => {
            let (quote, vendor) = (quote.to_string(), seen.tenant.to_string());
            let problems = problems.iter().map(wire::Problem::from).collect();
            answer(reply, outbox, &wire::OffersNotQuoted { quote, vendor, problems });
        }
        Event::ChangeProposed { .. }
        | Event::ChangeDeclined { .. }
        | Event::ChangeOvertaken { .. }
        | Event::ImportStarted { .. }
        | Event::LinesFaulty { .. }
        | Event::LineNoted { .. } => {}
    }
}

fn answer<M: cell_kernel::Words>(reply: &ReplyTo, outbox: &mut Outbox, message: &M) {
    outbox.tell(&reply.tenant, reply.service.into(), message);
}

fn published(product: &Product) -> wire::ProductPublished {
    let details: wire::ProductDetails = (&product.details).into();
    wire::ProductPublished {
        name: product.product.record(),
        product: product.product.to_string(),
        state: wire::State::from(product.stage).into(),
        title: details.title,
        authors: details.authors,
        language: details.language,
        publisher: details.publisher,
        year: details.year,
        subject: details.subject,
        format: details.format,
        pages: details.pages,
        weight_grams: details.weight_grams,
        revision: wire::signed(product.revision),
        reason: product.reason.clone(),
    }
}

fn publish_offer(seen: &Seen<'_, Products>, outbox: &mut Outbox) {
    if let Some(offer) = seen.state.offer() {
        let key = format!("{}/offers/{}", seen.tenant, offer.offer);
        outbox.publish(key, &offer_published(seen.tenant, offer));
    }
}

fn offer_published(vendor: &Tenant, offer: &Offer) -> wire::OfferPublished {
    wire::OfferPublished {
        vendor: vendor.to_string(),
        offer: offer.offer.to_string(),
        product: offer.product.to_string(),
        condition: <&str>::from(offer.condition).to_owned(),
        price: Some(wire::money(offer.price.get())),
        price_version: offer.price_version,
        active: offer.stage == OfferStage::Active,
    }
}

fn carry_out(line: &Line) -> wire::CarryOutLine {
    let stock = line.stock.as_ref();
    wire::CarryOutLine {
        import: line.import.to_string(),
        line: i32::try_from(line.line).unwrap_or(i32::MAX),
        offer: line.offer.to_string(),
        product: line.draft.product.to_string(),
        condition: <&str>::from(line.draft.condition).to_owned(),
        price: Some(wire::money(line.draft.price.get())),
        stock: stock.map_or(0, |stock| stock.quantity.into()),
        location: stock.map(|stock| stock.location.to_string()).unwrap_or_default(),
        details: line.draft.details.as_deref().map(Into::into),
    }
}

fn carried_out(import: &ResourceId, line: u32, outcome: &Outcome) -> wire::LineCarriedOut {
    use wire::line_carried_out::Outcome as Told;
    let (told, problem) = match outcome {
        Outcome::Created => (Told::Created, None),
        Outcome::Updated => (Told::Updated, None),
        Outcome::Unchanged => (Told::Unchanged, None),
        Outcome::Failed(problem) => (Told::Failed, Some(problem.into())),
    };
    wire::LineCarriedOut {
        import: import.to_string(),
        line: i32::try_from(line).unwrap_or(i32::MAX),
        outcome: told.into(),
        problem,
    }
}

fn quoted_line(line: &QuotedLine) -> wire::QuotedLine {
    wire::QuotedLine {
        offer: line.offer.to_string(),
        product: line.product.to_string(),
        title: Some((&line.title).into()),
        quantity: line.quantity,
        price: Some(wire::money(line.price)),
    }
}

impl From<Stage> for wire::State {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Proposed => Self::Proposed,
            Stage::Published => Self::Published,
            Stage::Rejected => Self::Rejected,
            Stage::Withdrawn => Self::Withdrawn,
        }
    }
}
