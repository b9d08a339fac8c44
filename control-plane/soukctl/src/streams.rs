//! `streams show`: a stream's events, each with time and cause.

use std::fmt::Write as _;

use base_ids::StreamName;
use serde::Serialize;
use serde_json::Value;
use souk_proto_fleet::v1::{Cause, ShowStreamRequest, ShowStreamResponse, StreamEvent, Told};

use crate::{
    out::{View, columns, short},
    reach::Reach,
    trouble::Trouble,
    zone::{At, Zone},
};

/// Widest body in a table, in characters.
const BODY_WIDTH: usize = 90;

/// Events of one stream.
#[derive(Debug, Serialize)]
pub(crate) struct Stream {
    #[serde(rename = "stream")]
    name: String,
    cell: String,
    head: u64,
    events: Vec<Event>,
    #[serde(skip)]
    full: bool,
}

/// One event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) version: u64,
    pub(crate) kind: String,
    pub(crate) at: At,
    pub(crate) body: Value,
    /// On the last event of an append.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<Why>,
}

/// Why an append happened.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Why {
    pub(crate) actor: String,
    pub(crate) command: Value,
    pub(crate) facts: Value,
    pub(crate) trace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) heard: Option<Heard>,
    pub(crate) told: Vec<Message>,
}

/// The message that was heard.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) from_stream: String,
    pub(crate) from_version: u64,
}

/// A message that was told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Empty for everyone.
    pub(crate) to_tenant: String,
    pub(crate) to_service: String,
    pub(crate) due: At,
}

impl From<StreamEvent> for Event {
    fn from(event: StreamEvent) -> Self {
        Self {
            version: event.version,
            kind: event.kind,
            at: At::millis(event.at_ms),
            body: json(&event.body),
            cause: event.cause.map(Why::from),
        }
    }
}

impl From<Cause> for Why {
    fn from(cause: Cause) -> Self {
        let heard = (!cause.heard_from_stream.is_empty()).then(|| Heard {
            id: hex::encode(&cause.heard),
            kind: cause.heard_kind,
            from_stream: cause.heard_from_stream,
            from_version: cause.heard_from_version,
        });
        Self {
            actor: cause.actor,
            command: json(&cause.command),
            facts: json(&cause.facts),
            trace: hex::encode(&cause.trace),
            heard,
            told: cause.told.into_iter().map(Message::from).collect(),
        }
    }
}

impl From<Told> for Message {
    fn from(told: Told) -> Self {
        Self {
            id: hex::encode(&told.id),
            kind: told.kind,
            to_tenant: told.to_tenant,
            to_service: told.to_service,
            due: At::millis(told.due_ms),
        }
    }
}

impl Why {
    /// In one line: the message that was heard, or who asked for what.
    pub(crate) fn line(&self) -> String {
        if let Some(heard) = &self.heard {
            return format!(
                "{} from {}@{}",
                last_word(&heard.kind),
                heard.from_stream,
                heard.from_version
            );
        }
        match command_name(&self.command) {
            Some(command) => format!("{}: {command}", self.actor),
            None => self.actor.clone(),
        }
    }
}

/// The name of a command: the tag of a serialised enum.
fn command_name(command: &Value) -> Option<&str> {
    match command {
        Value::String(name) => Some(name),
        Value::Object(fields) => match fields.iter().next() {
            Some((name, _)) if fields.len() == 1 => Some(name),
            _ => ["command", "kind", "type"].iter().find_map(|tag| fields.get(*tag)?.as_str()),
        },
        _ => None,
    }
}

/// The message's own name, without its package.
pub(crate) fn last_word(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

impl Stream {
    pub(crate) fn of(
        stream: &StreamName,
        cell: String,
        answer: ShowStreamResponse,
        full: bool,
    ) -> Self {
        Self {
            name: stream.to_string(),
            cell,
            head: answer.head,
            events: answer.events.into_iter().map(Event::from).collect(),
            full,
        }
    }

    fn full_text(&self, zone: &Zone) -> String {
        let mut text = String::new();
        for event in &self.events {
            let _ = write!(
                text,
                "@{}  {}  {}\n  body     {}\n",
                event.version,
                zone.show(event.at),
                event.kind,
                event.body
            );
            let Some(why) = &event.cause else {
                continue;
            };
            let _ = write!(
                text,
                "  cause    {}\n  command  {}\n  facts    {}\n",
                why.line(),
                why.command,
                why.facts
            );
            if !why.trace.is_empty() {
                let _ = writeln!(text, "  trace    {}", why.trace);
            }
            for told in &why.told {
                let _ = writeln!(text, "  told     {}", told.line(zone));
            }
        }
        text
    }
}

impl Message {
    /// In one line: what, to whom, when.
    pub(crate) fn line(&self, zone: &Zone) -> String {
        let due = if self.due == At::NEVER {
            String::new()
        } else {
            format!(", due {}", zone.show(self.due))
        };
        format!("{} to {}{due} ({})", last_word(&self.kind), self.whom(), self.id)
    }

    pub(crate) fn whom(&self) -> String {
        if self.to_tenant.is_empty() {
            return "everyone".to_owned();
        }
        format!("{} ({})", self.to_tenant, self.to_service)
    }
}

impl View for Stream {
    fn text(&self, zone: &Zone) -> String {
        let events = if self.full {
            self.full_text(zone)
        } else {
            let rows = self.events.iter().map(|event| {
                let cause = event.cause.as_ref().map(Why::line).unwrap_or_default();
                let body = short(&event.body.to_string(), BODY_WIDTH);
                [event.version.to_string(), zone.show(event.at), event.kind.clone(), body, cause]
            });
            columns(["VERSION", "TIME", "EVENT", "BODY", "CAUSED BY"], rows, "no events here")
        };
        let more = match self.events.last() {
            Some(last) if last.version < self.head => {
                format!("; go on with --after {}", last.version)
            }
            _ => String::new(),
        };
        format!("{events}\n{} in {}, head {}{more}\n", self.name, self.cell, self.head)
    }
}

pub(crate) async fn show(
    reach: &mut Reach,
    stream: &StreamName,
    after: u64,
    limit: u32,
    full: bool,
) -> Result<Stream, Trouble> {
    let home = reach.home(&stream.tenant).await?;
    let request = ShowStreamRequest { stream: stream.to_string(), after, limit };
    let answer = home.ask(async |admin| admin.show_stream(request).await).await?;
    if answer.head == 0 {
        let text = format!("{stream} has no events in {}, where {} lives", home.id, stream.tenant);
        return Err(Trouble::Refused(text));
    }
    Ok(Stream::of(stream, home.id, answer, full))
}
