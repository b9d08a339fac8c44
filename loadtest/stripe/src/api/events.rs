//! `/v1/events`: what happened, for those who missed the webhook.

use super::Ask;
use super::page::Page;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::event::Event;
use crate::ledger::Ledger;
use crate::params::Params;
use crate::render;
use crate::webhook::DeliveryState;

/// `GET /v1/events/{id}`
pub(crate) fn retrieve(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let event = ask.ledger.events.get(id).ok_or_else(|| ApiError::missing("event", id, "id"))?;
    Params::new(ask.form).finish()?;
    Ok(Effect::read(render::event(event, pending(ask.ledger, event))))
}

/// `GET /v1/events`
pub(crate) fn list(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let page = Page::read(&mut params)?;
    let kind = params.text("type")?;
    let kinds = params.list("types")?;
    params.finish()?;
    if kind.is_some() && kinds.is_some() {
        return Err(ApiError::invalid(
            "You may only specify one of these parameters: type, types.",
            "type",
        ));
    }
    let list = page.cut(
        &ask.ledger.events,
        "/v1/events",
        "event",
        |it| {
            kind.is_none_or(|pattern| matches(pattern, &it.kind))
                && kinds.as_ref().is_none_or(|kinds| kinds.contains(&it.kind))
        },
        |it| render::event(it, pending(ask.ledger, it)),
    )?;
    Ok(Effect::read(list))
}

/// `charge.*` names a family.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

fn pending(ledger: &Ledger, event: &Event) -> usize {
    ledger
        .deliveries_of(&event.id)
        .filter(|delivery| delivery.state == DeliveryState::Pending)
        .count()
}
