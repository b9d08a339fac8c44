//! The traces of a purchase: one for each request from outside that moved it on, and where they join.

use serde::Serialize;

use crate::{explain::walk::Append, out::columns, streams::Why};

/// What one request from outside set in motion. Messages, timers and calls to the outside carry the trace of what caused them, so
/// a request that a client sends without `traceparent`, or an event that a provider reports, begins another one (W3C Trace Context).
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Trace {
    id: String,
    events: usize,
    /// Who asked for what.
    begun_by: String,
    /// The first event that it led to.
    begun_at: String,
    /// Where it takes up an earlier one: both have written to the same stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<Joint>,
}

/// A place at which a trace takes up another one.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Joint {
    trace: String,
    /// The last event of the other trace on the stream that both have written to.
    at: String,
}

/// The traces of appends that come in the order in which they happened; each trace after those that it joins.
pub(crate) fn traces(appends: &[Append]) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    for (nth, append) in appends.iter().enumerate() {
        let Some(cause) = append.cause().filter(|cause| !cause.trace.is_empty()) else {
            continue;
        };
        let id = hex::encode(&cause.trace);
        let position = traces.iter().position(|trace| trace.id == id).unwrap_or_else(|| {
            traces.push(Trace {
                id: id.clone(),
                events: 0,
                begun_by: Why::from(cause.clone()).line(),
                begun_at: format!("{}@{}", append.stream, append.first()),
                joins: None,
            });
            traces.len() - 1
        });
        traces[position].events += append.events.len();
        if position > 0 && traces[position].joins.is_none() {
            let earlier: Vec<_> = traces[..position].iter().map(|trace| &*trace.id).collect();
            traces[position].joins = joint(&appends[..nth], append, &earlier);
        }
    }
    traces
}

/// Where `append` takes up one of the `earlier` traces: the newest append before it on its stream, if that is of one of them.
fn joint(before: &[Append], append: &Append, earlier: &[&str]) -> Option<Joint> {
    let last = before.iter().rev().find(|other| other.stream == append.stream)?;
    let trace = last.cause().map(|cause| hex::encode(&cause.trace))?;
    let at = format!("{}@{}", last.stream, last.last());
    earlier.contains(&trace.as_str()).then_some(Joint { trace, at })
}

/// One trace on a line; several as a table that says where they join.
pub(crate) fn text(traces: &[Trace]) -> String {
    match traces {
        [] => return String::new(),
        [only] => return format!("trace {}\n", only.id),
        _ => {}
    }
    let rows = traces.iter().map(|trace| {
        let joins = trace.joins.as_ref();
        let joins = joins.map(|joint| format!("{} at {}", short(&joint.trace), joint.at));
        let begun = format!("{}, {}", trace.begun_by, trace.begun_at);
        [trace.id.clone(), trace.events.to_string(), begun, joins.unwrap_or_default()]
    });
    let table = columns(["TRACE", "EVENTS", "BEGUN BY", "JOINS"], rows, "");
    format!(
        "\n{} traces, one for each request from outside that came without the traceparent of an earlier one\n{table}",
        traces.len()
    )
}

/// As much of a trace's id as tells it from others.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
