//! One binding of one method as an operation.

use http::Method as Verb;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value, json};
use souk_proto::souk::v1::BytesRule;

use super::{comment::Comments, problem_response, schema::Schemas};
use crate::{
    contract::{Binding, Body, Method},
    template::Segment,
};

/// How deep nested fields are listed as query parameters.
const QUERY_DEPTH_MAX: usize = 3;

pub(super) struct Operation<'c> {
    pub(super) method: &'c Method,
    pub(super) binding: &'c Binding,
    /// Which of the method's bindings it is.
    pub(super) which: usize,
    pub(super) comments: &'c Comments,
}

impl Operation<'_> {
    /// The path as OpenAPI writes it: `/v1/vendors/{vendor}/stock:receive`.
    pub(super) fn path(&self) -> String {
        let mut names = self.path_names().into_iter();
        let mut path = String::new();
        for segment in &self.binding.template.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                _ => path.extend(["{", &names.next().unwrap_or_default(), "}"]),
            }
        }
        if let Some(verb) = &self.binding.template.verb {
            path.extend([":", verb]);
        }
        path
    }

    pub(super) fn describe(&self, schemas: &mut Schemas<'_>) -> Value {
        let method = &self.method;
        let service = method.descriptor.parent_service();
        let comment = self.comments.of(service.parent_file().name(), method.descriptor.path());
        let summary = comment.split_once(". ").map_or(comment, |(first, _)| first);
        let suffix = if self.which == 0 { String::new() } else { format!("_{}", self.which + 1) };
        let mut operation = json!({
            "operationId": format!("{}_{}{suffix}", service.name(), method.descriptor.name()),
            "tags": [service.full_name()],
            "summary": summary.lines().next().unwrap_or_default().trim_end_matches('.'),
            "description": comment,
            "parameters": self.parameters(schemas),
            "responses": self.responses(schemas),
            "security": self.security(),
            "x-souk-access": method.rule.wanted(),
            "x-souk-method": &*method.name,
        });
        if let Some(body) = self.body(schemas) {
            operation["requestBody"] = body;
        }
        operation
    }

    /// Names of the path's wildcards: the singular of the collection before them, or the field's name.
    fn path_names(&self) -> Vec<String> {
        let template = &self.binding.template;
        let mut names: Vec<String> = Vec::new();
        for (at, segment) in template.segments.iter().enumerate() {
            if matches!(segment, Segment::Literal(_)) {
                continue;
            }
            let variable = template
                .variables
                .iter()
                .find(|variable| (variable.from..variable.to).contains(&at));
            let before = at.checked_sub(1).map(|before| &template.segments[before]);
            let mut name = match (variable, before) {
                (Some(variable), Some(Segment::Literal(collection))) if variable.from < at => {
                    singular(collection)
                }
                (Some(variable), _) => variable.field.replace('.', "_"),
                (None, _) => "any".to_owned(),
            };
            while names.contains(&name) {
                name.push('_');
            }
            names.push(name);
        }
        names
    }

    fn parameters(&self, schemas: &mut Schemas<'_>) -> Vec<Value> {
        let method = &self.method;
        let mut parameters: Vec<Value> = (self.path_names().into_iter())
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        if !method.callback && self.binding.body != Body::Whole {
            self.query(&method.input, &mut Vec::new(), schemas, &mut parameters);
        }
        let header = |name: &str, required: bool, text: &str| json!({ "name": name, "in": "header", "required": required, "description": text, "schema": { "type": "string" } });
        if method.mutation && method.bytes.is_none() {
            let text = "1 to 255 visible ASCII characters: new for each attempt, the same for each repetition of it.";
            parameters.push(header("Idempotency-Key", method.key_needed, text));
        }
        if self.may_be_conditional() {
            parameters.push(header(
                "If-Match",
                false,
                "The ETag that the resource must still have.",
            ));
        }
        if self.binding.verb == Verb::GET && !method.streaming {
            parameters.push(header(
                "If-None-Match",
                false,
                "The ETag that the caller already has.",
            ));
        }
        parameters
    }

    fn query(
        &self,
        of: &MessageDescriptor,
        outer: &mut Vec<FieldDescriptor>,
        schemas: &mut Schemas<'_>,
        parameters: &mut Vec<Value>,
    ) {
        for field in of.fields() {
            outer.push(field.clone());
            let in_path = self.binding.variables.contains(outer);
            let in_body =
                matches!(&self.binding.body, Body::Field(body) if outer.first() == Some(body));
            let kind = field.kind();
            match &kind {
                _ if in_path || in_body || field.is_map() => {}
                Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => {
                    if !field.is_list() && outer.len() < QUERY_DEPTH_MAX {
                        self.query(inner, outer, schemas, parameters);
                    }
                }
                _ => {
                    let names: Vec<_> =
                        outer.iter().map(|field| field.json_name().to_owned()).collect();
                    let schema = schemas.field(&field);
                    parameters
                        .push(json!({ "name": names.join("."), "in": "query", "schema": schema }));
                }
            }
            outer.pop();
        }
    }

    fn body(&self, schemas: &mut Schemas<'_>) -> Option<Value> {
        let method = &self.method;
        if method.callback && self.binding.body != Body::None {
            let text = "The body as its sender defines it; kept byte for byte.";
            return Some(
                json!({ "required": true, "description": text, "content": { "*/*": {} } }),
            );
        }
        if let (Some(rule), false) = (&method.bytes, self.binding.body == Body::None) {
            let text = format!("The bytes as they are, at most {}.", rule.size_max);
            return Some(
                json!({ "required": true, "description": text, "content": bytes_of(rule) }),
            );
        }
        let (schema, required) = match &self.binding.body {
            Body::None => return None,
            Body::Whole => {
                let in_path: Vec<FieldDescriptor> = (self.binding.variables.iter())
                    .filter(|fields| fields.len() == 1)
                    .flatten()
                    .cloned()
                    .collect();
                (schemas.object(&method.input, &in_path), false)
            }
            Body::Field(field) => (schemas.field(field), true),
        };
        Some(
            json!({ "required": required, "content": { "application/json": { "schema": schema } } }),
        )
    }

    fn responses(&self, schemas: &mut Schemas<'_>) -> Value {
        let method = &self.method;
        let schema = match &self.binding.response_body {
            Some(field) => schemas.field(field),
            None => schemas.message(&method.output),
        };
        let gives_bytes = method.bytes.as_ref().filter(|_| !method.mutation);
        let done = if let Some(rule) = gives_bytes {
            json!({ "description": "The bytes as they are.", "content": bytes_of(rule) })
        } else if method.streaming {
            let text = "Server-sent events: `change` with the resource as it is, again at each change; `end` when nothing more \
                can change; `error` with a problem.";
            json!({ "description": text, "content": { "text/event-stream": { "schema": schema } } })
        } else {
            json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
        };
        let mut responses = json!({ "200": done });
        let shared = |status: &str| json!({ "$ref": format!("#/components/responses/{status}") });
        let mut statuses = vec!["400", "429", "503", "504"];
        if !method.rule.is_open() {
            statuses.extend(["401", "403"]);
        }
        if !self.binding.variables.is_empty() {
            statuses.push("404");
        }
        if method.mutation {
            statuses.extend(["409", "422"]);
        }
        if self.binding.body != Body::None {
            statuses.push("413");
        }
        if self.may_be_conditional() {
            statuses.push("412");
        }
        for status in statuses {
            responses[status] = shared(status);
        }
        if self.binding.verb == Verb::GET && !method.streaming {
            responses["304"] = json!({ "description": "The caller already has this version." });
        }
        responses["default"] = problem_response("Not done; `code` says why.");
        responses
    }

    fn may_be_conditional(&self) -> bool {
        matches!(self.binding.verb, Verb::PATCH | Verb::PUT | Verb::DELETE)
            && self.method.bytes.is_none()
    }

    fn security(&self) -> Value {
        if self.method.rule.is_open() {
            json!([{}, { "token": [] }, { "guest": [] }])
        } else if self.method.rule.takes_guests() {
            json!([{ "token": [] }, { "guest": [] }])
        } else {
            json!([{ "token": [] }])
        }
    }
}

/// The kinds of bytes that go as they are.
fn bytes_of(rule: &BytesRule) -> Value {
    let kinds = rule.media_types.iter().map(|media_type| (media_type.clone(), json!({})));
    Value::Object(kinds.collect())
}

fn singular(collection: &str) -> String {
    let name = collection.strip_suffix("ies").map(|stem| format!("{stem}y"));
    name.unwrap_or_else(|| {
        let sibilant = ["sses", "xes", "ches"].iter().any(|end| collection.ends_with(end));
        let cut = if sibilant { "es" } else { "s" };
        collection.strip_suffix(cut).unwrap_or(collection).to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn a_collections_element_has_its_singular() {
        let pairs = [
            ("vendors", "vendor"),
            ("addresses", "address"),
            ("categories", "category"),
            ("stock", "stock"),
        ];
        for (many, one) in pairs {
            assert_eq!(singular(many), one);
        }
    }
}
