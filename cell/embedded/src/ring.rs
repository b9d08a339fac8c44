//! Invariant store-1: of the groups that were ever committed, none is missing in the middle.
//!
//! Each durable group writes its number into its place of a ring, in the same batch as everything else. A log that lost a piece
//! (a flipped byte, a file deleted by hand) opens without a word and goes on behind the gap; then the places of the lost groups
//! still show the round before, and [`verify`] names them. What is lost at the *end* leaves no gap: the mark outside the database
//! ([`crate::mark`]) shows it.
//!
//! A ring is enough because what was written out as a sorted table cannot be lost in pieces (tables are listed and checksummed), and
//! the writer has the memtable written out every [`FLUSH_EVERY`] groups: the unprotected window is far shorter than the ring.

/// Places of the ring.
pub(crate) const PLACES: u64 = 32_768;

/// Groups after which the memtable is written out, if it did not fill up before. At most four memtables wait to be written.
pub(crate) const FLUSH_EVERY: u64 = 4_096;

/// Groups that are surely no older than what is in memory and in the log alone: five memtables' worth.
pub(crate) const UNWRITTEN_MAX: u64 = 5 * FLUSH_EVERY;

/// A durable group and the commit it ended with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) number: u64,
    pub(crate) commit: u64,
}

/// Groups that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// How many.
    pub(crate) count: u64,
    /// The newest group that is there.
    pub(crate) last: Group,
}

/// The place of a group.
pub(crate) fn place(group: u64) -> u32 {
    u32::try_from(group % PLACES).expect("the ring is shorter than that")
}

/// The newest group, given what stands in the places; or how many groups in front of it are missing.
pub(crate) fn verify(records: &[(u32, Group)]) -> Result<Group, Gap> {
    let last = records
        .iter()
        .map(|(_, group)| *group)
        .max_by_key(|group| group.number)
        .unwrap_or_default();
    let present = records
        .iter()
        .filter(|(at, group)| place(group.number) == *at && last.number - group.number < PLACES)
        .count() as u64;
    let expected = last.number.min(PLACES);
    if present == expected {
        Ok(last)
    } else {
        let count = expected.saturating_sub(present);
        Err(Gap { count, last })
    }
}

#[cfg(test)]
mod tests {
    use super::{Gap, Group, PLACES, place, verify};

    fn after(groups: impl Iterator<Item = u64>) -> Vec<(u32, Group)> {
        let mut places = std::collections::BTreeMap::new();
        for number in groups {
            let commit = number * 2;
            places.insert(place(number), Group { number, commit });
        }
        places.into_iter().collect()
    }

    #[test]
    fn a_ring_without_gaps_tells_its_newest_group() {
        assert_eq!(verify(&[]), Ok(Group::default()));
        for newest in [1, 5, PLACES - 1, PLACES, PLACES + 1, 3 * PLACES + 7] {
            let last = verify(&after(1..=newest)).unwrap();
            assert_eq!((last.number, last.commit), (newest, newest * 2));
        }
    }

    #[test]
    fn groups_lost_in_the_middle_are_counted() {
        for newest in [10, PLACES, 2 * PLACES + 3] {
            let kept = (1..newest - 8).chain(newest - 5..=newest);
            let Gap { count, last } = verify(&after(kept)).unwrap_err();
            assert_eq!((count, last.number), (3, newest), "newest {newest}");
        }
    }
}
