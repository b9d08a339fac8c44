//! Payments, its provider and the stand-in together, while everything that can go wrong does.

use std::{sync::Arc, time::Duration};

use base_ids::{Tenant, Version};
use base_time::{Clock as _, SystemClock};
use cell_kernel::{Asked, Caller, Decider as _, Effect as _, Seen};
use loadtest_stripe::Chaos;
use svc_payments::{
    Command, Payments, State,
    command::{Ask, Asked as Share, Method, Opening, Shares, Via},
    effect::{Call, CardCalls},
    state,
};

use super::{
    events::{Receiver, stripe_called_back},
    id, in_minutes, mad, stand_in,
};

/// One payment as a cell would run it: decide, then call until there is an answer.
struct Purchase {
    state: State,
    version: u64,
    calls: Vec<(String, Call)>,
    effects: CardCalls,
}

impl Purchase {
    fn give(&mut self, ask: Ask) {
        let tenant: Tenant = "users/leila".parse().unwrap();
        let at = SystemClock.now();
        let asked = Asked { tenant: tenant.clone(), caller: Caller::platform("test"), at };
        let command = Command { payment: id("c1"), ask };
        for event in Payments::decide(&self.state, &command, &(), &asked).unwrap() {
            Payments::evolve(&mut self.state, &event);
            self.version += 1;
            let (state, version) = (&self.state, Version(self.version));
            let seen =
                Seen { tenant: &tenant, key: "payment-c1", event: &event, state, version, at };
            let made = self.effects.calls(&seen).into_iter();
            self.calls.extend(made.map(|call| (format!("c1-{version}"), call)));
        }
    }

    /// Makes every call until it has an answer; what is not known is asked again under the same key.
    async fn call_out(&mut self) {
        while let Some((key, call)) = self.calls.pop() {
            match self.effects.perform(&call, &key).await {
                Ok(Command { ask, .. }) => self.give(ask),
                Err(fault) => {
                    super::tried_again(&fault);
                    self.calls.insert(0, (key, call));
                }
            }
        }
    }

    fn payment(&self) -> &state::Payment {
        self.state.payment().unwrap()
    }
}

fn reply() -> Tenant {
    "users/leila".parse().unwrap()
}

fn authorise(instrument: &str) -> Ask {
    let share = |(vendor, minor): (&str, i64)| Share {
        order: id(&format!("o-{vendor}")),
        vendor: format!("vendors/{vendor}").parse().unwrap(),
        amount: mad(minor),
    };
    let shares = [("atlas", 3_333), ("rif", 3_333), ("souss", 3_334)].map(share).to_vec();
    Ask::Authorise(Opening {
        reply: reply(),
        method: Method::Card,
        instrument: Some(instrument.parse().unwrap()),
        shares: Shares::new(shares).unwrap(),
        until: in_minutes(15),
    })
}

fn refund(order: &str) -> Ask {
    Ask::RefundShare { order: id(order), group: id("g1"), reason: "rejected".to_owned() }
}

async fn buy(seed: u64, instrument: &str, undone: bool) {
    let stand_in = stand_in().await;
    let mut receiver = Receiver::start().await;
    let stripe = stripe_called_back(&stand_in, &receiver);
    stand_in.set_chaos(Some(Chaos { webhook_delay: 0, ..Chaos::even(seed, 200, 3) }));
    let mut purchase = Purchase {
        state: State::default(),
        version: 0,
        calls: Vec::new(),
        effects: CardCalls(Arc::new(stripe)),
    };
    purchase.give(authorise(instrument));
    purchase.call_out().await;
    if let Some((_, attempt)) = purchase.payment().attempt()
        && attempt.standing == svc_payments::report::Standing::ActionRequired
    {
        assert!(stand_in.play_buyer(attempt.intent.as_ref().unwrap(), true).await);
        purchase.give(Ask::Sync);
        purchase.call_out().await;
    }
    purchase.give(Ask::Capture { reply: reply() });
    purchase.call_out().await;
    if undone {
        purchase.give(Ask::Void { reply: reply(), reason: "undone".to_owned() });
    } else {
        purchase.give(refund("o-rif"));
    }
    purchase.call_out().await;
    let before = serde_json::to_value(&purchase.state).unwrap();
    // All that the stand-in has to tell comes late, some of it twice or wrongly signed; none of it is news.
    assert!(stand_in.quiet(Duration::from_secs(20)).await);
    let mut proven = 0;
    while let Ok(called) = receiver.called.try_recv() {
        let event = called.event;
        proven += 1;
        purchase.give(Ask::Hear { said: event.said, via: Via::Event(event.id) });
    }
    assert!(proven >= 3, "{proven} events were proven");
    assert_eq!(serde_json::to_value(&purchase.state).unwrap(), before);
    let kept = purchase.payment().sum(state::Share::kept).minor;
    let accounts = stand_in.accounts();
    let accounts = &accounts.money["mad"];
    assert_eq!(accounts.captured - accounts.refunded, kept, "our books are Stripe's");
    assert_eq!((accounts.held, kept), (0, if undone { 0 } else { 6_667 }));
}

#[tokio::test]
async fn a_purchase_ends_the_same_whatever_goes_wrong_on_the_way() {
    for seed in 1..=6 {
        buy(seed, "pm_card_visa", false).await;
        buy(seed, "pm_card_threeDSecure2Required", seed % 2 == 0).await;
    }
}
