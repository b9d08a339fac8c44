//! What payments does to the outside world: it asks a card provider. The port is ours, the answer is always a report.

pub mod report;

use std::sync::Arc;

use base_fault::Fault;
use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Answer, Effect, Seen};
use serde::{Deserialize, Serialize};

use report::Said;

use crate::{
    Payments,
    command::{Ask, Command, Instrument, Via},
    event::Event,
};

/// A provider of card payments. Each call may be made again under the same key until it has an answer, and then has the effect of
/// one. A call whose outcome is not known answers with a fault that says "after": the runtime asks again. What the provider
/// refuses is an answer, not a fault.
pub trait CardProvider: Send + Sync + 'static {
    /// Has the money held. After the ask's deadline nothing new is made: the answer says what was made before, if anything.
    fn authorise<'a>(&'a self, ask: &'a AuthoriseAsk, key: &'a str) -> Answer<'a, Said>;

    /// Says how an attempt stands.
    fn look_up<'a>(&'a self, ask: &'a LookUpAsk) -> Answer<'a, Said>;

    /// Takes held money; the rest of the hold is let go.
    fn capture<'a>(&'a self, ask: &'a CaptureAsk, key: &'a str) -> Answer<'a, Said>;

    /// Lets held money go.
    fn release<'a>(&'a self, ask: &'a ReleaseAsk, key: &'a str) -> Answer<'a, Said>;

    /// Gives taken money back.
    fn refund<'a>(&'a self, ask: &'a RefundAsk, key: &'a str) -> Answer<'a, Said>;
}

/// Proves that an event comes from the provider, and reads it.
pub trait WebhookVerifier: Send + Sync + 'static {
    /// Reads the event if `signature` proves it at the time `at`; a fault of the caller if not.
    fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        at: Timestamp,
    ) -> Result<ProviderEvent, Fault>;
}

/// An event of the provider's, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// Its id.
    pub id: String,
    /// The payment that it is about, if it is about one of ours.
    pub subject: Option<(Tenant, ResourceId)>,
    /// What it says, if that matters.
    pub said: Option<Said>,
}

/// Which attempt of which payment: what the provider keeps beside the money, so that any word of its finds home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose.
    pub user: Tenant,
    /// Which payment.
    pub payment: ResourceId,
    /// Which attempt.
    pub attempt: u32,
}

/// Asks to have money held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthoriseAsk {
    /// For which attempt.
    pub subject: Subject,
    /// With what.
    pub instrument: Instrument,
    /// How much.
    pub amount: Money,
    /// Until when.
    pub until: Timestamp,
    /// When it was asked first.
    pub at: Timestamp,
}

/// Asks how an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUpAsk {
    /// Which attempt.
    pub subject: Subject,
    /// The provider's name for it, if it is known.
    pub intent: Option<String>,
    /// When it was made.
    pub since: Timestamp,
}

/// Asks to take held money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureAsk {
    /// Of which attempt.
    pub subject: Subject,
    /// The provider's name for it.
    pub intent: String,
    /// How much.
    pub amount: Money,
}

/// Asks to let held money go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAsk {
    /// Of which attempt.
    pub subject: Subject,
    /// The provider's name for it.
    pub intent: String,
}

/// Asks to give money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAsk {
    /// From which attempt.
    pub subject: Subject,
    /// The provider's name for it.
    pub intent: String,
    /// Of which child order's share.
    pub order: ResourceId,
    /// How much.
    pub amount: Money,
    /// When it was asked first.
    pub at: Timestamp,
}

/// One call to the provider, as it is stored until it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Have money held.
    Authorise(AuthoriseAsk),
    /// Find out how it stands.
    LookUp(LookUpAsk),
    /// Take it.
    Capture(CaptureAsk),
    /// Let it go.
    Release(ReleaseAsk),
    /// Give it back.
    Refund(RefundAsk),
}

/// Calls a card provider.
pub struct CardCalls(pub Arc<dyn CardProvider>);

impl Effect<Payments> for CardCalls {
    type Call = Call;

    fn calls(&self, seen: &Seen<'_, Payments>) -> Vec<Call> {
        call(seen).into_iter().collect()
    }

    fn perform<'a>(&'a self, call: &'a Call, key: &'a str) -> Answer<'a, Command> {
        Box::pin(async move {
            let (subject, said) = match call {
                Call::Authorise(ask) => (&ask.subject, self.0.authorise(ask, key).await?),
                Call::LookUp(ask) => (&ask.subject, self.0.look_up(ask).await?),
                Call::Capture(ask) => (&ask.subject, self.0.capture(ask, key).await?),
                Call::Release(ask) => (&ask.subject, self.0.release(ask, key).await?),
                Call::Refund(ask) => (&ask.subject, self.0.refund(ask, key).await?),
            };
            let payment = subject.payment.clone();
            Ok(Command { payment, ask: Ask::Hear { said: Some(said), via: Via::Answer } })
        })
    }
}

fn call(seen: &Seen<'_, Payments>) -> Option<Call> {
    let payment = Payments::payment_id(seen.key)?;
    let subject =
        |attempt| Subject { user: seen.tenant.clone(), payment: payment.clone(), attempt };
    Some(match seen.event.clone() {
        Event::AttemptStarted { attempt, instrument, amount, until, at } => {
            let subject = subject(attempt);
            Call::Authorise(AuthoriseAsk { subject, instrument, amount, until, at })
        }
        Event::SyncAsked { attempt } => {
            let (_, made) = seen.state.payment()?.attempt()?;
            let (intent, since) = (made.intent.clone(), made.at);
            Call::LookUp(LookUpAsk { subject: subject(attempt), intent, since })
        }
        Event::CaptureAsked { attempt, intent, amount, .. } => {
            Call::Capture(CaptureAsk { subject: subject(attempt), intent, amount })
        }
        Event::ReleaseAsked { attempt, intent } => {
            Call::Release(ReleaseAsk { subject: subject(attempt), intent })
        }
        Event::RefundAsked { order, attempt, intent, amount, at } => {
            let subject = subject(attempt);
            Call::Refund(RefundAsk { subject, intent, order, amount, at })
        }
        _ => return None,
    })
}
