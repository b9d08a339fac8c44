//! Forgets public messages for which newer ones of the same key and kind stand, in small steps behind a cursor.
//!
//! For each key and kind it is noted where its newest message behind the cursor lies. A step reads the next messages, takes the places
//! of those that they supersede from the notes, and notes the new ones. So the work is that of the new messages, however long the log,
//! and an append of a public message does nothing for it.

use std::collections::HashMap;

use base_fault::Fault;

use crate::{
    codec::{self, Unreadable},
    key::{self, Kind, Named},
    op::PreparedFollow,
    ports::range,
    state::unreadable,
    store::View,
};

/// Messages that one step looks at.
const STEP: usize = 256;

/// A step that is worth writing.
pub(super) struct Step {
    pub(super) write: PreparedFollow,
    /// How many messages it forgets.
    pub(super) forgotten: usize,
}

/// The next step among the positions up to `end`; `None` if there is nothing left to look at.
pub(super) fn step(view: &View<'_>, end: u64) -> Result<Option<Step>, Fault> {
    let cursor = key::public_tidied();
    let from = match view.get(&cursor)? {
        Some(value) => codec::read_number(&value).map_err(unreadable)?,
        None => 0,
    };
    let mut newest: HashMap<Vec<u8>, (Named, u64)> = HashMap::new();
    let mut rows = Vec::new();
    let mut to = from;
    let behind = range(vec![Kind::Public as u8], Some(key::public(from).to_vec()));
    for found in view.range(behind).take(STEP) {
        let (place, value) = found?;
        let position = key::position_of_public(&place)
            .ok_or_else(|| unreadable(Unreadable("a position of the public log")))?;
        if position > end {
            break;
        }
        let (key, message) = codec::read_public(&value).map_err(unreadable)?;
        let named = key::newest_public(&key, &message.kind);
        let superseded = match newest.get(&named.name) {
            Some((_, position)) => Some(*position),
            None => noted(view, &named)?,
        };
        rows.extend(superseded.map(|position| (key::public(position), None)));
        newest.insert(named.name.clone(), (named, position));
        to = position;
    }
    let forgotten = rows.len();
    rows.extend(newest.into_values().map(|(named, position)| {
        let note = codec::newest_public(&named.name, position);
        (named.place, Some(note))
    }));
    let write = PreparedFollow { cursor, from, to, rows };
    Ok((to > from).then_some(Step { write, forgotten }))
}

fn noted(view: &View<'_>, named: &Named) -> Result<Option<u64>, Fault> {
    match view.get(&named.place)? {
        Some(note) => codec::read_newest_public(&named.name, &note).map_err(unreadable),
        None => Ok(None),
    }
}
