//! Opens a store, and refuses one that is not all there.

mod engine;
mod files;
mod loss;

use std::path::Path;

use cell_runtime::port::{Fence, Scope};
use fjall::{AbstractTree as _, Database, Keyspace, PersistMode};
use uuid::Uuid;

use crate::{
    codec::{self, Unreadable},
    config::Config,
    fences::FenceMap,
    key::{self, Kind},
    mark::{Mark, NoMark},
    refusal::OpenRefusal,
    ring::{self, Gap, Group},
};
pub(crate) use files::Hold;
use files::{Files, sync_directory};

/// A store that is whole.
pub(crate) struct Opened {
    pub(crate) hold: Hold,
    pub(crate) database: Database,
    pub(crate) tree: Keyspace,
    pub(crate) mark: Mark,
    pub(crate) last: Group,
    pub(crate) public_head: u64,
    pub(crate) fences: FenceMap,
}

/// Opens the store in `config.directory`, or makes a new one.
pub(crate) fn open(config: &Config) -> Result<Opened, OpenRefusal> {
    let directory = &config.directory;
    let files = Files::of(directory);
    let hold = Hold::take(directory)?;
    if !files.mark.exists() && !files.database.exists() {
        create(config, &files)?;
    }
    let accepted = loss::accepted(&files).map_err(|error| OpenRefusal::io(directory, error))?;
    let lost_database = !files.database.exists();
    if lost_database && accepted.is_none() {
        let (_, promised) = open_mark(directory, &files.mark)?;
        return Err(loss::refuse(directory, "its database is gone", promised.commit));
    }
    let (database, tree) = engine::open(config, &files.database)?;
    let (last, trouble) = inspect(directory, &tree)?;
    let (mark, last) = match (agree(directory, &files, last, trouble), accepted) {
        (Ok(agreed), _) => agreed,
        (Err(OpenRefusal::Lost { loss, accept, .. }), Some(number)) if number == accept => {
            tracing::warn!(%loss, "going on without acknowledged writes, as accepted by an operator");
            loss::go_on(&files, &database, &tree, last, accept)
                .map_err(|error| OpenRefusal::engine(directory, error))?
        }
        (Err(refusal), _) => return Err(refusal),
    };
    let damaged = |error: ReadError| error.refusal(directory);
    Ok(Opened {
        public_head: public_head(&tree).map_err(damaged)?,
        fences: fences(&tree).map_err(damaged)?,
        hold,
        database,
        tree,
        mark,
        last,
    })
}

/// Makes a new store beside its place and moves it there when it is whole, so that a crash on the way leaves nothing half made.
fn create(config: &Config, files: &Files) -> Result<(), OpenRefusal> {
    let directory = &config.directory;
    let io = |error| OpenRefusal::io(directory, error);
    let fjall = |error| OpenRefusal::engine(directory, error);
    if files.unborn.exists() {
        std::fs::remove_dir_all(&files.unborn).map_err(io)?;
    }
    {
        let (database, tree) = engine::open(config, &files.unborn)?;
        tree.insert(key::birth(), codec::birth(Uuid::new_v4())).map_err(fjall)?;
        database.persist(PersistMode::SyncAll).map_err(fjall)?;
    }
    std::fs::rename(&files.unborn, &files.database).map_err(io)?;
    sync_directory(directory).map_err(io)
}

/// What a look into the database finds: the newest group, and what is wrong.
fn inspect(
    directory: &Path,
    tree: &Keyspace,
) -> Result<((Option<Uuid>, Group), Option<String>), OpenRefusal> {
    let look = || -> Result<_, ReadError> {
        let birth = tree.get(key::birth())?;
        let store = birth.map(|value| codec::read_birth(&value)).transpose()?;
        let ring = ring::verify(&ring_records(tree)?);
        if let Ok(last) = ring {
            in_order(tree, last)?;
        }
        Ok((store, ring))
    };
    let (store, ring) = look().map_err(|error| error.refusal(directory))?;
    let missing_birth = store.is_none().then(|| "its birth record is missing".to_owned());
    Ok(match ring {
        Ok(last) => ((store, last), missing_birth),
        Err(Gap { count, last }) => {
            let gap =
                format!("{count} groups of commits in front of commit {} are missing", last.commit);
            ((store, last), Some(gap))
        }
    })
}

