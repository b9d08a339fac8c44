//! What was found, in the order in which it happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::Serialize;

use crate::{
    explain::{
        traces::{self, Trace},
        walk::{Append, Found, Unheard},
    },
    out::{View, columns},
    streams::{Event, Message, Why, last_word},
    zone::{At, Zone},
};

/// A purchase from its first request to what is still to come.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    order: String,
    traces: Vec<Trace>,
    cells: BTreeSet<String>,
    steps: Vec<Step>,
    waiting: Vec<Waiting>,
    /// How many reminders were called off: what they were for is done.
    called_off: usize,
    /// What could not be looked at, and why.
    not_reached: BTreeSet<String>,
    /// Whether the story is longer than what is shown.
    cut: bool,
}

/// One event.
#[derive(Debug, Serialize)]
struct Step {
    cell: String,
    stream: String,
    #[serde(flatten)]
    event: Event,
    /// Whether the event before it in the story was appended together with it.
    #[serde(skip)]
    continues: bool,
    /// In one line why it happened.
    caused_by: String,
}

/// A message that nobody has heard yet.
#[derive(Debug, Serialize)]
struct Waiting {
    from: String,
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_known: Option<String>,
}

impl Story {
    pub(crate) fn of(order: String, found: Found) -> Self {
        let cells = found.appends.iter().map(|append| append.cell.clone()).collect();
        let appends = in_order(found.appends);
        let mut unheard = found.unheard;
        unheard.sort_by_key(|unheard| {
            (unheard.told.due_ms, unheard.from.to_string(), unheard.version)
        });
        Self {
            order,
            traces: traces::traces(&appends),
            cells,
            steps: appends.into_iter().flat_map(steps).collect(),
            called_off: found.called_off,
            waiting: unheard.into_iter().map(Waiting::from).collect(),
            not_reached: found.dark,
            cut: found.cut,
        }
    }
}

impl From<Unheard> for Waiting {
    fn from(unheard: Unheard) -> Self {
        Self {
            from: format!("{}@{}", unheard.from, unheard.version),
            message: Message::from(unheard.told),
            not_known: unheard.not_known,
        }
    }
}

/// By time; where the clocks of two cells say the same, causes before what they caused.
fn in_order(mut appends: Vec<Append>) -> Vec<Append> {
    let ranks = ranks(&appends);
    let rank = |append: &Append| ranks.get(&place(append)).copied().unwrap_or(0);
    appends.sort_by_key(|append| {
        (append.events.last().map_or(0, |event| event.at_ms), rank(append), place(append))
    });
    appends
}

fn place(append: &Append) -> (String, u64) {
    (append.stream.to_string(), append.last())
}

/// How many steps of cause lead to each append. Appends come by stream and version.
fn ranks(appends: &[Append]) -> BTreeMap<(String, u64), u32> {
    let mut ranks: BTreeMap<(String, u64), u32> =
        appends.iter().map(|append| (place(append), 0)).collect();
    // Each round carries a cause one step further; a chain cannot be longer than there are appends.
    for _ in 0..appends.len() {
        let mut changed = false;
        let mut before: Option<(String, u64)> = None;
        for append in appends {
            let own = place(append);
            let heard = append
                .cause()
                .map(|cause| (cause.heard_from_stream.clone(), cause.heard_from_version));
            let previous = before.filter(|(stream, _)| *stream == own.0);
            let causes = [heard, previous].into_iter().flatten();
            let rank = causes
                .filter_map(|cause| ranks.get(&cause))
                .map(|rank| rank + 1)
                .max()
                .unwrap_or(0);
            if ranks.get(&own).is_some_and(|known| *known < rank) {
                ranks.insert(own.clone(), rank);
                changed = true;
            }
            before = Some(own);
        }
        if !changed {
            break;
        }
    }
    ranks
}

fn steps(append: Append) -> Vec<Step> {
    let why = append.cause().cloned().map(Why::from);
    let caused_by = why.as_ref().map(Why::line).unwrap_or_default();
    let (stream, cell) = (append.stream.to_string(), append.cell);
    let step = |(nth, event)| {
        let event = Event::from(event);
        Step {
            cell: cell.clone(),
            stream: stream.clone(),
            event,
            continues: nth > 0,
            caused_by: caused_by.clone(),
        }
    };
    append.events.into_iter().enumerate().map(step).collect()
}

impl View for Story {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.steps.iter().map(|step| {
            let place = format!("{}@{}", step.stream, step.event.version);
            let caused_by =
                if step.continues { "same append".to_owned() } else { step.caused_by.clone() };
            [zone.show(step.event.at), step.cell.clone(), place, step.event.kind.clone(), caused_by]
        });
        let mut text = columns(["TIME", "CELL", "STREAM", "EVENT", "CAUSED BY"], rows, "no events");
        let cells: Vec<_> = self.cells.iter().map(String::as_str).collect();
        let (events, cells) = (self.steps.len(), cells.join(", "));
        let _ = write!(text, "\n{}: {events} events in {cells}\n", self.order);
        if self.cut {
            text += "the story is longer than what is shown\n";
        }
        for dark in &self.not_reached {
            let _ = writeln!(text, "not reached: {dark}");
        }
        text += &traces::text(&self.traces);
        if !self.waiting.is_empty() {
            let rows = self.waiting.iter().map(|waiting| {
                let (message, state) = (&waiting.message, waiting.state(zone));
                [last_word(&message.kind).to_owned(), message.whom(), waiting.from.clone(), state]
            });
            let header = ["MESSAGE", "TO", "TOLD BY", "STATE"];
            let _ =
                write!(text, "\nmessages that nobody has heard yet\n{}", columns(header, rows, ""));
        }
        if self.called_off > 0 {
            let _ = writeln!(text, "\nreminders that were called off: {}", self.called_off);
        }
        text
    }

    fn exit_code(&self) -> u8 {
        let whole = self.not_reached.is_empty()
            && self.waiting.iter().all(|waiting| waiting.not_known.is_none());
        if whole { 0 } else { crate::trouble::Trouble::EXIT_UNREACHABLE }
    }
}

impl Waiting {
    fn state(&self, zone: &Zone) -> String {
        match &self.not_known {
            Some(why) => format!("not known: {why}"),
            None if self.message.due == At::NEVER => "on its way".to_owned(),
            None => format!("due {}", zone.show(self.message.due)),
        }
    }
}
