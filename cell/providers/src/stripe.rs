//! Card payments over Stripe's API: a thin client that never guesses. What it cannot know, it asks again under the same key, or
//! looks up.

mod client;
mod config;
mod form;
mod money;
mod object;
mod webhook;

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_time::{Clock, SystemClock, Timestamp};
use cell_kernel::Answer;
use svc_payments::{
    CardProvider,
    effect::{AuthoriseAsk, CaptureAsk, LookUpAsk, RefundAsk, ReleaseAsk, Subject},
    report::{IntentReport, RefundReport, RefundStanding, Said, Standing},
};

use client::{Client, Refused, Reply};
use form::Form;
use object::{Intent, List, Refund};

pub use config::{Config, ConfigError};
pub use webhook::Webhooks;

/// How long Stripe remembers a key, less a margin: after it, a call is looked up before it is made again.
const KEY_KEPT_FOR: Duration = Duration::from_hours(20);
/// By how much Stripe's clock and ours may differ.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// How often a list is turned over before it is left for a later try.
const PAGES_MAX: usize = 50;

/// The card provider.
pub struct Stripe {
    client: Client,
    config: Config,
    clock: Arc<dyn Clock>,
}

impl Stripe {
    /// A provider as configured.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// A provider that reads this clock.
    pub fn with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&config)?, config, clock })
    }

    async fn ask_to_hold(&self, ask: &AuthoriseAsk, key: &str) -> Result<Said, Fault> {
        if self.clock.now() >= ask.until {
            // Too late to make it. What an earlier try has made is told, so that it can be let go.
            return Ok(self
                .find(&ask.subject, ask.at, ask.until)
                .await?
                .map_or_else(|| never_made(&ask.subject, "never_made"), Said::Intent));
        }
        let form = self.new_intent(ask)?;
        match self.client.post("/v1/payment_intents", &form, key).await? {
            Reply::Done(body) => Ok(Said::Intent(Intent::read(body)?.report(&ask.subject)?)),
            Reply::Refused(refused) => match refused.intent()? {
                Some(intent) => Ok(Said::Intent(intent.report(&ask.subject)?)),
                None => Ok(never_made(&ask.subject, &refused.reason)),
            },
            Reply::KeySpent => match self.find(&ask.subject, ask.at, ask.until).await? {
                Some(report) => Ok(Said::Intent(report)),
                None => self.hold_under_another_key(ask, &form, key).await,
            },
        }
    }

    /// Nothing was made under the key, and nothing ever will be.
    async fn hold_under_another_key(
        &self,
        ask: &AuthoriseAsk,
        form: &Form,
        key: &str,
    ) -> Result<Said, Fault> {
        match self.client.post("/v1/payment_intents", form, &second(key)).await? {
            Reply::Done(body) => Ok(Said::Intent(Intent::read(body)?.report(&ask.subject)?)),
            Reply::Refused(refused) => match refused.intent()? {
                Some(intent) => Ok(Said::Intent(intent.report(&ask.subject)?)),
                None => Ok(never_made(&ask.subject, &refused.reason)),
            },
            Reply::KeySpent => Err(keys_spent()),
        }
    }

    fn new_intent(&self, ask: &AuthoriseAsk) -> Result<Form, Fault> {
        let subject = &ask.subject;
        let mut form = Form::new()
            .with("amount", &money::to_stripe(ask.amount)?.to_string())
            .with("currency", &ask.amount.currency.code().to_ascii_lowercase())
            .with("capture_method", "manual")
            .with("confirm", "true")
            .with("payment_method", &ask.instrument.to_string())
            .with("payment_method_types[]", "card")
            .subject(subject);
        if !self.config.webhook_base_url.is_empty() {
            let (base, user) = (self.config.webhook_base_url.trim_end_matches('/'), &subject.user);
            let url = format!("{base}/v1/{user}/payments/{}:providerEvent", subject.payment);
            form = form.with("metadata[webhook_url]", &url);
        }
        if !self.config.return_url.is_empty() {
            form = form.with("return_url", &self.config.return_url);
        }
        Ok(form)
    }

    /// Turns over what was made in the attempt's time, for the one that carries its name.
    async fn find(
        &self,
        subject: &Subject,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<IntentReport>, Fault> {
        let skew = i64::try_from(CLOCK_SKEW.as_secs()).unwrap_or(0);
        let range = Form::new()
            .with("limit", "100")
            .with("created[gte]", &(since.as_secs() - skew).to_string())
            .with("created[lte]", &(until.as_secs() + skew).to_string());
        let mut after = None;
        for _ in 0..PAGES_MAX {
            let page = range.clone().with_some("starting_after", after.as_deref());
            let found = self.client.get("/v1/payment_intents", &page).await?;
            let found: List<Intent> = object::read(found.expect_done()?)?;
            if let Some(intent) = found.data.iter().find(|intent| intent.is_about(subject)) {
                return intent.report(subject).map(Some);
            }
            after = found.data.last().map(|intent| intent.id.clone()).filter(|_| found.has_more);
            if after.is_none() {
                return Ok(None);
            }
        }
        let context = "too many payments were made in that time to find one among them";
        Err(Fault::downstream(Code::OutcomeUnknown, Duration::from_mins(5), context))
    }

    async fn retrieve(&self, intent: &str) -> Result<Option<Intent>, Fault> {
        match self.client.get(&format!("/v1/payment_intents/{intent}"), &Form::new()).await? {
            Reply::Done(body) => Intent::read(body).map(Some),
            Reply::Refused(_) | Reply::KeySpent => Ok(None),
        }
    }

    async fn ask_how_it_stands(&self, ask: &LookUpAsk) -> Result<Said, Fault> {
        let now = self.clock.now();
        let found = match &ask.intent {
            Some(intent) => match self.retrieve(intent).await? {
                Some(intent) => Some(intent.report(&ask.subject)?),
                None => None,
            },
            None => self.find(&ask.subject, ask.since, now).await?,
        };
        // An attempt that is not there may still be on its way: that is no news.
        let unheard_of = report(&ask.subject, Standing::Asked, "");
        Ok(Said::Intent(found.unwrap_or(unheard_of)))
    }

    /// Takes a step on an intent. Where the step is refused, or its key spent, the intent itself says how it stands.
    async fn step(
        &self,
        (subject, intent, step): (&Subject, &str, &str),
        form: &Form,
        key: &str,
    ) -> Result<(IntentReport, Option<Refused>), Fault> {
        let path = format!("/v1/payment_intents/{intent}/{step}");
        for key in [key.to_owned(), second(key)] {
            let (found, refused) = match self.client.post(&path, form, &key).await? {
                Reply::Done(body) => return Ok((Intent::read(body)?.report(subject)?, None)),
                Reply::Refused(refused) => match refused.intent()? {
                    Some(found) => (Some(found), Some(refused)),
                    None => (self.retrieve(intent).await?, Some(refused)),
                },
                Reply::KeySpent => (self.retrieve(intent).await?, None),
            };
            let found = found.ok_or_else(|| {
                Fault::ours(Code::Internal, format!("Stripe does not know `{intent}` any more"))
            })?;
            let report = found.report(subject)?;
            if refused.is_some() || report.standing >= Standing::Gone {
                return Ok((report, refused));
            }
        }
        Err(keys_spent())
    }

    async fn ask_to_take(&self, ask: &CaptureAsk, key: &str) -> Result<Said, Fault> {
        let amount = money::to_stripe(ask.amount)?.to_string();
        let form = Form::new().with("amount_to_capture", &amount);
        let (report, refused) =
            self.step((&ask.subject, &ask.intent, "capture"), &form, key).await?;
        match refused {
            Some(refused) if report.standing < Standing::Gone => {
                Ok(Said::CaptureRefused { attempt: ask.subject.attempt, reason: refused.reason })
            }
            _ => Ok(Said::Intent(report)),
        }
    }

    async fn ask_to_let_go(&self, ask: &ReleaseAsk, key: &str) -> Result<Said, Fault> {
        let form = Form::new().with("cancellation_reason", "abandoned");
        let (report, refused) =
            self.step((&ask.subject, &ask.intent, "cancel"), &form, key).await?;
        match refused {
            Some(refused) if report.standing < Standing::Gone => {
                let context = format!("Stripe does not let go of a hold: {}", refused.reason);
                Err(Fault::downstream(Code::Unavailable, Duration::from_mins(5), context))
            }
            _ => Ok(Said::Intent(report)),
        }
    }

    async fn ask_to_give_back(&self, ask: &RefundAsk, key: &str) -> Result<Said, Fault> {
        if self.clock.now().since(ask.at) > KEY_KEPT_FOR
            && let Some(found) = self.find_refund(ask).await?
        {
            return Ok(Said::Refund(found));
        }
        let form = Form::new()
            .with("payment_intent", &ask.intent)
            .with("amount", &money::to_stripe(ask.amount)?.to_string())
            .with("reason", "requested_by_customer")
            .with("metadata[order]", ask.order.as_str())
            .subject(&ask.subject);
        for key in [key.to_owned(), second(key)] {
            match self.client.post("/v1/refunds", &form, &key).await? {
                Reply::Done(body) => {
                    let refund: Refund = object::read(body)?;
                    return refund.report(&ask.order).map(Said::Refund);
                }
                Reply::Refused(_) => {
                    let found = self.find_refund(ask).await?;
                    return Ok(Said::Refund(found.unwrap_or_else(|| RefundReport {
                        order: ask.order.clone(),
                        amount: ask.amount,
                        standing: RefundStanding::Failed,
                    })));
                }
                Reply::KeySpent => {
                    if let Some(found) = self.find_refund(ask).await? {
                        return Ok(Said::Refund(found));
                    }
                }
            }
        }
        Err(keys_spent())
    }

    async fn find_refund(&self, ask: &RefundAsk) -> Result<Option<RefundReport>, Fault> {
        let form = Form::new().with("payment_intent", &ask.intent).with("limit", "100");
        let found = self.client.get("/v1/refunds", &form).await?;
        let found: List<Refund> = object::read(found.expect_done()?)?;
        let refund = found.data.iter().find(|refund| refund.is_of(&ask.order));
        refund.map(|refund| refund.report(&ask.order)).transpose()
    }
}