/// Holds the database against the mark.
fn agree(
    directory: &Path,
    files: &Files,
    (store, last): (Option<Uuid>, Group),
    trouble: Option<String>,
) -> Result<(Mark, Group), OpenRefusal> {
    if !files.mark.exists() {
        // A store that never promised anything crashed between its making and its first mark.
        return match (store, trouble) {
            (Some(store), None) if last.number == 0 => {
                let mark = Mark::create(&files.mark, store)
                    .and_then(|mark| sync_directory(directory).map(|()| mark));
                mark.map(|mark| (mark, last)).map_err(|error| OpenRefusal::io(directory, error))
            }
            _ => Err(loss::refuse(
                directory,
                "its high-water mark is gone, so nobody knows how far it had come",
                last.commit,
            )),
        };
    }
    let (mark, promised) = open_mark(directory, &files.mark)?;
    if store.is_some_and(|store| store != mark.store()) {
        return Err(OpenRefusal::damaged(
            directory,
            &"its database and its high-water mark belong to different stores",
        ));
    }
    let accept = promised.commit.max(last.commit);
    if let Some(trouble) = trouble {
        return Err(loss::refuse(directory, &trouble, accept));
    }
    if last.number < promised.number {
        let loss = format!(
            "commits up to {} were acknowledged, and it ends with commit {}",
            promised.commit, last.commit
        );
        return Err(loss::refuse(directory, &loss, accept));
    }
    Ok((mark, last))
}

fn open_mark(directory: &Path, path: &Path) -> Result<(Mark, Group), OpenRefusal> {
    Mark::open(path).map_err(|error| match error {
        NoMark::Io(error) => OpenRefusal::io(directory, error),
        NoMark::Torn => OpenRefusal::damaged(
            directory,
            &"its high-water mark cannot be read; if the file alone is damaged, delete it and start again to see what is there",
        ),
    })
}

/// Why a part of an open database cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Engine(#[from] fjall::Error),
    #[error("{0}")]
    Value(#[from] Unreadable),
}

impl ReadError {
    fn refusal(self, directory: &Path) -> OpenRefusal {
        match self {
            Self::Engine(error) => OpenRefusal::engine(directory, error),
            Self::Value(error) => OpenRefusal::damaged(directory, &error),
        }
    }
}

/// The log's checksums leave out the number by which the engine orders batches: with a byte of it flipped, a batch hides behind an
/// older one, or hides a newer one. Groups are committed one after the other, so these numbers never fall while theirs rise.
fn in_order(tree: &Keyspace, last: Group) -> Result<(), ReadError> {
    let mut newest = None;
    for number in (last.number.saturating_sub(ring::UNWRITTEN_MAX) + 1)..=last.number {
        let place = key::ring(ring::place(number));
        let found = tree.tree.get_internal_entry(&place, fjall::SeqNo::MAX);
        let order = found.map_err(fjall::Error::from)?.map(|entry| entry.key.seqno);
        if order < newest {
            return Err(Unreadable("batches of the log are out of order").into());
        }
        newest = order;
    }
    Ok(())
}

fn ring_records(tree: &Keyspace) -> Result<Vec<(u32, Group)>, ReadError> {
    tree.prefix([Kind::Ring as u8])
        .map(|guard| {
            let (place, value) = guard.into_inner()?;
            let place = place.last_chunk().ok_or(Unreadable("a place of the ring"))?;
            let (number, commit) = codec::read_group(&value)?;
            Ok((u32::from_be_bytes(*place), Group { number, commit }))
        })
        .collect()
}

fn public_head(tree: &Keyspace) -> Result<u64, ReadError> {
    let Some(newest) = tree.prefix([Kind::Public as u8]).next_back() else {
        return Ok(0);
    };
    let place = newest.key()?;
    Ok(key::position_of_public(&place).ok_or(Unreadable("a position of the public log"))?)
}

fn fences(tree: &Keyspace) -> Result<FenceMap, ReadError> {
    let mut fences = FenceMap::default();
    for guard in tree.prefix([Kind::Fence as u8]) {
        let (place, value) = guard.into_inner()?;
        let scope: Scope = key::scope_of_fence(&place).ok_or(Unreadable("a fence's scope"))?;
        let fence: Fence = codec::read_fence(&value)?;
        fences.set(&scope, fence);
    }
    Ok(fences)
}
