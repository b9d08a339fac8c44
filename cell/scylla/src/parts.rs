//! The parts of a stream: which part an append goes to, and where an event lies.

use base_ids::Version;

/// Versions in a part. An append goes, whole, to the part of the version that it expects, so its last events may lie in front of the
/// part that their versions would name.
pub(crate) const PART: u64 = 4_096;

/// Most events in one append: so an event lies in its version's part or in the one before.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// The part to which an append goes that expects this version.
pub(crate) fn part_of(expected: Version) -> u64 {
    expected.0 / PART
}

/// The first part in which events behind this version may lie.
pub(crate) fn first_part_behind(after: Version) -> u64 {
    part_of(after).saturating_sub(1)
}

/// Whether a stream of this version goes on behind that part.
pub(crate) fn goes_on_behind(part: u64, head: Version) -> bool {
    head.0 >= (part + 1) * PART
}

#[cfg(test)]
mod tests {
    use base_ids::Version;

    use super::{EVENTS_MAX, PART, first_part_behind, goes_on_behind, part_of};

    #[test]
    fn an_event_lies_in_its_part_or_in_the_one_before() {
        for expected in [0, 1, PART - 1, PART, PART + 1, 9 * PART - 1] {
            let part = part_of(Version(expected));
            for count in [1, 2, EVENTS_MAX as u64] {
                for version in [expected + 1, expected + count] {
                    let first = first_part_behind(Version(version - 1));
                    assert!((first..=first + 1).contains(&part), "{expected} + {count}");
                }
            }
        }
    }

    #[test]
    fn the_next_part_is_looked_at_only_when_this_one_is_full() {
        assert!(!goes_on_behind(0, Version(PART - 1)));
        assert!(goes_on_behind(0, Version(PART)));
        assert!(goes_on_behind(0, Version(PART + 700)));
        assert!(!goes_on_behind(1, Version(PART + 700)));
    }
}
