//! A vendor's offer: created, repriced, paused, withdrawn; by hand or by a line of an import.

use base_ids::ResourceId;
use cell_kernel::Refusal as _;
use cell_words::{
    Condition, LineProblem, Price,
    import::{Line, Outcome},
    offer::{Draft, FirstStock},
};

use super::Refusal;
use crate::{
    command::Ask,
    event::Event,
    state::{Offer, OfferStage, State},
};

pub(super) fn decide(
    state: &State,
    offer: &ResourceId,
    ask: &Ask,
    product_known: bool,
) -> Result<Vec<Event>, Refusal> {
    match (state.offer(), ask) {
        (known, Ask::CarryOut(line)) => Ok(carry_out(known, line, product_known)),
        (None, Ask::Create(draft)) => create(offer, draft, None, product_known),
        (Some(_), Ask::Create(_)) => Err(Refusal::OfferExists(offer.clone())),
        (None, _) => Err(Refusal::OfferUnknown(offer.clone())),
        (Some(known), ask) => change(known, ask),
    }
}

fn change(known: &Offer, ask: &Ask) -> Result<Vec<Event>, Refusal> {
    use OfferStage::{Active, Paused, Withdrawn};
    let event = match (known.stage, ask) {
        (_, Ask::Create(_) | Ask::CarryOut(_))
        | (Active, Ask::Resume)
        | (Paused, Ask::Pause)
        | (Withdrawn, Ask::Withdraw) => return Ok(Vec::new()),
        (_, Ask::Withdraw) => Event::OfferWithdrawn,
        (Withdrawn, _) => return Err(Refusal::OfferWithdrawn(known.offer.clone())),
        (Active, Ask::Pause) => Event::OfferPaused,
        (Paused, Ask::Resume) => Event::OfferResumed,
        (_, Ask::Update { price, condition }) => return Ok(update(known, *price, *condition)),
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
    Outcome::Failed(LineProblem::new(no.code(), field, no.to_string()))
}
