//! What an operator may do about a loss: restore, or go on without it, knowingly.

use std::{io, path::Path};

use fjall::{Database, Keyspace, PersistMode};
use uuid::Uuid;

use super::files::{Files, sync_directory};
use crate::{
    codec, key,
    mark::Mark,
    refusal::OpenRefusal,
    ring::{self, Group},
};

pub(super) fn refuse(directory: &Path, loss: &str, accept: u64) -> OpenRefusal {
    OpenRefusal::Lost { directory: directory.to_owned(), loss: loss.to_owned(), accept }
}

/// The number that an operator wrote into `accept-loss`, if there is one.
pub(super) fn accepted(files: &Files) -> io::Result<Option<u64>> {
    match std::fs::read_to_string(&files.accept_loss) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes ring, birth and mark anew, behind every number that was ever used, so that no commit's number comes twice.
pub(super) fn go_on(
    files: &Files,
    database: &Database,
    tree: &Keyspace,
    (store, last): (Option<Uuid>, Group),
    commit: u64,
) -> Result<(Mark, Group), fjall::Error> {
    let promised = Mark::open(&files.mark).ok();
    let store =
        store.or(promised.as_ref().map(|(mark, _)| mark.store())).unwrap_or_else(Uuid::new_v4);
    let number = promised.map_or(0, |(_, group)| group.number).max(last.number) + 1;
    let group = Group { number, commit };
    let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
    batch.insert(tree, key::birth(), codec::birth(store));
    for number in (number.saturating_sub(ring::PLACES) + 1).max(1)..=number {
        let place = key::ring(ring::place(number));
        batch.insert(tree, place, codec::group(number, commit));
    }
    batch.commit()?;
    if files.mark.exists() {
        std::fs::remove_file(&files.mark)?;
    }
    let mut mark = Mark::create(&files.mark, store)?;
    mark.promise(group)?;
    mark.sync()?;
    std::fs::remove_file(&files.accept_loss)?;
    if let Some(directory) = files.mark.parent() {
        sync_directory(directory)?;
    }
    Ok((mark, group))
}
