//! Answers that last, of all clients: recalled, spread over some time, once their tenant lives in another cell or the router ends.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base_ids::{CellId, Generation};
use parking_lot::Mutex;
use router_table::{Snapshot, Table, Target};

use crate::recall::{Recall, Why};

/// All answers that last. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Lasting(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    entries: HashMap<u64, Arc<Entry>>,
    next: u64,
    /// Whether the router ends: who comes now is asked at once to come back.
    closed: bool,
}

struct Entry {
    tenant: Box<str>,
    cell: CellId,
    generation: Generation,
    recall: Arc<Recall>,
}

/// An answer's place in the book, as long as it lasts.
pub(crate) struct Noted {
    book: Arc<Mutex<Book>>,
    number: u64,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.book.lock().entries.remove(&self.number);
    }
}

impl Lasting {
    /// Notes an answer about `tenant` that comes from `target`.
    pub(crate) fn note(&self, tenant: &str, target: &Target, recall: &Arc<Recall>) -> Noted {
        let entry = Entry {
            tenant: tenant.into(),
            cell: target.cell.clone(),
            generation: target.generation,
            recall: Arc::clone(recall),
        };
        let mut book = self.0.lock();
        if book.closed {
            recall.give(Why::RouterEnds);
        }
        let number = book.next;
        book.next += 1;
        book.entries.insert(number, Arc::new(entry));
        Noted { book: Arc::clone(&self.0), number }
    }

    /// Recalls those whose tenant has left by the table of now, one after the other within `span`.
    pub(crate) async fn follow(self, table: Snapshot, span: Duration) {
        let leavers = self.those(|entry| entry.has_left(&table.load()));
        spread(leavers, span, |entry| {
            // A newer table may have brought the tenant back.
            if entry.has_left(&table.load()) {
                entry.recall.give(Why::TenantLeft);
            }
        })
        .await;
    }

    /// Recalls all of them, one after the other within `span`, and whoever comes later at once.
    pub(crate) async fn close(self, span: Duration) {
        self.0.lock().closed = true;
        spread(self.those(|_| true), span, |entry| entry.recall.give(Why::RouterEnds)).await;
    }

    fn those(&self, chosen: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let all: Vec<_> = self.0.lock().entries.values().cloned().collect();
        all.into_iter().filter(|entry| chosen(entry)).collect()
    }
}

impl Entry {
    /// Whether the table has a newer owner than the cell that answers. One that is older knows less than the cell.
    fn has_left(&self, table: &Table) -> bool {
        table
            .route(&self.tenant)
            .owner()
            .is_some_and(|owner| owner.generation > self.generation && owner.cell.id != self.cell)
    }
}

/// Clients that are sent away together come back together: each a little later than the one before.
async fn spread(entries: Vec<Arc<Entry>>, span: Duration, recall: impl Fn(&Entry)) {
    let Some(step) = span.checked_div(u32::try_from(entries.len()).unwrap_or(u32::MAX)) else {
        return;
    };
    let begun = tokio::time::Instant::now();
    for (at, entry) in (1..).zip(entries) {
        recall(&entry);
        tokio::time::sleep_until(begun + step * at).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use base_ids::{Epoch, Generation, PodName};
    use router_table::{Cell, Draft, Pod, Snapshot, Table, Target};

    use super::Lasting;
    use crate::recall::{Recall, Why};

    /// A table in which `cell-2` owns `users/u1` with this generation.
    fn moved(generation: u64) -> Table {
        let mut draft = Draft::new(Epoch(generation));
        let at = |port| ([127, 0, 0, 1], port).into();
        let cell = |number: u16| Cell {
            id: format!("cell-{number}").parse().unwrap(),
            pods: vec![Pod::only(at(number), at(number), at(number))],
            signing_keys: Vec::new(),
        };
        draft.cell(cell(1));
        let second = draft.cell(cell(2));
        draft.place(&"users/u1".parse().unwrap(), second, Generation(generation), false);
        draft.build().unwrap()
    }

    fn from(cell: &str, generation: u64) -> Target {
        Target {
            cell: cell.parse().unwrap(),
            index: 0,
            pod: PodName::default(),
            edge: ([127, 0, 0, 1], 1).into(),
            generation: Generation(generation),
            epoch: Epoch(1),
            after_pause: false,
            ask: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_are_recalled_whose_tenant_has_a_newer_owner() {
        let lasting = Lasting::default();
        let recalls: [Arc<Recall>; 4] = Default::default();
        let _places = [
            lasting.note("users/u1", &from("cell-1", 1), &recalls[0]),
            lasting.note("users/u1", &from("cell-2", 5), &recalls[1]),
            // A cell taught it what the table does not know yet.
            lasting.note("users/u1", &from("cell-1", 6), &recalls[2]),
            lasting.note("users/u2", &from("cell-1", 1), &recalls[3]),
        ];
        lasting.clone().follow(Snapshot::new(moved(5)), Duration::from_secs(1)).await;
        let given: Vec<_> = recalls.iter().map(|recall| recall.given()).collect();
        assert_eq!(given, [Some(Why::TenantLeft), None, None, None]);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_all_are_recalled_one_after_the_other_and_who_comes_later_at_once() {
        let lasting = Lasting::default();
        let recalls: [Arc<Recall>; 3] = Default::default();
        let first = lasting.note("users/u1", &from("cell-1", 1), &recalls[0]);
        let _second = lasting.note("users/u2", &from("cell-1", 1), &recalls[1]);
        let closing = tokio::spawn(lasting.clone().close(Duration::from_secs(2)));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(recalls.iter().filter(|recall| recall.given().is_some()).count(), 1);
        let _late = lasting.note("users/u3", &from("cell-1", 1), &recalls[2]);
        assert_eq!(recalls[2].given(), Some(Why::RouterEnds));
        closing.await.unwrap();
        assert!(recalls.iter().all(|recall| recall.given() == Some(Why::RouterEnds)));
        drop(first);
        assert_eq!(lasting.those(|_| true).len(), 2);
    }
}
