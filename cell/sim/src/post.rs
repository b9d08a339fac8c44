//! Carries the provider's events to the cells, as a provider does: again until they are taken, and once more for good measure.

use souk_proto::souk::{payments::v1::ProviderEventResponse, v1::Callback};

use crate::{bank::SIGNATURE, client::Client, clock, fleet::Fleet};

/// Milliseconds that an event is on its way.
const ON_WAY_MS: u64 = 100;
/// Milliseconds until an event is brought a second time.
const AGAIN_MS: u64 = 4_000;

/// Delivers events as long as the fleet runs.
pub(crate) async fn deliver(fleet: Fleet) {
    let mut next = fleet.bank().told();
    loop {
        fleet.bank().news().await;
        while next < fleet.bank().told() {
            fleet.restless(1);
            tokio::spawn(deliver_one(fleet.clone(), next));
            next += 1;
        }
    }
}

async fn deliver_one(fleet: Fleet, number: usize) {
    let event = fleet.bank().event(number);
    if let Some((user, payment)) = event.and_then(|event| event.subject) {
        let callback = Callback {
            name: format!("{user}/payments/{payment}"),
            body: number.to_string().into_bytes(),
            headers: [("stripe-signature".to_owned(), SIGNATURE.to_owned())].into(),
        };
        let provider = Client::anonymous(&fleet);
        for wait in [ON_WAY_MS, AGAIN_MS] {
            clock::millis(wait).await;
            let method = "souk.payments.v1.Payments/ProviderEvent";
            // What is refused is brought again no more: the accounts will tell whether it mattered.
            let _ = provider.ask::<_, ProviderEventResponse>(&user, method, &callback).await;
        }
    }
    fleet.calmer(1);
}
