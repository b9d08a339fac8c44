//! The OpenAPI 3.1 page, made from the descriptors: what the edge serves, in the words of the contract's comments.

mod comment;
mod operation;
mod schema;

use std::collections::BTreeMap;

use base_fault::Code;
use serde_json::{Map, Value, json};

use crate::contract::{Contract, InvalidContract};
use comment::Comments;
use operation::Operation;
use schema::Schemas;

/// The OpenAPI page of an encoded `FileDescriptorSet`.
pub fn openapi(descriptors: &[u8]) -> Result<Value, InvalidContract> {
    Ok(of(&Contract::read(descriptors)?))
}

pub(crate) fn of(contract: &Contract) -> Value {
    let comments = Comments::read(&contract.pool);
    let mut schemas = Schemas::new(&comments);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, Value> = BTreeMap::new();
    for method in &contract.methods {
        for (which, binding) in method.bindings.iter().enumerate() {
            let operation = Operation { method, binding, which, comments: &comments };
            let service = method.descriptor.parent_service();
            tags.entry(service.full_name().to_owned()).or_insert_with(|| {
                json!({ "name": service.full_name(), "description": comments.of(service.parent_file().name(), service.path()) })
            });
            let verb = binding.verb.as_str().to_ascii_lowercase();
            paths
                .entry(operation.path())
                .or_default()
                .insert(verb, operation.describe(&mut schemas));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Souk",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": DESCRIPTION,
        },
        "tags": tags.into_values().collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.into_schemas(problem()),
            "responses": responses(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An access token (EdDSA; audience shopper, vendor or operator). Its keys are at /.well-known/jwks.json." },
                "guest": { "type": "apiKey", "in": "cookie", "name": "souk_guest",
                    "description": "The secret of a visitor without an account; also taken as `Authorization: Guest <secret>`." },
            },
        },
    })
}

const DESCRIPTION: &str = "Every resource lives under its tenant and its name says so: `users/{user}/…`, `vendors/{vendor}/…`; \
`users/me` is the caller. 64-bit whole numbers, and so the minor units of money, are texts in responses and may be texts or \
numbers in requests; money is never a fraction. Fields without a value are shown with their default, so a response always has \
every plain field. Fields that are not known are refused by name. Methods that change something need an `Idempotency-Key`: the \
same key with the same request gives the same answer again. Errors are `application/problem+json`; each `code` has a page at its \
`type`.";

/// The schema of a problem.
fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "description": "Why a request was not carried out (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "instance"],
        "properties": {
            "type": text("Where the code's page is, relative to the platform."),
            "title": text("The same for every occurrence of the code."),
            "status": { "type": "integer" },
            "detail": text("What happened this time, for people."),
            "code": { "type": "string", "description": "Stable. The platform's own are listed; services add theirs.", "examples": codes },
            "instance": text("The request's number, as in the X-Request-Id header and in logs."),
            "fields": {
                "type": "array",
                "description": "The fields that are wrong.",
                "items": { "type": "object", "required": ["field", "problem"], "properties": {
                    "field": text("The field's path in the request, such as `lines[2].quantity`."),
                    "problem": text("What is wrong, and what would be right."),
                } },
            },
            "problems": {
                "type": "array",
                "description": "The single things that stand in the way, where there are several.",
                "items": { "type": "object", "required": ["code", "subject", "text"], "properties": {
                    "code": text("A stable code."), "subject": text("What it is about."), "text": text("What can be done, for people."),
                } },
            },
            "retryAfterMs": { "type": "integer", "description": "After how many milliseconds a retry may succeed; absent if it would fail again." },
        },
    })
}

/// One response per status, with the codes that it comes with.
fn responses() -> Value {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        by_status.entry(code.http()).or_default().push(*code);
    }
    let responses = by_status.into_iter().map(|(status, codes)| {
        let lines: Vec<String> =
            codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.title())).collect();
        (status.to_string(), problem_response(&lines.join("\n")))
    });
    Value::Object(responses.collect())
}

pub(super) fn problem_response(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}
