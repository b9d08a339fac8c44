//! `/v1/refunds`: gives captured money back.

use super::page::Page;
use super::{Ask, payment_intents};
use crate::effect::Effect;
use crate::error::ApiError;
use crate::ledger::Row;
use crate::params::Params;
use crate::payment::NewRefund;
use crate::render;

const REASONS: [(&str, &str); 3] = [
    ("duplicate", "duplicate"),
    ("fraudulent", "fraudulent"),
    ("requested_by_customer", "requested_by_customer"),
];

/// `POST /v1/refunds`
pub(crate) fn create(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let intent = params.text("payment_intent")?;
    let charge = params.text("charge")?;
    let new = NewRefund {
        amount: params.integer("amount")?,
        reason: params.choice("reason", &REASONS)?.map(str::to_owned),
        metadata: params.metadata()?,
    };
    params.list("expand")?;
    params.finish()?;
    let id = match (intent, charge) {
        (Some(id), _) => id.to_owned(),
        (None, Some(id)) => ask
            .ledger
            .charges
            .get(id)
            .map(|charge| charge.intent.clone())
            .ok_or_else(|| named("charge", id, "charge"))?,
        (None, None) => {
            return Err(ApiError::request(
                "One of the following params should be provided for this request: payment_intent \
                 or charge.",
            ));
        }
    };
    if ask.ledger.intents.get(&id).is_none() {
        return Err(named("payment_intent", &id, "payment_intent"));
    }
    let mut payment = payment_intents::resume(ask, &id)?;
    let refund = payment.refund(new)?;
    let body = render::refund(&refund);
    Ok(Effect::of(payment, body).and(Some(Row::Refund(Box::new(refund)))))
}

/// `GET /v1/refunds/{id}`
pub(crate) fn retrieve(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let refund =
        ask.ledger.refunds.get(id).ok_or_else(|| ApiError::missing("refund", id, "refund"))?;
    let mut params = Params::new(ask.form);
    params.list("expand")?;
    params.finish()?;
    Ok(Effect::read(render::refund(refund)))
}

/// `GET /v1/refunds`
pub(crate) fn list(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let page = Page::read(&mut params)?;
    let intent = params.text("payment_intent")?;
    let charge = params.text("charge")?;
    params.list("expand")?;
    params.finish()?;
    let list = page.cut(
        &ask.ledger.refunds,
        "/v1/refunds",
        "refund",
        |it| intent.is_none_or(|id| it.intent == id) && charge.is_none_or(|id| it.charge == id),
        render::refund,
    )?;
    Ok(Effect::read(list))
}

/// An object that a parameter names and that does not exist: a bad request, not a missing page.
fn named(noun: &str, id: &str, param: &str) -> ApiError {
    let mut error = ApiError::missing(noun, id, param);
    error.status = http::StatusCode::BAD_REQUEST;
    error
}
