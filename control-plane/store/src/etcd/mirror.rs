//! The fleet as it lies in etcd, held in memory: read once, then kept up by what is written.

use std::{collections::BTreeMap, sync::Arc};

use cp_etcd::{Client, EtcdError, Event, EventType, KeyValue};
use cp_model::{Change, Fleet, InvalidFleet};

use super::layout::{self, BadRow, Head, Key, Pair};
use crate::Leader;

/// Most pages of rows that are read anew because the revision was compacted meanwhile.
const READS_MAX: usize = 3;

/// The fleet, and how it lies in etcd.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) head: Head,
    /// The revision at which the head was written; 0 if it never was.
    pub(crate) head_at: i64,
    /// Who leads.
    pub(crate) seat: Option<Seat>,
    /// Parts of changes too large for one transaction, by change and part.
    staged: BTreeMap<(String, usize), Vec<Pair>>,
    /// All that was written up to this revision is in here.
    pub(crate) revision: i64,
}

/// The leader's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) leader: Leader,
    pub(crate) lease: i64,
    /// The revision at which it was taken.
    pub(crate) made_at: i64,
}

/// Why the fleet cannot be read from etcd.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    #[error(transparent)]
    Row(#[from] BadRow),
    #[error("the rows contradict each other")]
    Fleet(#[from] InvalidFleet),
    #[error("a change has {parts} parts, of which number {missing} is missing")]
    PartMissing { parts: usize, missing: usize },
}

/// Why what was written cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    #[error(transparent)]
    Row(#[from] BadRow),
    /// Something happened that no control plane does, or began before we looked. Reading everything anew tells.
    #[error("what was written does not follow from what was read")]
    Gap,
}

/// What is new after events were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) fleet: bool,
    pub(crate) seat: bool,
}

impl Mirror {
    /// Reads everything, as of one revision.
    pub(crate) async fn read(client: &Client, prefix: &str) -> Result<Self, ReadError> {
        let mut reads = 0;
        loop {
            reads += 1;
            match Self::read_once(client, prefix).await {
                // Compacted while it was read: what is there now will not be, for a while.
                Err(ReadError::Etcd(error))
                    if error.kind == cp_etcd::Kind::Compacted && reads < READS_MAX => {}
                read => return read,
            }
        }
    }

    async fn read_once(client: &Client, prefix: &str) -> Result<Self, ReadError> {
        let page = client.get(&format!("{prefix}head")).await?;
        let revision = page.revision;
        let (head, head_at) = match page.keys.first() {
            Some(kv) => (layout::head(&kv.value)?, kv.mod_revision),
            None => (Head::default(), 0),
        };
        let all = async |below: &str| client.all(&format!("{prefix}{below}"), revision).await;
        let mut mirror = Self {
            fleet: Arc::default(),
            head,
            head_at,
            seat: None,
            staged: BTreeMap::new(),
            revision,
        };
        let cells = all("cells/").await?;
        let cells = cells.iter().map(|kv| layout::cell(&name(prefix, kv), &kv.value));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        let mut rows = Change::default();
        for kv in all("slots/").await?.iter().chain(&all("tenants/").await?) {
            layout::read(&mut rows, &name(prefix, kv), &kv.value)?;
        }
        for kv in all("staged/").await? {
            mirror.stage(&name(prefix, &kv), &kv.value)?;
        }
        for kv in all("leader").await? {
            mirror.seat = seat(prefix, &kv)?;
        }
        // A change that is not in its places yet counts like any other.
        if mirror.head.staged.is_some() {
            for (key, value) in mirror.pending()? {
                layout::read(&mut rows, &key, value.as_bytes())?;
            }
        }
        let epoch = mirror.head.epoch;
        let fleet = Fleet::of_rows(epoch, cells, rows.slots, rows.placed)?;
        mirror.fleet = Arc::new(fleet);
        Ok(mirror)
    }

    /// Takes what was written, in order.
    pub(crate) fn take(&mut self, prefix: &str, events: &[Event]) -> Result<News, Lost> {
        let mut news = News::default();
        for written in events.chunk_by(|one, other| revision(one) == revision(other)) {
            let at = written.first().map_or(0, revision);
            if at > self.revision {
                news.seat |= self.take_seat(prefix, written)?;
                // Our own changes are known before etcd tells of them.
                news.fleet |= at > self.head_at && self.take_rows(prefix, written, at)?;
                self.revision = at;
            }
        }
        Ok(news)
    }

