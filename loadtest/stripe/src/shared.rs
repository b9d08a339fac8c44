//! What all calls share: one book behind one lock, changed, logged and told in one step.

use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::Config;
use crate::api::payment_intents::WEBHOOK_KEY;
use crate::clock;
use crate::courier::{Counter, Letter};
use crate::effect::Effect;
use crate::error::ApiError;
use crate::event::{Event, Snapshot, Told};
use crate::idempotency::{Answer, Keyed, Running};
use crate::ids;
use crate::ledger::{Ledger, Row};
use crate::log::{Log, Safe};
use crate::render;
use crate::script::{Plan, Script};
use crate::webhook::{Delivery, DeliveryState, Try};

/// The stand-in behind its port.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// This server's URL, without a slash at the end.
    pub(crate) base: String,
    pub(crate) script: Mutex<Script>,
    pub(crate) running: Running,
    pub(crate) counter: Counter,
    book: Mutex<Book>,
    pending: watch::Sender<usize>,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    log: Log,
}

/// Where a change comes from, as its events tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) request: Option<&'a str>,
    pub(crate) keyed: Option<&'a Keyed>,
    /// Keep a 500 under the key in place of the true answer.
    pub(crate) fail_kept: bool,
}

/// What a call came to. It may be told once `safe` is reached.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    /// The first request, if this is its stored answer.
    pub(crate) replay_of: Option<String>,
    pub(crate) safe: Safe,
    /// To be handed in when the call has been answered.
    pub(crate) letters: Vec<Letter>,
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        base: String,
        ledger: Ledger,
        log: Log,
        counter: Counter,
    ) -> Self {
        let mut script = Script::default();
        script.set_chaos(config.chaos);
        Self {
            config,
            base,
            script: Mutex::new(script),
            running: Running::default(),
            counter,
            pending: watch::Sender::new(ledger.pending()),
            book: Mutex::new(Book { ledger, log }),
        }
    }

    /// Looks something up; what it says may be told once the log is safe.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Ledger) -> T) -> (T, Safe) {
        let book = self.book.lock();
        (look(&book.ledger), book.log.safe())
    }

    /// Decides one call and commits its rows, events, deliveries and kept answer as one line.
    pub(crate) fn transact(
        &self,
        origin: Origin<'_>,
        decide: impl FnOnce(&Ledger) -> Result<Effect, ApiError>,
    ) -> Done {
        let now = clock::now();
        let mut book = self.book.lock();
        if let Some(keyed) = origin.keyed {
            match keyed.recall(book.ledger.answers.get(&keyed.scope), now) {
                Ok(None) => {}
                Ok(Some(answer)) => return replayed(answer, book.log.safe()),
                Err(error) => return self.refused(&error, book.log.safe()),
            }
        }
        let (mut effect, kept) = match decide(&book.ledger) {
            Ok(effect) => (effect, true),
            Err(error) if error.kept => {
                let body = error.body(&self.base);
                (Effect::read(body).status(error.status), true)
            }
            Err(error) => return self.refused(&error, book.log.safe()),
        };
        let body = render::text(&effect.body);
        let letters = self.tell(&book.ledger, origin, &mut effect, now);
        let mut rows = effect.rows;
        if let Some(keyed) = origin.keyed.filter(|_| kept) {
            rows.push(self.answer(keyed, origin, effect.status, &body, now));
        }
        if !rows.is_empty() {
            book.log.append(&rows, true);
            book.ledger.apply_all(rows);
            self.pending.send_replace(book.ledger.pending());
        }
        Done { status: effect.status, body, replay_of: None, safe: book.log.safe(), letters }
    }

    /// Takes an attempt at a delivery in; answers whether another one must follow.
    pub(crate) fn record_attempt(&self, delivery: &str, outcome: Try) -> bool {
        let mut book = self.book.lock();
        // Gone after a reset: nobody waits for it any more.
        let Some(mut delivery) = book.ledger.deliveries.get(delivery).cloned() else {
            return false;
        };
        let again = delivery.tried(outcome, self.config.retry.attempts);
        let row = Row::Delivery(Box::new(delivery));
        book.log.append(std::slice::from_ref(&row), false);
        book.ledger.apply(row);
        self.pending.send_replace(book.ledger.pending());
        again
    }

    /// Letters for all deliveries that were pending when the stand-in last stopped.
    pub(crate) fn left_over(&self) -> Vec<Letter> {
        let book = self.book.lock();
        let pending = book.ledger.deliveries.iter().filter(|it| it.state == DeliveryState::Pending);
        pending
            .filter_map(|delivery| {
                let event = book.ledger.events.get(&delivery.event)?;
                Some(Letter { attempts: delivery.attempts, ..letter(delivery, event) })
            })
            .collect()
    }

    /// Delivers an event once more to every endpoint it went to; nothing if there is no such event.
    pub(crate) fn resend(&self, event: &str) -> Option<Vec<Letter>> {
        let mut book = self.book.lock();
        let event = book.ledger.events.get(event)?.clone();
        let mut urls: Vec<_> =
            book.ledger.deliveries_of(&event.id).map(|it| it.url.clone()).collect();
        urls.sort();
        urls.dedup();
        let deliveries: Vec<_> = urls.into_iter().map(|url| delivery(&event, url)).collect();
        let letters = deliveries.iter().map(|it| letter(it, &event)).collect();
        let rows: Vec<_> = deliveries.into_iter().map(|it| Row::Delivery(Box::new(it))).collect();
        book.log.append(&rows, true);
        book.ledger.apply_all(rows);
        self.pending.send_replace(book.ledger.pending());
        Some(letters)
    }

    /// Forgets everything, scripts included.
    pub(crate) fn reset(&self) -> Safe {
        let mut book = self.book.lock();
        self.script.lock().clear();
        self.counter.forget();
        book.log.append(&[Row::Wipe], true);
        book.ledger.apply(Row::Wipe);
        self.pending.send_replace(0);
        book.log.safe()
    }

    /// Watches how many deliveries are pending.
    pub(crate) fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    /// Writes what is queued for the log and closes it.
    pub(crate) fn close(&self) {
        self.book.lock().log.close();
    }

    /// Turns what is told into events with deliveries, and into letters.
    fn tell(
        &self,
        ledger: &Ledger,
        origin: Origin<'_>,
        effect: &mut Effect,
        now: i64,
    ) -> Vec<Letter> {
        let mut letters = Vec::new();
        for told in std::mem::take(&mut effect.told) {
            let event = event(&told, origin, &self.base, now);
            let changed = effect.rows.iter().find_map(|row| match row {
                Row::Intent(intent) if intent.id == event.intent => Some(&**intent),
                _ => None,
            });
            let intent = changed.or_else(|| ledger.intents.get(&event.intent));
            let metadata = intent.map(|intent| intent.metadata.clone()).unwrap_or_default();
            let url = metadata.get(WEBHOOK_KEY).cloned().or(self.config.webhook_url.clone());
            if let Some(url) = url {
                let (plan, group) = self.script.lock().for_event(&event.kind, &metadata);
                for copy in 0..=plan.duplicate {
                    let delivery = delivery(&event, url.clone());
                    let mut group = group.clone();
                    if let Some(group) = &mut group {
                        group.closes &= copy == plan.duplicate;
                    }
                    letters.push(Letter { plan, group, ..letter(&delivery, &event) });
                    effect.rows.push(Row::Delivery(Box::new(delivery)));
                }
            }
            effect.rows.push(Row::Event(Box::new(event)));
        }
        letters
    }

    fn answer(
        &self,
        keyed: &Keyed,
        origin: Origin<'_>,
        status: StatusCode,
        body: &str,
        now: i64,
    ) -> Row {
        let (status, body) = if origin.fail_kept {
            let error = ApiError::internal();
            (error.status, render::text(&error.body(&self.base)))
        } else {
            (status, body.to_owned())
        };
        Row::Answer(Box::new(Answer {
            scope: keyed.scope.clone(),
            endpoint: keyed.endpoint.clone(),
            fingerprint: keyed.fingerprint.clone(),
            status: status.as_u16(),
            body,
            request: origin.request.unwrap_or_default().to_owned(),
            at: now,
        }))
    }

    fn refused(&self, error: &ApiError, safe: Safe) -> Done {
        Done {
            status: error.status,
            body: render::text(&error.body(&self.base)),
            replay_of: None,
            safe,
            letters: Vec::new(),
        }
    }
}

