//! The high-water mark: a small file beside the database that says how far the store had promised, so that a database that lost its
//! end (and opens as if nothing had happened) is refused.
//!
//! **What is promised.** The mark is written after each group's sync and before its answers. After a stop or a crash of the process,
//! it names exactly the last group that was promised. It is synced only every [`SYNC_EVERY`] groups and at close, so after a loss of
//! power it may be older, never newer: what the last few groups before a loss of power promised stands in the synced log alone.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::ring::Group;

/// Groups between two syncs of the mark. A sync costs as much as a group's own, so this keeps it below 2 % of them.
const SYNC_EVERY: u32 = 64;
const MAGIC: [u8; 8] = *b"soukmark";
const RECORD_LEN: usize = 48;
/// The two places of the record lie in sectors of their own: a torn write spoils one of them.
const PLACES: [u64; 2] = [0, 4096];

pub(crate) struct Mark {
    file: File,
    store: Uuid,
    next_place: usize,
    unsynced: u32,
}

/// A mark file holds no readable mark.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoMark {
    #[error("the mark cannot be read")]
    Io(#[from] io::Error),
    #[error("neither of the two records in it is whole")]
    Torn,
}

impl Mark {
    /// Makes the mark of a new store; the file must not exist.
    pub(crate) fn create(path: &Path, store: Uuid) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        let mut mark = Self { file, store, next_place: 0, unsynced: 0 };
        for _ in PLACES {
            mark.write(Group::default())?;
        }
        mark.file.sync_all()?;
        Ok(mark)
    }

    /// Opens the mark of a store and tells whose it is and how far it had come.
    pub(crate) fn open(path: &Path) -> Result<(Self, Group), NoMark> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let newest = PLACES
            .iter()
            .enumerate()
            .filter_map(|(place, offset)| {
                let mut record = [0; RECORD_LEN];
                file.read_exact_at(&mut record, *offset).ok()?;
                let (store, group) = decode(&record)?;
                Some((group, store, place))
            })
            .max_by_key(|(group, ..)| group.number);
        let (group, store, place) = newest.ok_or(NoMark::Torn)?;
        let mark = Self { file, store, next_place: 1 - place, unsynced: 0 };
        Ok((mark, group))
    }

    /// Which store the mark belongs to.
    pub(crate) fn store(&self) -> Uuid {
        self.store
    }

    /// Notes that everything up to `group` is promised. Says whether it synced.
    pub(crate) fn promise(&mut self, group: Group) -> io::Result<bool> {
        self.write(group)?;
        self.unsynced += 1;
        let due = self.unsynced >= SYNC_EVERY;
        if due {
            self.sync()?;
        }
        Ok(due)
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.unsynced = 0;
        Ok(())
    }

    fn write(&mut self, group: Group) -> io::Result<()> {
        let record = encode(self.store, group);
        self.file.write_all_at(&record, PLACES[self.next_place])?;
        self.next_place = 1 - self.next_place;
        Ok(())
    }
}

fn encode(store: Uuid, group: Group) -> [u8; RECORD_LEN] {
    let mut record = [0; RECORD_LEN];
    record[..8].copy_from_slice(&MAGIC);
    record[8..24].copy_from_slice(store.as_bytes());
    record[24..32].copy_from_slice(&group.number.to_le_bytes());
    record[32..40].copy_from_slice(&group.commit.to_le_bytes());
    let checksum = xxh3_64(&record[..40]);
    record[40..].copy_from_slice(&checksum.to_le_bytes());
    record
}

fn decode(record: &[u8; RECORD_LEN]) -> Option<(Uuid, Group)> {
    let (body, checksum) = record.split_last_chunk()?;
    let whole = body.starts_with(&MAGIC) && xxh3_64(body) == u64::from_le_bytes(*checksum);
    let number = |from: usize| Some(u64::from_le_bytes(*body.get(from..)?.first_chunk()?));
    let group = Group { number: number(24)?, commit: number(32)? };
    let store = Uuid::from_bytes(*body.get(8..)?.first_chunk()?);
    whole.then_some((store, group))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use uuid::Uuid;

    use super::{Mark, NoMark, PLACES};
    use crate::ring::Group;

    #[test]
    fn a_mark_survives_a_torn_write_of_its_newest_record_but_not_of_both() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mark");
        let store = Uuid::from_u128(7);
        let group = |number| Group { number, commit: 10 * number };
        let mut mark = Mark::create(&path, store).unwrap();
        for number in 1..=5 {
            mark.promise(group(number)).unwrap();
        }
        let (mark, newest) = Mark::open(&path).unwrap();
        assert_eq!((mark.store(), newest), (store, group(5)));

        mark.file.write_all_at(&[9], PLACES[0] + 30).unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, group(4));
        mark.file.write_all_at(&[9], PLACES[1] + 30).unwrap();
        assert!(matches!(Mark::open(&path), Err(NoMark::Torn)));
    }
}
