//! The reminders of one stream that are still to come, so that they can be taken out of the outbox once nobody waits for them.
//!
//! Only memory: what is forgotten here (by a crash, by a cache that was full) comes when it is due and finds that it changes nothing.

use std::collections::HashMap;

use base_time::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use crate::port::OutboxKey;

/// Reminders of one stream that are remembered; with more, all are forgotten.
const REMEMBERED_MAX: usize = 4_096;

/// A reminder's words: what it is known by within its stream.
type Words = u128;

/// The reminders of one stream.
#[derive(Debug, Default)]
pub(crate) struct Reminders {
    standing: HashMap<Words, OutboxKey>,
    /// Posted by the append that is on its way: words, due time, place in the append.
    posted: Vec<(Words, Timestamp, u16)>,
}

impl Reminders {
    /// Notes that the append posts a reminder as its entry number `ordinal`. Returns the outbox entry that it replaces.
    pub(crate) fn post(
        &mut self,
        kind: &str,
        body: &[u8],
        due: Timestamp,
        ordinal: usize,
    ) -> Option<OutboxKey> {
        let words = words(kind, body);
        self.posted.push((words, due, u16::try_from(ordinal).ok()?));
        self.standing.remove(&words)
    }

    /// The outbox entry of a reminder that is called off, if it is known.
    pub(crate) fn call_off(&mut self, kind: &str, body: &[u8]) -> Option<OutboxKey> {
        self.standing.remove(&words(kind, body))
    }

    /// The append that posted reminders is durable, as this commit.
    pub(crate) fn committed(&mut self, commit: u64) {
        if self.standing.len() + self.posted.len() > REMEMBERED_MAX {
            self.standing.clear();
        }
        let keyed = self
            .posted
            .drain(..)
            .map(|(words, due, ordinal)| (words, OutboxKey::posted(Some(due), commit, ordinal)));
        self.standing.extend(keyed);
    }
}

fn words(kind: &str, body: &[u8]) -> Words {
    let mut hasher = Xxh3::new();
    hasher.update(kind.as_bytes());
    hasher.update(&[0]);
    hasher.update(body);
    hasher.digest128()
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;

    use super::Reminders;
    use crate::port::OutboxKey;

    const DUE: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn only_what_is_durable_is_called_off() {
        let mut reminders = Reminders::default();
        assert_eq!(reminders.post("Due", b"a", DUE, 2), None);
        assert_eq!(reminders.call_off("Due", b"a"), None, "it has no place in the outbox yet");
        reminders.committed(7);
        let place = OutboxKey { due_ms: 1_000, commit: 7, ordinal: 2 };
        assert_eq!(reminders.call_off("Due", b"b"), None);
        assert_eq!(reminders.call_off("Due", b"a"), Some(place));
        assert_eq!(reminders.call_off("Due", b"a"), None);
    }

    #[test]
    fn the_same_words_later_take_the_place_of_the_earlier() {
        let mut reminders = Reminders::default();
        reminders.post("Due", b"a", DUE, 0);
        reminders.committed(7);
        let place = OutboxKey { due_ms: 1_000, commit: 7, ordinal: 0 };
        assert_eq!(reminders.post("Due", b"a", Timestamp::from_millis(2_000), 1), Some(place));
        reminders.committed(8);
        let place = OutboxKey { due_ms: 2_000, commit: 8, ordinal: 1 };
        assert_eq!(reminders.call_off("Due", b"a"), Some(place));
    }
}
