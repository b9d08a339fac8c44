//! A card provider that keeps its books: the same call under the same key counts once, and no money comes from nowhere.

mod ledger;

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_time::{Clock, Timestamp};
use cell_kernel::Answer;
use parking_lot::Mutex;
use svc_payments::{
    CardProvider, ProviderEvent, WebhookVerifier,
    effect::{AuthoriseAsk, CaptureAsk, LookUpAsk, RefundAsk, ReleaseAsk, Subject},
    report::Said,
};
use tokio::sync::Notify;

use crate::{
    clock,
    days::{CallDay, Days},
};

pub(crate) use ledger::{HOLLOW, Ledger};

/// Milliseconds that the provider takes for an answer.
const ANSWER_MS: u64 = 20;
/// How long to wait before a call is made again whose outcome is not known.
const AGAIN: Duration = Duration::from_millis(500);
/// What proves that an event is the provider's.
pub(crate) const SIGNATURE: &str = "signed-by-the-bank";

/// Kills the process that serves a user; given to the bank so that a process can die between a call and its record.
pub(crate) type Kill = Box<dyn Fn(&Subject) + Send + Sync>;

/// The provider. Clones share its books.
#[derive(Clone)]
pub(crate) struct Bank(Arc<Inner>);

struct Inner {
    ledger: Mutex<Ledger>,
    calls: Mutex<u64>,
    clock: Arc<dyn Clock>,
    days: Arc<dyn Days>,
    kill: Mutex<Option<Kill>>,
    news: Notify,
}

impl Bank {
    pub(crate) fn new(ledger: Ledger, clock: Arc<dyn Clock>, days: Arc<dyn Days>) -> Self {
        let (ledger, calls) = (Mutex::new(ledger), Mutex::new(0));
        let (kill, news) = (Mutex::new(None), Notify::new());
        Self(Arc::new(Inner { ledger, calls, clock, days, kill, news }))
    }

    pub(crate) fn on_crash(&self, kill: Option<Kill>) {
        *self.0.kill.lock() = kill;
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        *self.0.calls.lock()
    }

    /// The books as they are now.
    pub(crate) fn books(&self) -> Ledger {
        self.0.ledger.lock().clone()
    }

    /// The buyer acts where the provider asked it to. Nothing happens if there is nothing to do any more.
    pub(crate) fn act(&self, url: &str) {
        self.0.ledger.lock().act(url);
        self.0.news.notify_one();
    }

    /// Waits until there may be events that nobody has looked at.
    pub(crate) async fn news(&self) {
        self.0.news.notified().await;
    }

    /// How many events the provider has told, delivered or not.
    pub(crate) fn told(&self) -> usize {
        self.0.ledger.lock().events().len()
    }

    /// The event with this number, counted from 0.
    pub(crate) fn event(&self, number: usize) -> Option<ProviderEvent> {
        self.0.ledger.lock().events().get(number).cloned()
    }

    async fn meet(
        &self,
        subject: &Subject,
        carry_out: impl FnOnce(&mut Ledger, Timestamp) -> Said + Send,
    ) -> Result<Said, Fault> {
        let number = {
            let mut calls = self.0.calls.lock();
            *calls += 1;
            *calls
        };
        clock::millis(ANSWER_MS).await;
        let day = self.0.days.call(number);
        if day == Some(CallDay::TimedOut) {
            return Err(unknown("the provider did not answer in time"));
        }
        let said = carry_out(&mut self.0.ledger.lock(), self.0.clock.now());
        self.0.news.notify_one();
        match day {
            None | Some(CallDay::TimedOut) => Ok(said),
            Some(CallDay::AnswerLost) => Err(unknown("the provider's answer was lost")),
            Some(CallDay::CrashAfter) => {
                if let Some(kill) = &*self.0.kill.lock() {
                    kill(subject);
                }
                Err(unknown("the process died"))
            }
        }
    }
}

fn unknown(text: &str) -> Fault {
    Fault::downstream(Code::OutcomeUnknown, AGAIN, text)
}

impl CardProvider for Bank {
    fn authorise<'a>(&'a self, ask: &'a AuthoriseAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(self.meet(&ask.subject, move |ledger, now| {
            ledger.once(key, |ledger| ledger.authorise(ask, now))
        }))
    }

    fn look_up<'a>(&'a self, ask: &'a LookUpAsk) -> Answer<'a, Said> {
        Box::pin(self.meet(&ask.subject, move |ledger, _| ledger.look_up(&ask.subject)))
    }

    fn capture<'a>(&'a self, ask: &'a CaptureAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(
            self.meet(&ask.subject, move |ledger, _| {
                ledger.once(key, |ledger| ledger.capture(ask))
            }),
        )
    }

    fn release<'a>(&'a self, ask: &'a ReleaseAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(
            self.meet(&ask.subject, move |ledger, _| {
                ledger.once(key, |ledger| ledger.release(ask))
            }),
        )
    }

    fn refund<'a>(&'a self, ask: &'a RefundAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(
            self.meet(&ask.subject, move |ledger, _| ledger.once(key, |ledger| ledger.refund(ask))),
        )
    }
}

impl WebhookVerifier for Bank {
    fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        _: Timestamp,
    ) -> Result<ProviderEvent, Fault> {
        let number = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
        let event = number.and_then(|number| self.event(number));
        event
            .filter(|_| signature == Some(SIGNATURE))
            .ok_or_else(|| Fault::caller(Code::Malformed, "not an event of the provider"))
    }
}