    fn take_seat(&mut self, prefix: &str, written: &[Event]) -> Result<bool, Lost> {
        let leader = |kv: &&KeyValue| Key::of(&name(prefix, kv)) == Key::Leader;
        let Some(kv) = written.iter().filter_map(|event| event.kv.as_ref()).find(leader) else {
            return Ok(false);
        };
        // What is deleted has no value.
        self.seat = if kv.value.is_empty() { None } else { seat(prefix, kv)? };
        Ok(true)
    }

    /// One transaction: rows with a head are a change; without one they only put in its place what counts already.
    fn take_rows(&mut self, prefix: &str, written: &[Event], at: i64) -> Result<bool, Lost> {
        let (mut change, mut head) = (Change::default(), None);
        for event in written {
            let Some(kv) = &event.kv else { continue };
            let name = name(prefix, kv);
            let deleted = event.r#type() == EventType::Delete;
            match Key::of(&name) {
                Key::Staged(by, part) if deleted => drop(self.staged.remove(&(by, part))),
                Key::Staged(..) => self.stage(&name, &kv.value)?,
                Key::Leader => {}
                Key::Other if !name.starts_with("tenants/") && !name.starts_with("slots/") => {}
                _ if deleted => return Err(Lost::Gap),
                Key::Head => head = Some(layout::head(&kv.value)?),
                Key::Cell => change.cell = Some(layout::cell(&name, &kv.value)?),
                _ => layout::read(&mut change, &name, &kv.value)?,
            }
        }
        let Some(head) = head else { return Ok(false) };
        let is_new = head.commit != self.head.commit;
        if is_new && head.commit != self.head.commit + 1 {
            return Err(Lost::Gap);
        }
        (self.head, self.head_at) = (head, at);
        if !is_new {
            return Ok(false);
        }
        if self.head.staged.is_some() {
            for (key, value) in self.pending().map_err(|_| Lost::Gap)? {
                match Key::of(&key) {
                    Key::Cell => change.cell = Some(layout::cell(&key, value.as_bytes())?),
                    _ => layout::read(&mut change, &key, value.as_bytes())?,
                }
            }
        }
        change.epoch = self.head.epoch;
        Arc::make_mut(&mut self.fleet).evolve(change);
        Ok(true)
    }

    /// Takes a change of our own, which is written, before etcd tells of it. Nothing if it was told already.
    pub(crate) fn take_own(&mut self, head: &Head, at: i64, change: Change) -> bool {
        if at <= self.head_at {
            return false;
        }
        (self.head, self.head_at) = (head.clone(), at);
        Arc::make_mut(&mut self.fleet).evolve(change);
        true
    }

    fn stage(&mut self, key: &str, value: &[u8]) -> Result<(), BadRow> {
        if let Key::Staged(by, part) = Key::of(key) {
            self.staged.insert((by, part), layout::part(key, value)?);
        }
        Ok(())
    }

    /// The rows of the last change that are not in their places yet.
    pub(crate) fn pending(&self) -> Result<Vec<Pair>, ReadError> {
        let parts = self.head.staged.unwrap_or(0);
        let mut pairs = Vec::new();
        for part in 0..parts {
            let staged = self.staged.get(&(self.head.change.clone(), part));
            let staged = staged.ok_or(ReadError::PartMissing { parts, missing: part })?;
            pairs.extend(staged.iter().cloned());
        }
        Ok(pairs)
    }
}

fn revision(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |kv| kv.mod_revision)
}

/// A key's name behind the prefix.
fn name(prefix: &str, kv: &KeyValue) -> String {
    let key = String::from_utf8_lossy(&kv.key);
    key.strip_prefix(prefix).unwrap_or_default().to_owned()
}

fn seat(prefix: &str, kv: &KeyValue) -> Result<Option<Seat>, BadRow> {
    if Key::of(&name(prefix, kv)) != Key::Leader {
        return Ok(None);
    }
    let leader = layout::parsed("leader", &kv.value)?;
    Ok(Some(Seat { leader, lease: kv.lease, made_at: kv.create_revision }))
}
