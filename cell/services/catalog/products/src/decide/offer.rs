//! A vendor's offer: created, repriced, paused, withdrawn; by hand or by a line of an import.

use base_ids::ResourceId;

use super::Refusal;
use crate::{
    command::{Condition, Draft, FirstStock, Line, LineProblem, OfferAsk, Outcome, Price},
    event::Event,
    state::{Offer, OfferStage, State},
};

pub(super) fn decide(
    state: &State,
    offer: &ResourceId,
    ask: &OfferAsk,
    product_known: bool,
) -> Result<Vec<Event>, Refusal> {
    match (state.offer(), ask) {
        (known, OfferAsk::CarryOut(line)) => Ok(carry_out(known, line, product_known)),
        (None, OfferAsk::Create(draft)) => create(offer, draft, None, product_known),
        (Some(_), OfferAsk::Create(_)) => Err(Refusal::OfferExists(offer.clone())),
        (None, _) => Err(Refusal::OfferUnknown(offer.clone())),
        (Some(known), ask) => change(known, ask),
    }
}

fn change(known: &Offer, ask: &OfferAsk) -> Result<Vec<Event>, Refusal> {
    use OfferStage::{Active, Paused, Withdrawn};
    let event = match (known.stage, ask) {
        (_, OfferAsk::Create(_) | OfferAsk::CarryOut(_))
        | (Active, OfferAsk::Resume)
        | (Paused, OfferAsk::Pause)
        | (Withdrawn, OfferAsk::Withdraw) => return Ok(Vec::new()),
        (_, OfferAsk::Withdraw) => Event::OfferWithdrawn,
        (Withdrawn, _) => return Err(Refusal::OfferWithdrawn(known.offer.clone())),
        (Active, OfferAsk::Pause) => Event::OfferPaused,
        (Paused, OfferAsk::Resume) => Event::OfferResumed,
        (_, OfferAsk::Update { price, condition }) => return Ok(update(known, *price, *condition)),
    };
    Ok(vec![event])
}

fn update(known: &Offer, price: Option<Price>, condition: Option<Condition>) -> Vec<Event> {
    let price = price.filter(|price| *price != known.price);
    let condition = condition.filter(|condition| *condition != known.condition);
    let repriced = price.map(|price| Event::OfferRepriced { price });
    let regraded = condition.map(|condition| Event::OfferRegraded { condition });
    repriced.into_iter().chain(regraded).collect()
}

fn create(
    offer: &ResourceId,
    draft: &Draft,
    stock: Option<&FirstStock>,
    product_known: bool,
) -> Result<Vec<Event>, Refusal> {
    if !product_known && draft.details.is_none() {
        return Err(Refusal::ProductUnknown(draft.product.clone()));
    }
    Ok(vec![Event::OfferCreated {
        offer: offer.clone(),
        product: draft.product.clone(),
        condition: draft.condition,
        price: draft.price,
        proposes: draft.details.clone().filter(|_| !product_known),
        stock: stock.cloned(),
    }])
}

/// A line always ends, and says how: a no is an answer here, since nobody waits for a refusal. First stock is booked only with a
/// new offer, so that a file sent twice does not count the same copies twice.
fn carry_out(known: Option<&Offer>, line: &Line, product_known: bool) -> Vec<Event> {
    let (mut events, outcome) = match known {
        None => match create(&line.offer, &line.draft, line.stock.as_ref(), product_known) {
            Ok(events) => (events, Outcome::Created),
            Err(no) => (Vec::new(), failed("isbn", &no)),
        },
        Some(known) if known.product != line.draft.product => {
            (Vec::new(), failed("sku", &Refusal::OfferExists(line.offer.clone())))
        }
        Some(known) if known.stage == OfferStage::Withdrawn => {
            (Vec::new(), failed("sku", &Refusal::OfferWithdrawn(line.offer.clone())))
        }
        Some(known) => {
            let events = update(known, Some(line.draft.price), Some(line.draft.condition));
            let outcome = if events.is_empty() { Outcome::Unchanged } else { Outcome::Updated };
            (events, outcome)
        }
    };
    let (import, line) = (line.import.clone(), line.line);
    events.push(Event::LineAnswered { import, line, outcome });
    events
}

fn failed(field: &str, no: &Refusal) -> Outcome {
    let code = cell_kernel::Refusal::code(no).to_owned();
    Outcome::Failed(LineProblem { code, field: field.to_owned(), text: no.to_string() })
}