impl Done {
    /// Lets the letters marked so go first: the receivers tell when their first attempt has ended.
    pub(crate) fn take_early(&mut self) -> (Vec<Letter>, Vec<oneshot::Receiver<()>>) {
        let (mut early, late): (Vec<_>, Vec<_>) = std::mem::take(&mut self.letters)
            .into_iter()
            .partition(|letter| letter.plan.before_response);
        self.letters = late;
        let mut ends = Vec::new();
        for letter in &mut early {
            let (first, end) = oneshot::channel();
            letter.first = Some(first);
            ends.push(end);
        }
        (early, ends)
    }
}

fn replayed(answer: &Answer, safe: Safe) -> Done {
    Done {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        body: answer.body.clone(),
        replay_of: Some(answer.request.clone()),
        safe,
        letters: Vec::new(),
    }
}

fn event(told: &Told, origin: Origin<'_>, base: &str, now: i64) -> Event {
    let intent = match &told.snapshot {
        Snapshot::Intent(it) => &it.id,
        Snapshot::Charge(it) => &it.intent,
        Snapshot::Refund(it) => &it.intent,
    };
    Event {
        id: ids::fresh("evt_3"),
        created: now,
        kind: told.kind.to_owned(),
        intent: intent.clone(),
        object: render::snapshot(&told.snapshot, base),
        request: origin.request.map(str::to_owned),
        idempotency_key: origin.keyed.map(|keyed| keyed.key.clone()),
    }
}

fn delivery(event: &Event, url: String) -> Delivery {
    Delivery {
        id: ids::fresh("whd_"),
        event: event.id.clone(),
        kind: event.kind.clone(),
        intent: event.intent.clone(),
        url,
        state: DeliveryState::Pending,
        attempts: 0,
        tries: Vec::new(),
    }
}

fn letter(delivery: &Delivery, event: &Event) -> Letter {
    Letter {
        delivery: delivery.id.clone(),
        intent: event.intent.clone(),
        url: delivery.url.clone(),
        body: Bytes::from(render::text(&render::event(event, 1))),
        plan: Plan::default(),
        group: None,
        attempts: 0,
        first: None,
    }
}
