//! Payments: intents, attempts, captures and their truth at the provider.
//!
//! # Owns
//! Per payment, one stream at the buyer: what each child order has in it, the attempts to have the money held, and what became of
//! each share. A payment is named as the checkout that asked for it.
//!
//! # Promises
//! - Invariant pay-1: of a share, claimed + captured never exceed its amount, and what goes back never exceeds what was captured of
//!   that very share. Each claim has a column of its own and is written before the provider is asked.
//! - Invariant pay-2: captured − refunded = the sum of the shares that are kept.
//! - Invariant pay-3: at most one attempt is active; a hold that nobody wants any more is let go, whenever it turns up.
//! - Invariant pay-4: amount and currency at the provider are what was asked, or the money is not taken and an operator is called.
//! - What the provider says counts once and in any order: reports are joined, not replayed, so a repeated or late one is no news.
//! - A voiding that overtakes the payment wins.
//!
//! # Hears
//! From checkout `AuthorisePayment`, `CapturePayment`, `VoidPayment`; from orders `RefundShare`, `CashCollected`; from itself
//! `AttemptDue`; from the provider its events, proven by their signature, and the answers to our calls.
//!
//! # Tells
//! Whoever asked: `PaymentOutcome`. The order group: `ShareRefunded`.
//!
//! # Never
//! Sees a card number. Guesses: an outcome that is not known is asked for again, under the same key.

mod announce;
pub mod api;
pub mod command;
mod decide;
pub mod effect;
pub mod event;
mod listen;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wire;

use std::sync::Arc;

use base_ids::ResourceId;
use cell_kernel::{Asked, Decider, NoFacts, ServiceSpec};

pub use api::Config;
pub use command::Command;
pub use decide::Refusal;
pub use effect::{CardProvider, ProviderEvent, WebhookVerifier, report};
pub use event::Event;
pub use state::State;

/// The service's rules.
pub struct Payments;

impl Payments {
    /// What the keys of streams begin with.
    const PREFIX: &'static str = "payment-";

    /// The payment whose stream has this key.
    fn payment_id(key: &str) -> Option<ResourceId> {
        key.strip_prefix(Self::PREFIX)?.parse().ok()
    }
}

impl Decider for Payments {
    const SERVICE: &'static str = "payments";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        format!("{}{}", Self::PREFIX, command.payment)
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        (): &(),
        asked: &Asked,
    ) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command, asked)
    }
}

/// The service, ready to run: asks `provider` for card payments, believes `webhooks` what it says.
pub fn spec(
    config: Config,
    provider: Arc<dyn CardProvider>,
    webhooks: Arc<dyn WebhookVerifier>,
) -> ServiceSpec<Payments> {
    ServiceSpec::new(NoFacts, api::api(config, webhooks))
        .view::<view::Payments>()
        .announce(announce::announce)
        .listen(listen::listener())
        .effect(effect::CardCalls(provider))
}
