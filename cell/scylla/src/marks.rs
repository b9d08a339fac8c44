//! Which streams this pod has begun to append to, minute by minute: written down before the append, so that whoever takes over finds
//! what a crash left half done.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use base_fault::Fault;
use base_ids::StreamName;
use parking_lot::Mutex;

use crate::{post::DIRTY, store::Store};

/// A pod and a minute.
type Page = (i32, i64);

#[derive(Default)]
struct Inner {
    /// What was written on the newest page.
    newest: Page,
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
    fn begin(&self, page: Page) -> Mark {
        let mut inner = self.0.lock();
        *inner.in_use.entry(page).or_default() += 1;
        if inner.newest != page {
            inner.newest = page;
            inner.written.clear();
        }
        Mark { page, marks: self.clone() }
    }

    /// Pages that nothing relies on any more, all before this one.
    fn take_done(&self, current: Page) -> Vec<Page> {
        let mut inner = self.0.lock();
        let done = inner.in_use.iter().filter(|(page, uses)| **page != current && **uses == 0);
        let done: Vec<_> = done.map(|(page, _)| *page).collect();
        for page in &done {
            inner.in_use.remove(page);
        }
        done
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
        let now = self.commits.now();
        let page @ (pod, minute) = (now.pod(), now.minute());
        let mark = self.marks.begin(page);
        let place = (stream.clone(), part);
        if self.marks.0.lock().written.contains(&place) {
            return Ok(mark);
        }
        let at = i64::try_from(part).unwrap_or(i64::MAX);
        let tenant = stream.tenant.as_str();
        let values = (pod, minute, tenant, &*stream.service, &*stream.key, at);
        let marked = self.cql.write("mark a stream", &self.cql.say.mark_dirty, values);
        let values = (pod, DIRTY, minute, now.as_clock());
        let listed = self.cql.write("note a minute", &self.cql.say.put_bucket, values);
        futures_util::try_join!(marked, listed)?;
        let mut inner = self.marks.0.lock();
        if inner.newest == page {
            inner.written.insert(place);
        }
        drop(inner);
        Ok(mark)
    }

    /// Takes pages away on which nothing relies.
    pub(crate) async fn clean(&self) -> Result<(), Fault> {
        let now = self.commits.now();
        for page in self.marks.take_done((now.pod(), now.minute())) {
            if let Err(fault) = self.clean_page(page, now.as_clock()).await {
                self.marks.again(page);
                return Err(fault);
            }
        }
        Ok(())
    }

    pub(crate) async fn clean_page(&self, (pod, minute): Page, clock: i64) -> Result<(), Fault> {
        self.cql.write("take marks away", &self.cql.say.clean, (pod, minute)).await?;
        let values = (clock, pod, DIRTY, minute);
        self.cql.write("forget a minute", &self.cql.say.drop_bucket, values).await
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn a_page_goes_when_nothing_relies_on_it() {
        let marks = Marks::default();
        let (first, second) = (marks.begin((1, 7)), marks.begin((1, 7)));
        let third = marks.begin((1, 8));
        drop(first);
        assert!(marks.take_done((1, 8)).is_empty());
        drop(second);
        assert_eq!(marks.take_done((1, 8)), [(1, 7)]);
        drop(third);
        assert!(marks.take_done((1, 8)).is_empty(), "it is still written on");
        assert!(marks.are_idle());
        assert_eq!(marks.take_done((2, 8)), [(1, 8)], "the pod has another number");
    }
}
