//! Carries webhooks to their endpoints: signs, sends, tells the ledger, tries again later.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::queue::{Parcel, Queue};
use crate::script::{Group, Plan};
use crate::shared::Shared;
use crate::webhook::{self, Sent, Try};

/// Webhooks under way at once.
const TRAVELLING_MAX: usize = 64;
/// How long an endpoint may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How much of an endpoint's answer is read.
const ANSWER_LEN_MAX: usize = 64 * 1024;
/// Wait for a group to become complete, when its rule names none.
const HOLD_MS: u64 = 5_000;
/// Age of a stale signature, when its rule names none.
const STALE_SECONDS: u32 = 600;
/// Signs wrongly on purpose.
const OTHER_SECRET: &str = "whsec_of_somebody_else";

/// A webhook on its way.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) delivery: String,
    pub(crate) intent: String,
    pub(crate) url: String,
    pub(crate) body: Bytes,
    pub(crate) plan: Plan,
    pub(crate) group: Option<Group>,
    /// Attempts made so far.
    pub(crate) attempts: u32,
    /// Told when the first attempt has ended.
    pub(crate) first: Option<oneshot::Sender<()>>,
}

impl Parcel for Letter {
    fn lane(&self) -> &str {
        self.group().unwrap_or(&self.intent)
    }

    fn group(&self) -> Option<&str> {
        self.group.as_ref().map(|group| group.name.as_str())
    }
}

/// What the courier is told.
#[derive(Debug)]
pub(crate) enum Errand {
    Deliver(Vec<Letter>),
    Forget,
}

/// Where letters are handed in.
#[derive(Debug, Clone)]
pub(crate) struct Counter(mpsc::UnboundedSender<Errand>);

impl Counter {
    pub(crate) fn open() -> (Self, mpsc::UnboundedReceiver<Errand>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Hands letters in; after the stop they stay pending in the ledger.
    pub(crate) fn deliver(&self, letters: Vec<Letter>) {
        if !letters.is_empty() {
            let _ = self.0.send(Errand::Deliver(letters));
        }
    }

    /// Drops everything that waits.
    pub(crate) fn forget(&self) {
        let _ = self.0.send(Errand::Forget);
    }
}

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Works until told to stop.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut errands: mpsc::UnboundedReceiver<Errand>,
    stop: CancellationToken,
) {
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    let mut queue = Queue::new(TRAVELLING_MAX);
    let mut travelling = FuturesUnordered::new();
    loop {
        while let Some(letter) = queue.take(clock::now_ms()) {
            travelling.push(attempt(&client, &shared.config.webhook_secret, letter));
        }
        let due = queue.next_due().map(|due| due.saturating_sub(clock::now_ms()));
        tokio::select! {
            () = stop.cancelled() => return,
            errand = errands.recv() => match errand {
                Some(Errand::Deliver(letters)) => take_in(&mut queue, letters),
                Some(Errand::Forget) => queue.clear(),
                None => return,
            },
            Some((letter, outcome)) = travelling.next() => {
                queue.arrived(letter.lane());
                come_back(&shared, &mut queue, letter, outcome);
            }
            () = tokio::time::sleep(Duration::from_millis(due.unwrap_or_default())),
                if due.is_some() => {}
        }
    }
}

fn take_in(queue: &mut Queue<Letter>, letters: Vec<Letter>) {
    let now = clock::now_ms();
    for letter in letters {
        let hold = match (&letter.group, letter.plan.hold_ms) {
            (None, _) => 0,
            (Some(_), 0) => HOLD_MS,
            (Some(_), hold_ms) => hold_ms,
        };
        let due = now.saturating_add(letter.plan.delay_ms).saturating_add(hold);
        let complete = letter.group.clone().filter(|group| group.closes);
        queue.push(letter, due);
        if let Some(group) = complete {
            queue.release_reversed(&group.name, now);
        }
    }
}

fn come_back(shared: &Shared, queue: &mut Queue<Letter>, mut letter: Letter, outcome: Try) {
    letter.attempts += 1;
    if let Some(first) = letter.first.take() {
        // Nobody may be waiting any more.
        let _ = first.send(());
    }
    if shared.record_attempt(&letter.delivery, outcome) {
        let wait = u64::try_from(shared.config.retry.wait(letter.attempts).as_millis());
        // A held letter that failed goes on alone.
        letter.group = None;
        queue.push(letter, clock::now_ms().saturating_add(wait.unwrap_or(u64::MAX)));
    }
}

/// How the next attempt goes out.
fn manner(plan: &Plan, attempts: u32) -> Sent {
    let wrongly_until = plan.drop_first.saturating_add(plan.wrong_signature);
    if attempts < plan.drop_first {
        Sent::Lost
    } else if attempts < wrongly_until {
        Sent::WronglySigned
    } else if attempts < wrongly_until.saturating_add(plan.stale) {
        Sent::Stale
    } else {
        Sent::Well
    }
}

fn signature(secret: &str, sent: Sent, plan: &Plan, body: &[u8]) -> String {
    let now = clock::now();
    match sent {
        Sent::Well | Sent::Lost => webhook::sign(secret, now, body),
        Sent::WronglySigned => webhook::sign(OTHER_SECRET, now, body),
        Sent::Stale => {
            let age = if plan.stale_seconds == 0 { STALE_SECONDS } else { plan.stale_seconds };
            webhook::sign(secret, now - i64::from(age), body)
        }
    }
}

async fn attempt(client: &HttpClient, secret: &str, letter: Letter) -> (Letter, Try) {
    let at = clock::now_ms();
    let sent = manner(&letter.plan, letter.attempts);
    let outcome = if sent == Sent::Lost {
        Err("lost on the way".to_owned())
    } else {
        let signature = signature(secret, sent, &letter.plan, &letter.body);
        tokio::time::timeout(ANSWER_WITHIN, post(client, &letter, signature))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())))
    };
    let outcome = match outcome {
        Ok(status) => Try { at, sent, status: Some(status), error: None },
        Err(error) => Try { at, sent, status: None, error: Some(error) },
    };
    (letter, outcome)
}

async fn post(client: &HttpClient, letter: &Letter, signature: String) -> Result<u16, String> {
    let request = Request::post(&letter.url)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("Stripe-Signature", signature)
        .body(Full::new(letter.body.clone()))
        .map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    // Reading to the end lets the connection be used again.
    let _ = Limited::new(response.into_body(), ANSWER_LEN_MAX).collect().await;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_go_wrong_in_the_planned_order_and_then_go_well() {
        let plan = Plan { drop_first: 1, wrong_signature: 2, stale: 1, ..Plan::default() };
        let manners: Vec<_> = (0..6).map(|attempts| manner(&plan, attempts)).collect();
        assert_eq!(
            manners,
            [
                Sent::Lost,
                Sent::WronglySigned,
                Sent::WronglySigned,
                Sent::Stale,
                Sent::Well,
                Sent::Well,
            ]
        );
    }
}
