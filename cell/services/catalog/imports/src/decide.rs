//! How a file of offers goes on: taken line by line, and over when every line has ended.

use base_ids::ResourceId;
use base_time::Timestamp;

use crate::{
    command::{Ask, Command, ReadLine},
    event::Event,
    state::State,
};

/// Lines in one event, so that no single event is large.
const CHUNK: usize = 250;

pub(crate) fn decide(
    state: &State,
    Command { import, ask }: &Command,
    at: Timestamp,
) -> Vec<Event> {
    match (&state.import, ask) {
        (None, Ask::Start { lines }) => start(import, lines, at),
        (Some(known), Ask::NoteLine { line, offer, outcome }) if known.pending.contains(line) => {
            let (offer, outcome) = (offer.clone(), outcome.clone());
            vec![Event::LineNoted { line: *line, offer, outcome }]
        }
        // Begun already, or the line has ended already (Invariant import-1).
        _ => Vec::new(),
    }
}

fn start(import: &ResourceId, read: &[ReadLine], at: Timestamp) -> Vec<Event> {
    let lines = u32::try_from(read.len()).unwrap_or(u32::MAX);
    let mut events = vec![Event::ImportStarted { import: import.clone(), lines, at }];
    let faulty: Vec<_> = read.iter().filter_map(|line| line.as_ref().err()).cloned().collect();
    let faulty = faulty.chunks(CHUNK).map(|lines| Event::LinesFaulty { lines: lines.to_vec() });
    events.extend(faulty);
    let good: Vec<_> =
        read.iter().filter_map(|line| line.as_ref().ok()).map(|line| (**line).clone()).collect();
    events.extend(good.chunks(CHUNK).map(|lines| Event::LinesTaken { lines: lines.to_vec() }));
    events
}
