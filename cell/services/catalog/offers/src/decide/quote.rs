//! A quote: the vendor stands by exactly these prices, or says everything that stands in the way.

use base_ids::ResourceId;
use base_money::{Currency, Money};
use cell_kernel::Asked;
use cell_words::{LineProblem, ReplyTo};

use crate::{
    command::QuoteLine,
    event::{Event, QuotedLine},
    facts::{Facts, OfferFact, Terms},
    state::{OfferStage, State},
};

pub(super) fn decide(
    state: &State,
    (quote, reply): (&ResourceId, &ReplyTo),
    lines: &[QuoteLine],
    facts: &Facts,
    asked: &Asked,
) -> Vec<Event> {
    // Asked again: the answer was told before.
    if *state != State::Nothing {
        return Vec::new();
    }
    let facts = facts.quote.clone().unwrap_or_default();
    let (quote, reply) = (quote.clone(), reply.clone());
    let mut problems = Vec::new();
    let terms = match open(facts.terms.as_ref()) {
        Ok(terms) => Some(terms),
        Err(because) => {
            let text = format!("{} does not sell now: {because}", asked.tenant);
            problems.push(LineProblem::new("seller_closed", asked.tenant.as_str(), text));
            None
        }
    };
    let mut quoted = Vec::with_capacity(lines.len());
    let mut currency = None;
    for line in lines {
        let found = facts.offers.iter().find(|fact| fact.offer.offer == line.offer);
        match quote_line(line, found, &mut currency) {
            Ok(line) => quoted.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    let answer = match (terms, currency) {
        (Some(terms), Some(currency)) if problems.is_empty() => Event::QuoteGiven {
            quote,
            reply,
            lines: quoted,
            commission_basis_points: terms.commission_basis_points,
            delivery_fee: fee_in(currency, terms),
        },
        _ => Event::QuoteRefused { quote, reply, problems },
    };
    vec![answer]
}

fn open(terms: Option<&Terms>) -> Result<&Terms, &str> {
    let terms = terms.ok_or("nobody sells under this name")?;
    terms.closed_because.as_deref().map_or(Ok(terms), Err)
}

/// Invariant offer-2: active, published, at exactly the price that the buyer has seen; and all lines in one currency.
fn quote_line(
    line: &QuoteLine,
    found: Option<&OfferFact>,
    currency: &mut Option<Currency>,
) -> Result<QuotedLine, LineProblem> {
    let offer = line.offer.as_str();
    let active = found.filter(|fact| fact.offer.stage == OfferStage::Active);
    let fact = active.ok_or_else(|| {
        LineProblem::new("offer_not_sold", offer, "the vendor does not sell it any more")
    })?;
    if !fact.published {
        let text = format!("the product {} is not published", fact.offer.product);
        return Err(LineProblem::new("product_not_published", offer, text));
    }
    let price = fact.offer.price.get();
    if price != line.price_seen {
        let text = format!("it costs {price} now, not {}", line.price_seen);
        return Err(LineProblem::new("price_changed", offer, text));
    }
    let of_the_quote = *currency.get_or_insert(price.currency);
    if of_the_quote != price.currency {
        let text = format!("it is sold in {}, the others in {of_the_quote}", price.currency);
        return Err(LineProblem::new("offer_not_sold", offer, text));
    }
    Ok(QuotedLine {
        offer: line.offer.clone(),
        product: fact.offer.product.clone(),
        title: fact.title.clone(),
        quantity: line.quantity,
        price,
    })
}

fn fee_in(currency: Currency, terms: &Terms) -> Money {
    let fee = terms.delivery_fees.iter().find(|fee| fee.currency == currency);
    fee.copied().unwrap_or(Money::zero(currency))
}
