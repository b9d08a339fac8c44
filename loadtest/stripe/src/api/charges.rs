//! `/v1/charges` and `/v1/payment_methods/{id}`: read only, as intents make them.

use super::Ask;
use super::page::Page;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::params::Params;
use crate::render;

/// `GET /v1/charges/{id}`
pub(crate) fn retrieve(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let charge = ask.ledger.charges.get(id).ok_or_else(|| ApiError::missing("charge", id, "id"))?;
    let mut params = Params::new(ask.form);
    params.list("expand")?;
    params.finish()?;
    Ok(Effect::read(render::charge(charge)))
}

/// `GET /v1/charges`
pub(crate) fn list(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let page = Page::read(&mut params)?;
    let intent = params.text("payment_intent")?;
    let group = params.string("transfer_group")?;
    params.list("expand")?;
    params.finish()?;
    let list = page.cut(
        &ask.ledger.charges,
        "/v1/charges",
        "charge",
        |it| {
            intent.is_none_or(|id| it.intent == id)
                && (group.is_none() || it.transfer_group == group)
        },
        render::charge,
    )?;
    Ok(Effect::read(list))
}

/// `GET /v1/payment_methods/{id}`
pub(crate) fn retrieve_method(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let method = ask
        .ledger
        .methods
        .get(id)
        .ok_or_else(|| ApiError::missing("PaymentMethod", id, "payment_method"))?;
    Params::new(ask.form).finish()?;
    Ok(Effect::read(render::method(method)))
}
