//! `expand[]`: objects in place of their ids.

use serde_json::Value;

use super::Ask;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::ledger::{Ledger, Row};
use crate::params::Params;
use crate::render;

const DEPTH_MAX: usize = 4;

/// Replaces the ids named by `expand[]` in an answer. Objects the call has just changed are taken
/// from its own rows.
pub(crate) fn apply(ask: Ask<'_>, effect: &mut Effect) -> Result<(), ApiError> {
    let Some(paths) = Params::new(ask.form).list("expand")? else {
        return Ok(());
    };
    if effect.status != http::StatusCode::OK {
        return Ok(());
    }
    for path in paths {
        let names: Vec<_> = path.split('.').collect();
        if names.len() > DEPTH_MAX {
            return Err(ApiError::invalid(
                format!("You cannot expand more than {DEPTH_MAX} levels of a property ({path})."),
                "expand",
            )
            .code("property_expansion_max_depth"));
        }
        let find = |id: &str| find(ask.ledger, &effect.rows, id, ask.base);
        if !expand(&mut effect.body, &names, &find) {
            return Err(ApiError::invalid(
                format!("This property cannot be expanded ({path})."),
                "expand",
            ));
        }
    }
    Ok(())
}

fn expand(value: &mut Value, names: &[&str], find: &impl Fn(&str) -> Option<Value>) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return true;
    };
    match value.get_mut(*first) {
        Some(Value::Array(items)) => items.iter_mut().all(|item| expand(item, rest, find)),
        // Nothing there: nothing to expand.
        Some(Value::Null) => true,
        Some(Value::String(id)) => match find(id) {
            Some(mut object) => {
                let deeper = expand(&mut object, rest, find);
                value[*first] = object;
                deeper
            }
            None => false,
        },
        Some(object @ Value::Object(_)) => expand(object, rest, find),
        _ => false,
    }
}

fn find(ledger: &Ledger, rows: &[Row], id: &str, base: &str) -> Option<Value> {
    let fresh = rows.iter().rev().find_map(|row| match row {
        Row::Intent(it) if it.id == id => Some(render::intent(it, base)),
        Row::Charge(it) if it.id == id => Some(render::charge(it)),
        Row::Method(it) if it.id == id => Some(render::method(it)),
        _ => None,
    });
    fresh
        .or_else(|| ledger.intents.get(id).map(|it| render::intent(it, base)))
        .or_else(|| ledger.charges.get(id).map(render::charge))
        .or_else(|| ledger.methods.get(id).map(render::method))
}