impl CardProvider for Stripe {
    fn authorise<'a>(&'a self, ask: &'a AuthoriseAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(self.ask_to_hold(ask, key))
    }

    fn look_up<'a>(&'a self, ask: &'a LookUpAsk) -> Answer<'a, Said> {
        Box::pin(self.ask_how_it_stands(ask))
    }

    fn capture<'a>(&'a self, ask: &'a CaptureAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(self.ask_to_take(ask, key))
    }

    fn release<'a>(&'a self, ask: &'a ReleaseAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(self.ask_to_let_go(ask, key))
    }

    fn refund<'a>(&'a self, ask: &'a RefundAsk, key: &'a str) -> Answer<'a, Said> {
        Box::pin(self.ask_to_give_back(ask, key))
    }
}

/// The key for a call whose first key keeps an answer that says nothing.
fn second(key: &str) -> String {
    format!("{key}-2")
}

fn keys_spent() -> Fault {
    let context = "Stripe keeps failing answers under both keys of a call";
    Fault::downstream(Code::OutcomeUnknown, Duration::from_mins(5), context)
}

fn never_made(subject: &Subject, reason: &str) -> Said {
    Said::Intent(report(subject, Standing::Failed, reason))
}

fn report(subject: &Subject, standing: Standing, reason: &str) -> IntentReport {
    IntentReport {
        attempt: subject.attempt,
        intent: None,
        amount: None,
        standing,
        received: None,
        reason: reason.to_owned(),
        action_url: String::new(),
    }
}
