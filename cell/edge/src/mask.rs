//! Update masks: which fields of a resource a PATCH changes; derived from the body where the caller does not say.

use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::{
    contract::{Mask, field_named, resolve},
    json::Json,
    message::Mistakes,
};

/// Checks the mask that the request holds, if any, and spells its paths as the contract does.
pub(crate) fn settle(mask: &Mask, request: &mut DynamicMessage, mistakes: &mut Mistakes) {
    if !request.has_field(&mask.field) {
        return;
    }
    let given = request.get_field(&mask.field).into_owned();
    let Some(message) = given.as_message() else { return };
    let paths = message.get_field_by_name("paths").map(std::borrow::Cow::into_owned);
    let paths = paths.as_ref().and_then(Value::as_list).unwrap_or_default();
    let mut settled: Vec<Value> = Vec::with_capacity(paths.len());
    for path in paths.iter().filter_map(Value::as_str) {
        if path == "*" {
            settled.push(Value::String(path.to_owned()));
            continue;
        }
        match resolve(&mask.resource, path) {
            Ok(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.name().to_owned()).collect();
                let path = Value::String(names.join("."));
                if !settled.contains(&path) {
                    settled.push(path);
                }
            }
            Err(problem) => {
                let path = crate::text::shortened(path);
                mistakes.invalid(mask.field.name(), format!("names `{path}`, but {problem}"));
            }
        }
    }
    set(mask, request, settled);
}

/// The mask of a body that came without one: the fields that are present, also those that are null.
pub(crate) fn derive(mask: &Mask, request: &mut DynamicMessage, names: &[String]) {
    let known = names.iter().filter_map(|name| field_named(&mask.resource, name));
    let mut paths: Vec<Value> = known.map(|field| Value::String(field.name().to_owned())).collect();
    // A resource's own name is where it is, not what is changed.
    paths.retain(|path| path.as_str() != Some("name"));
    set(mask, request, paths);
}

/// The names of an object's fields.
pub(crate) fn names_of(json: &Json) -> Vec<String> {
    match json {
        Json::Object(pairs) => pairs.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

fn set(mask: &Mask, request: &mut DynamicMessage, paths: Vec<Value>) {
    let of: Option<MessageDescriptor> = mask.field.kind().as_message().cloned();
    if let Some(of) = of {
        let mut message = DynamicMessage::new(of);
        message.set_field_by_name("paths", Value::List(paths));
        request.set_field(&mask.field, Value::Message(message));
    }
}
