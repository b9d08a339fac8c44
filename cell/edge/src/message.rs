//! JSON to messages: every field by its name, every mistake by its path.

use std::fmt;

use base_fault::{Code, Fault, FieldViolation};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::{contract::field_named, json::Json, value};

/// Most mistakes that one answer lists.
const MISTAKES_MAX: usize = 20;

/// Where in a request a value is; rendered only for a mistake.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Root,
    Field(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
    Entry(&'a At<'a>, &'a str),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(up, name) => write!(f, "{up}.{name}"),
            Self::Item(up, index) => write!(f, "{up}[{index}]"),
            Self::Entry(up, key) => write!(f, "{up}[{key:?}]"),
        }
    }
}

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Mistakes {
    found: Vec<(Code, FieldViolation)>,
}

impl Mistakes {
    pub(crate) fn invalid(&mut self, at: impl fmt::Display, problem: impl Into<String>) {
        self.add(Code::InvalidField, &at.to_string(), problem.into());
    }

    pub(crate) fn unknown(&mut self, at: impl fmt::Display, of: &MessageDescriptor) {
        let names: Vec<_> = of.fields().map(|field| field.json_name().to_owned()).collect();
        let has = if names.is_empty() {
            "has no fields".into()
        } else {
            format!("has {}", names.join(", "))
        };
        self.add(Code::UnknownField, &at.to_string(), format!("is not known; {} {has}", of.name()));
    }

    fn add(&mut self, code: Code, field: &str, problem: String) {
        if self.found.len() < MISTAKES_MAX {
            let field = crate::text::shortened(field);
            self.found.push((code, FieldViolation { field, problem }));
        }
    }

    /// One fault with all of them: with the code of the first.
    pub(crate) fn into_result(self) -> Result<(), Fault> {
        let Some((code, first)) = self.found.first() else { return Ok(()) };
        let more = match self.found.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let text = format!("`{}` {}{more}", first.field, first.problem);
        let fault = Fault::caller(*code, text);
        Err(self.found.into_iter().fold(fault, |fault, (_, violation)| fault.with_field(violation)))
    }
}

/// Reads an object into a message. Fields given as null are left out.
pub(crate) fn read(
    of: &MessageDescriptor,
    json: Json,
    at: &At<'_>,
    mistakes: &mut Mistakes,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    let Json::Object(pairs) = json else {
        let problem = format!("is {}; expected an object ({})", json.kind(), of.name());
        mistakes.invalid(ObjectAt(at), problem);
        return message;
    };
    let mut seen: Vec<u32> = Vec::with_capacity(pairs.len());
    for (name, json) in pairs {
        let Some(field) = field_named(of, &name) else {
            mistakes.unknown(At::Field(at, &name), of);
            continue;
        };
        let here = At::Field(at, field.name());
        if seen.contains(&field.number()) {
            mistakes.invalid(here, "is given twice");
            continue;
        }
        seen.push(field.number());
        if let Some(oneof) = field.containing_oneof()
            && !matches!(json, Json::Null)
            && let Some(other) = oneof.fields().find(|other| message.has_field(other))
        {
            mistakes.invalid(here, format!("cannot be given together with `{}`", other.name()));
            continue;
        }
        if let Some(value) = read_field(&field, json, &here, mistakes) {
            message.set_field(&field, value);
        }
    }
    message
}

fn read_field(
    field: &FieldDescriptor,
    json: Json,
    at: &At<'_>,
    mistakes: &mut Mistakes,
) -> Option<Value> {
    let kind = field.kind();
    match json {
        Json::Null => None,
        Json::List(items) if field.is_list() => {
            let items = items.into_iter().enumerate();
            let read = items
                .filter_map(|(index, item)| read_one(&kind, item, &At::Item(at, index), mistakes));
            Some(Value::List(read.collect()))
        }
        Json::Object(pairs) if field.is_map() => {
            let entry = kind.as_message()?;
            let (keys, values) =
                (entry.map_entry_key_field().kind(), entry.map_entry_value_field());
            let mut map = std::collections::HashMap::with_capacity(pairs.len());
            for (name, json) in pairs {
                let here = At::Entry(at, &name);
                let value = read_one(&values.kind(), json, &here, mistakes);
                match value::map_key(&keys, name.clone()) {
                    Ok(key) => {
                        if let Some(value) = value
                            && map.insert(key, value).is_some()
                        {
                            mistakes.invalid(here, "is given twice");
                        }
                    }
                    Err(problem) => mistakes.invalid(here, problem),
                }
            }
            Some(Value::Map(map))
        }
        other if field.is_list() => {
            mistakes.invalid(at, format!("is {}; expected an array", other.kind()));
            None
        }
        other if field.is_map() => {
            mistakes.invalid(at, format!("is {}; expected an object", other.kind()));
            None
        }
        other => read_one(&kind, other, at, mistakes),
    }
}

fn read_one(kind: &Kind, json: Json, at: &At<'_>, mistakes: &mut Mistakes) -> Option<Value> {
    match kind {
        Kind::Message(of) if of.full_name().starts_with("google.protobuf.") => {
            match well_known(of, json) {
                Ok(message) => Some(Value::Message(message)),
                Err(problem) => {
                    mistakes.invalid(at, problem);
                    None
                }
            }
        }
        Kind::Message(of) => Some(Value::Message(read(of, json, at, mistakes))),
        kind => match value::of_json(kind, json) {
            Ok(value) => Some(value),
            Err(problem) => {
                mistakes.invalid(at, problem);
                None
            }
        },
    }
}

/// Types with a form of their own in JSON, such as `google.protobuf.Timestamp`.
pub(crate) fn well_known(of: &MessageDescriptor, json: Json) -> Result<DynamicMessage, String> {
    // A mask's paths are written as the contract or as JSON spells them; `mask` settles which.
    if let (Json::Text(paths), "google.protobuf.FieldMask") = (&json, of.full_name()) {
        let paths = paths.split(',').filter(|path| !path.is_empty());
        let list = paths.map(|path| Value::String(path.trim().to_owned())).collect();
        let mut mask = DynamicMessage::new(of.clone());
        mask.set_field_by_name("paths", Value::List(list));
        return Ok(mask);
    }
    let value = json.into_value().ok_or("has a key that is given twice or too large a number")?;
    DynamicMessage::deserialize(of.clone(), value)
        .map_err(|error| format!("is not a {}: {error}", of.name()))
}

/// The root has no path: it is the body.
struct ObjectAt<'a>(&'a At<'a>);

impl fmt::Display for ObjectAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            At::Root => f.write_str("body"),
            at => at.fmt(f),
        }
    }
}
