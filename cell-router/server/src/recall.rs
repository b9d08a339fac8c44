//! Word from outside that a request must end, and why. The request hears it where it waits for its client.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

tokio::task_local! {
    /// That of the request which the task serves.
    static OF_REQUEST: Arc<Recall>;
}

/// Why a request must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Why {
    /// Its client does not wait any longer.
    TooLate = 1,
    /// Its tenant lives in another cell now.
    TenantLeft,
    /// The router ends.
    RouterEnds,
}

/// The word, once it is given. The first one stands.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    given: AtomicU8,
    waiting: AtomicWaker,
}

impl Recall {
    /// Gives the word.
    pub(crate) fn give(&self, why: Why) {
        let first = self.given.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.waiting.wake();
        }
    }

    /// What was said, if anything.
    pub(crate) fn given(&self) -> Option<Why> {
        let given = self.given.load(Ordering::Acquire);
        [Why::TooLate, Why::TenantLeft, Why::RouterEnds].into_iter().find(|why| *why as u8 == given)
    }

    /// Waits for it. One task at a time does.
    pub(crate) fn poll_given(&self, cx: &Context<'_>) -> Poll<Why> {
        if self.given().is_none() {
            self.waiting.register(cx.waker());
        }
        self.given().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Serves a request that can be recalled.
pub(crate) async fn within<F: Future>(recall: Arc<Recall>, request: F) -> F::Output {
    OF_REQUEST.scope(recall, request).await
}

/// The word for the request that this task serves; outside of any, one that nobody gives.
pub(crate) fn of_request() -> Arc<Recall> {
    OF_REQUEST.try_with(Arc::clone).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use super::{Recall, Why, of_request, within};

    #[tokio::test]
    async fn the_first_word_stands_and_wakes_who_waits() {
        let recall = Arc::new(Recall::default());
        let told = Arc::clone(&recall);
        let waiting = tokio::spawn(within(told, async {
            let mine = of_request();
            poll_fn(|cx| mine.poll_given(cx)).await
        }));
        tokio::task::yield_now().await;
        assert_eq!(recall.given(), None);
        recall.give(Why::TenantLeft);
        recall.give(Why::TooLate);
        assert_eq!(waiting.await.unwrap(), Why::TenantLeft);
        assert_eq!(of_request().given(), None);
    }
}
