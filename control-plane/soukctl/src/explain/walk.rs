//! The walk: from append to append, backwards along what was heard and forwards along what was told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base_ids::StreamName;
use souk_proto_fleet::v1::{Cause, StreamEvent, Told};

use crate::{
    explain::{
        journals::{Fate, Journals, Page},
        tenant_of,
    },
    trouble::Trouble,
};

/// Services whose streams belong to one purchase each, so that all of a stream is part of the story. Of any other stream, such
/// as a vendor's stock, only the appends that messages lead to are.
const ONE_PURCHASE_EACH: [&str; 3] = ["checkout", "orders", "payments"];
/// A longer story is cut here.
const APPENDS_MAX: usize = 2_000;
/// Events asked for at once.
const PAGE: u32 = 500;
/// How far before a version its append's first event is looked for: first near, then further, then from the beginning.
const LOOK_BACK: [u64; 3] = [16, 400, u64::MAX];

/// Events that were appended together, and why.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) stream: StreamName,
    pub(crate) cell: String,
    pub(crate) events: Vec<StreamEvent>,
}

impl Append {
    pub(crate) fn first(&self) -> u64 {
        self.events.first().map_or(0, |event| event.version)
    }

    pub(crate) fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.version)
    }

    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.events.last().and_then(|event| event.cause.as_ref())
    }

    fn holds(&self, version: u64) -> bool {
        (self.first()..=self.last()).contains(&version)
    }
}

/// A message that nobody has heard, as far as can be known.
#[derive(Clone, Debug)]
pub(crate) struct Unheard {
    pub(crate) from: StreamName,
    pub(crate) version: u64,
    pub(crate) told: Told,
    /// Why its fate is not known, if it is not.
    pub(crate) not_known: Option<String>,
}

/// Everything that the walk found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) appends: Vec<Append>,
    pub(crate) unheard: Vec<Unheard>,
    /// How many reminders were called off.
    pub(crate) called_off: usize,
    /// What could not be looked at, and why.
    pub(crate) dark: BTreeSet<String>,
    pub(crate) cut: bool,
}

/// Where to look next.
enum Look {
    All(StreamName),
    At(StreamName, u64),
}

impl Look {
    fn at(stream: StreamName, version: u64) -> Self {
        if ONE_PURCHASE_EACH.contains(&&*stream.service) {
            Self::All(stream)
        } else {
            Self::At(stream, version)
        }
    }
}

/// Walks from `starts` until nothing new is found. Only the starts must be readable; what lies in a cell that does not answer
/// is left dark.
pub(crate) async fn walk(
    journals: &mut impl Journals,
    starts: Vec<StreamName>,
) -> Result<Found, Trouble> {
    let mut walk = Walk::default();
    for start in starts {
        walk.seen.insert(start.clone());
        let appends = all(journals, &start).await?;
        walk.add(appends);
    }
    while let Some(step) = walk.steps.pop_front() {
        if walk.known.len() >= APPENDS_MAX {
            walk.found.cut = true;
            break;
        }
        walk.step(journals, step).await;
    }
    walk.found.appends = walk.known.into_values().collect();
    Ok(walk.found)
}

/// What there is to do.
enum Step {
    Look(Look),
    Follow { from: StreamName, version: u64, told: Told },
}

#[derive(Default)]
struct Walk {
    steps: VecDeque<Step>,
    /// By stream and last version.
    known: BTreeMap<(StreamName, u64), Append>,
    /// Streams that were read as a whole.
    seen: BTreeSet<StreamName>,
    found: Found,
}

impl Walk {
    fn add(&mut self, appends: Vec<Append>) {
        for append in appends {
            let key = (append.stream.clone(), append.last());
            if self.known.contains_key(&key) {
                continue;
            }
            if let Some(cause) = append.cause() {
                if let Ok(stream) = cause.heard_from_stream.parse() {
                    self.steps.push_back(Step::Look(Look::at(stream, cause.heard_from_version)));
                }
                for told in cause.told.iter().filter(|told| !told.to_tenant.is_empty()) {
                    let (from, told) = (append.stream.clone(), told.clone());
                    self.steps.push_back(Step::Follow { from, version: append.last(), told });
                }
            }
            self.known.insert(key, append);
        }
    }

