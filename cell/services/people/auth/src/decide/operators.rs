//! Who may operate the platform.

use base_ids::Tenant;
use cell_kernel::Asked;

use super::{Decided, Refusal};
use crate::{command::Reason, event::Event, state::State};

/// Most operators of the platform.
pub(crate) const OPERATORS_MAX: usize = 500;

pub(super) fn grant(state: &State, user: &Tenant, reason: &Reason, asked: &Asked) -> Decided {
    if state.operators.contains_key(user) {
        return Ok(Vec::new());
    }
    if state.operators.len() >= OPERATORS_MAX {
        return Err(Refusal::OperatorsFull);
    }
    let (user, by, reason) = (user.clone(), asked.caller.name(), reason.clone());
    Ok(vec![Event::OperatorGranted { user, by, reason, at: asked.at }])
}

pub(super) fn revoke(state: &State, user: &Tenant, reason: &Reason, asked: &Asked) -> Vec<Event> {
    if !state.operators.contains_key(user) {
        return Vec::new();
    }
    let (user, by, reason) = (user.clone(), asked.caller.name(), reason.clone());
    vec![Event::OperatorRevoked { user, by, reason, at: asked.at }]
}
