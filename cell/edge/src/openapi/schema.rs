//! Messages and enums as JSON schemas.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comment::Comments;

/// The schemas that were asked for, and those that they need.
pub(super) struct Schemas<'c> {
    comments: &'c Comments,
    done: BTreeMap<String, Value>,
    begun: BTreeSet<String>,
}

impl<'c> Schemas<'c> {
    pub(super) fn new(comments: &'c Comments) -> Self {
        Self { comments, done: BTreeMap::new(), begun: BTreeSet::new() }
    }

    pub(super) fn into_schemas(mut self, problem: Value) -> Value {
        self.done.insert("Problem".to_owned(), problem);
        json!(self.done)
    }

    /// A reference to a message's schema.
    pub(super) fn message(&mut self, of: &MessageDescriptor) -> Value {
        if let Some(schema) = well_known(of) {
            return schema;
        }
        let name = of.full_name();
        if self.begun.insert(name.to_owned()) {
            let schema = self.object(of, &[]);
            self.done.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    /// An object with the message's fields, without those that are held elsewhere.
    pub(super) fn object(&mut self, of: &MessageDescriptor, without: &[FieldDescriptor]) -> Value {
        let mut properties = Map::new();
        for field in of.fields().filter(|field| !without.contains(field)) {
            properties.insert(field.json_name().to_owned(), self.field(&field));
        }
        let comment = self.comments.of(of.parent_file().name(), of.path());
        let mut schema =
            json!({ "type": "object", "properties": properties, "additionalProperties": false });
        describe(&mut schema, comment);
        schema
    }

    /// A field's schema with its comment.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = if field.is_map() {
            let kind = field.kind();
            let values = kind.as_message().map(MessageDescriptor::map_entry_value_field);
            let values = values.map_or_else(|| json!(true), |values| self.kind(&values.kind()));
            json!({ "type": "object", "additionalProperties": values })
        } else if field.is_list() {
            json!({ "type": "array", "items": self.kind(&field.kind()) })
        } else {
            self.kind(&field.kind())
        };
        let comment = self.comments.of(field.parent_file().name(), field.path());
        describe(&mut schema, comment);
        schema
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::Float | Kind::Double => json!({ "type": "number" }),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({ "type": "integer", "format": "int32" })
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({ "type": "integer", "format": "uint32", "minimum": 0 })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({ "type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]+$" })
            }
            Kind::Uint64 | Kind::Fixed64 => {
                json!({ "type": ["string", "integer"], "format": "uint64", "pattern": "^[0-9]+$" })
            }
            Kind::Message(of) => self.message(of),
            Kind::Enum(of) => self.enumeration(of),
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> Value {
        let name = of.full_name();
        if self.begun.insert(name.to_owned()) {
            let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
            let mut schema = json!({ "type": "string", "enum": names });
            let mut text = self.comments.of(of.parent_file().name(), of.path()).to_owned();
            for value in of.values() {
                let comment = self.comments.of(of.parent_file().name(), value.path());
                if !comment.is_empty() {
                    text.extend(["\n- `", value.name(), "`: ", comment]);
                }
            }
            describe(&mut schema, text.trim());
            self.done.insert(name.to_owned(), schema);
        }
        reference(name)
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn describe(schema: &mut Value, text: &str) {
    if !text.is_empty()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.insert("description".to_owned(), text.into());
    }
}

/// Types with a form of their own in JSON.
fn well_known(of: &MessageDescriptor) -> Option<Value> {
    let name = of.full_name().strip_prefix("google.protobuf.")?;
    Some(match name {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => json!({ "type": "string", "examples": ["3.5s"] }),
        "FieldMask" => json!({ "type": "string", "examples": ["displayName,locale"] }),
        "Empty" => json!({ "type": "object", "additionalProperties": false }),
        "Struct" => json!({ "type": "object" }),
        "BoolValue" => json!({ "type": ["boolean", "null"] }),
        "StringValue" | "BytesValue" => json!({ "type": ["string", "null"] }),
        "Int32Value" | "UInt32Value" => json!({ "type": ["integer", "null"] }),
        "Int64Value" | "UInt64Value" => json!({ "type": ["string", "integer", "null"] }),
        "FloatValue" | "DoubleValue" => json!({ "type": ["number", "null"] }),
        "ListValue" => json!({ "type": "array" }),
        _ => json!({}),
    })
}
