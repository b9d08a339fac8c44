//! The control API under `/_script`: scripts, sums, deliveries, and the bank's side of things.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bank;
use crate::chaos::Chaos;
use crate::flow::Call;
use crate::form::{Form, Node};
use crate::ledger::Ledger;
use crate::reply::{self, Reply, Ticket, reply};
use crate::script::Rule;
use crate::shared::{Done, Shared};

/// First segment of the control API's paths.
pub(crate) const SEGMENT: &str = "_script";
/// The longest wait for quiet, in milliseconds.
const QUIET_MS_MAX: u64 = 60_000;

/// What a bank answers later.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Succeeded,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    outcome: Outcome,
}

impl Settlement {
    fn came(&self) -> bool {
        matches!(self.outcome, Outcome::Succeeded)
    }
}

/// Answers a call to the control API.
pub(crate) async fn answer(shared: &Shared, call: &Call, segments: &[&str]) -> Reply {
    match route(shared, call, segments).await {
        Ok(response) => response,
        Err(message) => {
            reply::json(StatusCode::BAD_REQUEST, &json!({ "error": { "message": message } }))
        }
    }
}

async fn route(shared: &Shared, call: &Call, segments: &[&str]) -> Result<Reply, String> {
    let verb = call.method.as_str();
    Ok(match (verb, segments) {
        ("GET", ["state"]) => ok(&shared.read(Ledger::accounts).0),
        ("POST", ["reset"]) => {
            shared.reset().reached().await;
            ok(&json!({}))
        }
        ("GET", ["rules"]) => ok(&json!({ "rules": shared.script.lock().rules() })),
        ("POST", ["rules"]) => {
            let rule: Rule = body(call)?;
            ok(&json!({ "id": shared.script.lock().add(rule) }))
        }
        ("DELETE", ["rules"]) => {
            shared.script.lock().clear();
            ok(&json!({}))
        }
        ("DELETE", ["rules", id]) if shared.script.lock().remove(id) => ok(&json!({})),
        ("GET", ["chaos"]) => ok(&json!({ "chaos": shared.script.lock().chaos() })),
        ("POST", ["chaos"]) => {
            let chaos: Chaos = body(call)?;
            shared.script.lock().set_chaos(Some(chaos));
            ok(&chaos)
        }
        ("DELETE", ["chaos"]) => {
            shared.script.lock().set_chaos(None);
            ok(&json!({}))
        }
        ("GET", ["deliveries"]) => deliveries(shared, &query(call)?),
        ("GET", ["quiet"]) => quiet(shared, &query(call)?).await?,
        ("POST", ["events", id, "resend"]) => match shared.resend(id) {
            Some(letters) => {
                let count = letters.len();
                shared.counter.deliver(letters);
                ok(&json!({ "deliveries": count }))
            }
            None => missing(&call.method, &call.path),
        },
        ("POST", ["intents", id, step]) => match intent_step(shared, call, id, step)? {
            Some(done) => told(shared, done).await,
            None => missing(&call.method, &call.path),
        },
        ("POST", ["refunds", id, "settle"]) => {
            let settlement: Settlement = body(call)?;
            match bank::settle_refund(shared, id, settlement.came()) {
                Some(done) => told(shared, done).await,
                None => missing(&call.method, &call.path),
            }
        }
        _ => missing(&call.method, &call.path),
    })
}

fn intent_step(shared: &Shared, call: &Call, id: &str, step: &str) -> Result<Option<Done>, String> {
    Ok(Some(match step {
        "authorize" => bank::challenge(shared, id, None, true),
        "fail" => bank::challenge(shared, id, None, false),
        "expire" => bank::expire(shared, id),
        "settle" => {
            let settlement: Settlement = body(call)?;
            bank::settle(shared, id, settlement.came())
        }
        _ => return Ok(None),
    }))
}

/// Answers with the intent as it is now, in the API's own shape.
async fn told(shared: &Shared, mut done: Done) -> Reply {
    if !done.safe.clone().reached().await {
        let error = json!({ "error": { "message": "the state cannot be written" } });
        return reply::json(StatusCode::INTERNAL_SERVER_ERROR, &error);
    }
    let ticket = Ticket::new(&shared.counter, std::mem::take(&mut done.letters));
    reply(done.status, "application/json", done.body, Some(ticket))
}

fn deliveries(shared: &Shared, query: &Form) -> Reply {
    let wanted = |name: &str| match query.get(name) {
        Some(Node::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let (event, intent, state) = (wanted("event"), wanted("intent"), wanted("state"));
    let (found, _) = shared.read(|ledger| {
        ledger
            .deliveries
            .iter()
            .filter(|it| event.is_none_or(|wanted| it.event == wanted))
            .filter(|it| intent.is_none_or(|wanted| it.intent == wanted))
            .filter(|it| state.is_none_or(|wanted| it.state.as_str() == wanted))
            .cloned()
            .collect::<Vec<_>>()
    });
    ok(&json!({ "deliveries": found }))
}

/// Waits until every delivery has arrived or been given up.
async fn quiet(shared: &Shared, query: &Form) -> Result<Reply, String> {
    let ms = match query.get("timeout_ms") {
        None => 5_000,
        Some(Node::Text(text)) => {
            text.parse::<u64>().map_err(|_| format!("not a number: {text}"))?
        }
        Some(Node::Tree(_)) => return Err("timeout_ms is a number".to_owned()),
    };
    let mut pending = shared.pending();
    let within = Duration::from_millis(ms.min(QUIET_MS_MAX));
    let is_quiet = tokio::time::timeout(within, pending.wait_for(|count| *count == 0))
        .await
        .is_ok_and(|seen| seen.is_ok());
    let count = *shared.pending().borrow();
    let status = if is_quiet { StatusCode::OK } else { StatusCode::REQUEST_TIMEOUT };
    Ok(reply::json(status, &json!({ "quiet": is_quiet, "pending": count })))
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    serde_json::from_slice(&call.body).map_err(|error| format!("cannot read the body: {error}"))
}

fn query(call: &Call) -> Result<Form, String> {
    Form::parse(&call.query)
}

fn ok(value: &impl Serialize) -> Reply {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    reply::json(StatusCode::OK, &value)
}

fn missing(method: &Method, path: &str) -> Reply {
    let message = format!("there is no {method} {path}");
    reply::json(StatusCode::NOT_FOUND, &json!({ "error": { "message": message } }))
}
