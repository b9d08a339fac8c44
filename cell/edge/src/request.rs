//! A request of a method, put together from path, query and body.

use base_fault::{Code, Fault};
use bytes::Bytes;
use http::{HeaderMap, Method as Verb};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use crate::{
    contract::{Binding, Body, Method, resolve},
    json::Json,
    mask, message,
    message::{At, Mistakes},
    text, value,
};

/// Headers that a method with a body of somebody else's format is given.
const CALLBACK_HEADERS: [&str; 3] = ["content-type", "stripe-signature", "user-agent"];

/// Puts the request together. `held` are the values of the path's variables.
pub(crate) fn assemble(
    method: &Method,
    binding: &Binding,
    held: &[String],
    query: &str,
    body: &Bytes,
    headers: &HeaderMap,
) -> Result<DynamicMessage, Fault> {
    let mut mistakes = Mistakes::default();
    let mut request = DynamicMessage::new(method.input.clone());
    let mut present = Vec::new();
    if method.callback {
        fill_callback(&mut request, body, headers);
    } else {
        present = read_body(method, binding, body, &mut request, &mut mistakes)?;
    }
    read_query(binding, query, &mut request, &mut mistakes)?;
    for (fields, text) in binding.variables.iter().zip(held) {
        hold(&mut request, fields, text, &mut mistakes);
    }
    if let Some(mask) = &method.mask {
        if binding.verb == Verb::PATCH && !request.has_field(&mask.field) {
            mask::derive(mask, &mut request, &present);
        }
        mask::settle(mask, &mut request, &mut mistakes);
    }
    mistakes.into_result()?;
    Ok(request)
}

/// Reads the body into the request; gives the names of the fields that are present in it.
fn read_body(
    method: &Method,
    binding: &Binding,
    body: &Bytes,
    request: &mut DynamicMessage,
    mistakes: &mut Mistakes,
) -> Result<Vec<String>, Fault> {
    if binding.body != Body::None && body.is_empty() {
        return match &binding.body {
            // Nothing is the same as an empty object: every field has its default.
            Body::Whole => Ok(Vec::new()),
            _ => Err(Fault::caller(Code::Malformed, "the body is empty; expected JSON")),
        };
    }
    match &binding.body {
        Body::None if body.is_empty() => Ok(Vec::new()),
        Body::None => {
            let text = format!("{} {} takes no body", binding.verb, binding.path);
            Err(Fault::caller(Code::Malformed, text))
        }
        Body::Whole => {
            let json = Json::parse(body)?;
            let names = mask::names_of(&json);
            *request = message::read(&method.input, json, &At::Root, mistakes);
            Ok(names)
        }
        Body::Field(field) => {
            let json = Json::parse(body)?;
            let names = mask::names_of(&json);
            let wrapped = Json::Object(vec![(field.name().to_owned(), json)]);
            *request = message::read(&method.input, wrapped, &At::Root, mistakes);
            Ok(names)
        }
    }
}

fn read_query(
    binding: &Binding,
    query: &str,
    request: &mut DynamicMessage,
    mistakes: &mut Mistakes,
) -> Result<(), Fault> {
    let input = request.descriptor();
    for (name, text) in text::query(query)? {
        let Ok(fields) = resolve(&input, &name) else {
            mistakes.unknown(&name, &input);
            continue;
        };
        let in_path = binding.variables.contains(&fields);
        let in_body = match &binding.body {
            Body::None => false,
            Body::Whole => true,
            Body::Field(field) => fields.first() == Some(field),
        };
        if in_path || in_body {
            let place = if in_path { "path" } else { "body" };
            mistakes.invalid(&name, format!("is given in the {place}, not in the query"));
            continue;
        }
        let Some((last, outer)) = fields.split_last() else { continue };
        let read = match last.kind() {
            _ if last.is_map() => Err("cannot be given in a query".to_owned()),
            Kind::Message(of) if of.full_name().starts_with("google.protobuf.") => {
                message::well_known(&of, Json::Text(text.into_owned())).map(Value::Message)
            }
            kind => value::of_text(&kind, &text),
        };
        match read {
            Err(problem) => mistakes.invalid(&name, problem),
            Ok(value) => {
                let holder = inside(request, outer);
                if last.is_list() {
                    if let Value::List(items) = holder.get_field_mut(last) {
                        items.push(value);
                    }
                } else if holder.has_field(last) {
                    mistakes.invalid(&name, "is given twice");
                } else {
                    holder.set_field(last, value);
                }
            }
        }
    }
    Ok(())
}

/// Sets what the path holds. A body may repeat it, but not contradict it.
fn hold(
    request: &mut DynamicMessage,
    fields: &[FieldDescriptor],
    text: &str,
    mistakes: &mut Mistakes,
) {
    let Some((last, outer)) = fields.split_last() else { return };
    let name = || fields.iter().map(|field| field.name().to_owned()).collect::<Vec<_>>().join(".");
    match value::of_text(&last.kind(), text) {
        Err(problem) => mistakes.invalid(name(), problem),
        Ok(value) => {
            let holder = inside(request, outer);
            if holder.has_field(last) && *holder.get_field(last) != value {
                mistakes.invalid(
                    name(),
                    format!("contradicts the path, which says `{}`", text::shortened(text)),
                );
            }
            holder.set_field(last, value);
        }
    }
}

fn inside<'m>(
    request: &'m mut DynamicMessage,
    outer: &[FieldDescriptor],
) -> &'m mut DynamicMessage {
    outer.iter().fold(request, |message, field| {
        message
            .get_field_mut(field)
            .as_message_mut()
            .expect("a path was resolved through singular message fields only")
    })
}

fn fill_callback(request: &mut DynamicMessage, body: &Bytes, headers: &HeaderMap) {
    request.set_field_by_name("body", Value::Bytes(body.clone()));
    let given = CALLBACK_HEADERS.iter().filter_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?;
        Some((MapKey::String((*name).to_owned()), Value::String(text.to_owned())))
    });
    request.set_field_by_name("headers", Value::Map(given.collect()));
}
