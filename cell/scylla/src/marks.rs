//! Which streams this pod has begun to append to, minute by minute: written down before the append, so that whoever takes over finds
//! what a crash left half done.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use base_fault::Fault;
use base_ids::StreamName;
use parking_lot::Mutex;

use crate::{commits::Commit, post::DIRTY, store::Store};

/// A pod and a minute.
type Page = (i32, i64);

#[derive(Default)]
struct Inner {
    /// The newest page, whether it is noted that there is one, and what was written on it.
    newest: Page,
    is_noted: bool,
    written: HashSet<(StreamName, u64)>,
    /// Appends under way that rely on a page.
    in_use: BTreeMap<Page, usize>,
}

/// The marks of this pod.
#[derive(Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<Inner>>);

/// A page that is kept as long as this lives.
pub(crate) struct Mark {
    page: Page,
    marks: Marks,
}

impl Marks {
    /// Relies on the page of the commits that begin now. The clock is looked at while no page is taken away.
    fn begin(&self, now: impl FnOnce() -> Commit) -> (Mark, Commit) {
        let mut inner = self.0.lock();
        let now = now();
        let page = page_of(now);
        *inner.in_use.entry(page).or_default() += 1;
        if inner.newest != page {
            inner.turn_to(page);
        }
        (Mark { page, marks: self.clone() }, now)
    }

    /// Whether it is noted that there is such a page, and whether this stands on it.
    fn has(&self, page: Page, place: &(StreamName, u64)) -> (bool, bool) {
        let inner = self.0.lock();
        let is_newest = inner.newest == page;
        (is_newest && inner.is_noted, is_newest && inner.written.contains(place))
    }

    /// It is noted, and this stands on it.
    fn add(&self, page: Page, place: (StreamName, u64)) {
        let mut inner = self.0.lock();
        if inner.newest == page {
            inner.is_noted = true;
            inner.written.insert(place);
        }
    }

    /// Pages that nothing relies on any more, all before the one of the commits that begin now.
    fn take_done(&self, now: impl FnOnce() -> Commit) -> (Vec<Page>, Commit) {
        let mut inner = self.0.lock();
        let now = now();
        let current = page_of(now);
        let done = inner.in_use.iter().filter(|(page, uses)| **page != current && **uses == 0);
        let done: Vec<_> = done.map(|(page, _)| *page).collect();
        for page in &done {
            inner.in_use.remove(page);
            if inner.newest == *page {
                inner.turn_to(Page::default());
            }
        }
        (done, now)
    }

    /// A page that could not be taken away.
    fn again(&self, page: Page) {
        self.0.lock().in_use.entry(page).or_default();
    }

    /// Whether nothing is under way.
    pub(crate) fn are_idle(&self) -> bool {
        self.0.lock().in_use.values().all(|uses| *uses == 0)
    }
}

impl Inner {
    fn turn_to(&mut self, page: Page) {
        (self.newest, self.is_noted) = (page, false);
        self.written.clear();
    }
}

fn page_of(commit: Commit) -> Page {
    (commit.pod(), commit.minute())
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Some(uses) = self.marks.0.lock().in_use.get_mut(&self.page) {
            *uses -= 1;
        }
    }
}

impl Store {
    /// Marks a stream as dirty, durably; once in a minute.
    pub(crate) async fn mark(&self, stream: &StreamName, part: u64) -> Result<Mark, Fault> {
        let (mark, now) = self.marks.begin(|| self.commits.now());
        let page @ (pod, minute) = mark.page;
        let place = (stream.clone(), part);
        let (is_noted, is_marked) = self.marks.has(page, &place);
        if is_marked {
            return Ok(mark);
        }
        let at = i64::try_from(part).unwrap_or(i64::MAX);
        let tenant = stream.tenant.as_str();
        let values = (pod, minute, tenant, &*stream.service, &*stream.key, at);
        let marked = self.cql.write("mark a stream", &self.cql.say.mark_dirty, values);
        let noted = async {
            if is_noted {
                return Ok(());
            }
            let values = (pod, DIRTY, minute, now.as_clock());
            self.cql.write("note a minute", &self.cql.say.put_bucket, values).await
        };
        futures_util::try_join!(marked, noted)?;
        self.marks.add(page, place);
        Ok(mark)
    }

    /// Takes pages away on which nothing relies.
    pub(crate) async fn clean(&self) -> Result<(), Fault> {
        let (done, now) = self.marks.take_done(|| self.commits.now());
        for page in done {
            if let Err(fault) = self.clean_page(page, now.as_clock()).await {
                self.marks.again(page);
                return Err(fault);
            }
        }
        Ok(())
    }

    pub(crate) async fn clean_page(&self, (pod, minute): Page, clock: i64) -> Result<(), Fault> {
        // Whoever noted the minute may have had a clock that is ahead of the one here.
        let clock = clock.max(Commit::last_of(minute).as_clock());
        self.cql.write("take marks away", &self.cql.say.clean, (pod, minute)).await?;
        let values = (clock, pod, DIRTY, minute);
        self.cql.write("forget a minute", &self.cql.say.drop_bucket, values).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, Page};
    use crate::commits::Commit;

    fn at(pod: i32, minute: u64) -> Commit {
        Commit::first_of(minute * 60_000, pod)
    }

    fn done(marks: &Marks, now: Commit) -> Vec<Page> {
        marks.take_done(|| now).0
    }

    #[test]
    fn a_page_goes_when_nothing_relies_on_it() {
        let marks = Marks::default();
        let begin = |minute| marks.begin(|| at(1, minute)).0;
        let (first, second) = (begin(7), begin(7));
        let third = begin(8);
        drop(first);
        assert_eq!(done(&marks, at(1, 8)), []);
        drop(second);
        assert_eq!(done(&marks, at(1, 8)), [(1, 7)]);
        drop(third);
        assert_eq!(done(&marks, at(1, 8)), [], "it is still written on");
        assert!(marks.are_idle());
        assert_eq!(done(&marks, at(2, 8)), [(1, 8)], "the pod has another number");
    }

    #[test]
    fn a_page_that_was_taken_away_is_written_anew() {
        let marks = Marks::default();
        let place = ("users/a/carts/main".parse().unwrap(), 0);
        let mark = marks.begin(|| at(1, 7)).0;
        assert_eq!(marks.has(mark.page, &place), (false, false));
        marks.add(mark.page, place.clone());
        assert_eq!(marks.has(mark.page, &place), (true, true));
        drop(mark);
        assert_eq!(done(&marks, at(1, 8)), [(1, 7)]);
        // The clock has gone back.
        let mark = marks.begin(|| at(1, 7)).0;
        assert_eq!(marks.has(mark.page, &place), (false, false));
    }
}