    async fn step(&mut self, journals: &mut impl Journals, step: Step) {
        match step {
            Step::Look(Look::All(stream)) => {
                if self.seen.insert(stream.clone()) {
                    let appends = all(journals, &stream).await;
                    self.take(&stream, appends);
                }
            }
            Step::Look(Look::At(stream, version)) => {
                if !self.knows(&stream, version) {
                    let append = one(journals, &stream, version).await;
                    self.take(&stream, append.map(|append| append.into_iter().collect()));
                }
            }
            Step::Follow { from, version, told } => {
                self.follow(journals, from, version, told).await;
            }
        }
    }

    fn knows(&self, stream: &StreamName, version: u64) -> bool {
        let from = (stream.clone(), version);
        let next = self.known.range(from..).next();
        next.is_some_and(|((of, _), append)| of == stream && append.holds(version))
    }

    fn take(&mut self, stream: &StreamName, read: Result<Vec<Append>, Trouble>) {
        match read {
            Ok(appends) => self.add(appends),
            Err(trouble) => drop(self.found.dark.insert(format!("{stream}: {}", trouble.text()))),
        }
    }

    async fn follow(
        &mut self,
        journals: &mut impl Journals,
        from: StreamName,
        version: u64,
        told: Told,
    ) {
        let fate = match tenant_of(&told.to_tenant) {
            Some(tenant) => journals.fate(&tenant, &told).await,
            None => Err(Trouble::Refused(format!("`{}` is no tenant", told.to_tenant))),
        };
        let not_known = match fate {
            Ok(Fate::Heard(stream, version)) => {
                self.steps.push_back(Step::Look(Look::at(stream, version)));
                return;
            }
            Ok(Fate::CalledOff) => {
                self.found.called_off += 1;
                return;
            }
            Ok(Fate::Waits) => None,
            Err(trouble) => Some(trouble.text().to_owned()),
        };
        self.found.unheard.push(Unheard { from, version, told, not_known });
    }
}

/// All appends of a stream.
async fn all(journals: &mut impl Journals, stream: &StreamName) -> Result<Vec<Append>, Trouble> {
    let mut whole = Page::default();
    loop {
        let after = whole.events.last().map_or(0, |event| event.version);
        let page = journals.show(stream, after, PAGE).await?;
        let done = page.events.is_empty()
            || page.events.last().is_some_and(|event| event.version >= page.head);
        whole.cell = page.cell;
        whole.events.extend(page.events);
        if done || whole.events.len() >= APPENDS_MAX {
            return Ok(appends(stream, whole));
        }
    }
}

/// The append that holds a version.
async fn one(
    journals: &mut impl Journals,
    stream: &StreamName,
    version: u64,
) -> Result<Option<Append>, Trouble> {
    for back in LOOK_BACK {
        let after = version.saturating_sub(back);
        let limit = u32::try_from(version - after).unwrap_or(u32::MAX).saturating_add(PAGE);
        let page = journals.show(stream, after, limit).await?;
        let found =
            appends(stream, page).into_iter().enumerate().find(|(_, append)| append.holds(version));
        match found {
            // What was read first may be the end of an append that begins before it.
            Some((0, _)) if after > 0 => {}
            Some((_, append)) => return Ok(Some(append)),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Cuts events into appends: each ends with the event that carries the cause.
fn appends(stream: &StreamName, page: Page) -> Vec<Append> {
    let mut appends = Vec::new();
    let mut events = Vec::new();
    let mut finish = |events: Vec<StreamEvent>| {
        appends.push(Append { stream: stream.clone(), cell: page.cell.clone(), events });
    };
    for event in page.events {
        let ends = event.cause.is_some();
        events.push(event);
        if ends {
            finish(std::mem::take(&mut events));
        }
    }
    if !events.is_empty() {
        finish(events);
    }
    appends
}
