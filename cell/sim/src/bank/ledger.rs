//! The provider's books: what is held, taken and given back, by payment; and every wrong it was asked to do.

use std::collections::BTreeMap;

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;
use svc_payments::{
    ProviderEvent,
    effect::{AuthoriseAsk, CaptureAsk, RefundAsk, ReleaseAsk, Subject},
    report::{IntentReport, RefundReport, RefundStanding, Said, Standing},
};

/// A card whose holds are lost when the money is to be taken.
pub(crate) const HOLLOW: &str = "pm_card_holdLost";

/// One hold on a card, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    /// The provider's name for it.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) subject: Subject,
    /// How much was asked.
    pub(crate) asked: Money,
    /// How it stands.
    pub(crate) standing: Standing,
    /// How much was taken, in minor units.
    pub(crate) taken: i64,
    /// What was given back, by child order, in minor units.
    pub(crate) back: BTreeMap<ResourceId, i64>,
    reason: String,
    /// The hold is there as long as nobody wants the money.
    hollow: bool,
}

/// The books.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    intents: Vec<Intent>,
    answers: BTreeMap<String, Said>,
    events: Vec<ProviderEvent>,
    wrongs: Vec<String>,
}

impl Ledger {
    /// Every hold there ever was.
    pub(crate) fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// What the provider was asked to do and should not have been.
    pub(crate) fn wrongs(&self) -> &[String] {
        &self.wrongs
    }

    pub(super) fn events(&self) -> &[ProviderEvent] {
        &self.events
    }

    /// Carries a call out unless it was carried out under this key before.
    pub(super) fn once(&mut self, key: &str, carry_out: impl FnOnce(&mut Self) -> Said) -> Said {
        if let Some(said) = self.answers.get(key) {
            return said.clone();
        }
        let said = carry_out(self);
        self.answers.insert(key.to_owned(), said.clone());
        said
    }

    pub(super) fn authorise(&mut self, ask: &AuthoriseAsk, now: Timestamp) -> Said {
        if self.place(&ask.subject).is_some() || now > ask.until {
            return self.look_up(&ask.subject);
        }
        let (standing, reason) = match ask.instrument.to_string().as_str() {
            "pm_card_authenticationRequired" => (Standing::ActionRequired, ""),
            "pm_card_chargeDeclined" => (Standing::Failed, "card_declined"),
            _ => (Standing::Held, ""),
        };
        self.intents.push(Intent {
            name: format!("pi_{}", self.intents.len() + 1),
            subject: ask.subject.clone(),
            asked: ask.amount,
            standing,
            taken: 0,
            back: BTreeMap::new(),
            reason: reason.to_owned(),
            hollow: ask.instrument.to_string() == HOLLOW,
        });
        self.changed(self.intents.len() - 1)
    }

    pub(super) fn look_up(&self, subject: &Subject) -> Said {
        let unheard_of = IntentReport {
            attempt: subject.attempt,
            intent: None,
            amount: None,
            standing: Standing::Failed,
            received: None,
            reason: "not_made".to_owned(),
            action_url: String::new(),
        };
        Said::Intent(self.place(subject).map_or(unheard_of, |place| report(&self.intents[place])))
    }

    pub(super) fn capture(&mut self, ask: &CaptureAsk) -> Said {
        let refused = |reason: &str| Said::CaptureRefused {
            attempt: ask.subject.attempt,
            reason: reason.to_owned(),
        };
        let Some(place) = self.named(&ask.intent) else {
            self.wrong(format!("{} was to be captured and does not exist", ask.intent));
            return refused("no_such_intent");
        };
        let intent = &mut self.intents[place];
        if intent.standing == Standing::Taken {
            let text = format!("{} was to be captured twice, under two keys", ask.intent);
            self.wrong(text);
            return self.look_up(&ask.subject);
        }
        if intent.hollow && intent.standing == Standing::Held {
            (intent.standing, intent.reason) = (Standing::Gone, "hold_lost".to_owned());
            self.changed(place);
            return refused("hold_lost");
        }
        if intent.standing != Standing::Held {
            return refused("not_held");
        }
        if ask.amount.minor > intent.asked.minor || ask.amount.currency != intent.asked.currency {
            let text = format!("{} of {} was to be captured", ask.amount, intent.asked);
            self.wrong(text);
            return refused("amount_too_large");
        }
        (intent.standing, intent.taken) = (Standing::Taken, ask.amount.minor);
        self.changed(place)
    }

    pub(super) fn release(&mut self, ask: &ReleaseAsk) -> Said {
        let Some(place) = self.named(&ask.intent) else {
            self.wrong(format!("{} was to be released and does not exist", ask.intent));
            return self.look_up(&ask.subject);
        };
        let intent = &mut self.intents[place];
        if intent.standing == Standing::Failed || intent.standing >= Standing::Gone {
            return self.look_up(&ask.subject);
        }
        (intent.standing, intent.reason) = (Standing::Gone, "released".to_owned());
        self.changed(place)
    }

    pub(super) fn refund(&mut self, ask: &RefundAsk) -> Said {
        let said = |standing| {
            let (order, amount) = (ask.order.clone(), ask.amount);
            Said::Refund(RefundReport { order, amount, standing })
        };
        let Some(place) = self.named(&ask.intent) else {
            self.wrong(format!("{} was to be refunded and does not exist", ask.intent));
            return said(RefundStanding::Failed);
        };
        let intent = &mut self.intents[place];
        let back: i64 = intent.back.values().sum();
        if back + ask.amount.minor > intent.taken {
            let text = format!("{} of {} was to go back after {back}", ask.amount, intent.taken);
            self.wrong(text);
            return said(RefundStanding::Failed);
        }
        *intent.back.entry(ask.order.clone()).or_default() += ask.amount.minor;
        let subject = intent.subject.clone();
        self.tell(&subject, said(RefundStanding::Done));
        said(RefundStanding::Done)
    }

    pub(super) fn act(&mut self, url: &str) {
        let waits = |intent: &Intent| {
            intent.standing == Standing::ActionRequired && action_url(&intent.name) == url
        };
        if let Some(place) = self.intents.iter().position(waits) {
            self.intents[place].standing = Standing::Held;
            self.changed(place);
        }
    }

    fn changed(&mut self, place: usize) -> Said {
        let said = Said::Intent(report(&self.intents[place]));
        let subject = self.intents[place].subject.clone();
        self.tell(&subject, said.clone());
        said
    }

    fn tell(&mut self, subject: &Subject, said: Said) {
        self.events.push(ProviderEvent {
            id: format!("evt_{}", self.events.len()),
            subject: Some((subject.user.clone(), subject.payment.clone())),
            said: Some(said),
        });
    }

    fn wrong(&mut self, text: String) {
        self.wrongs.push(text);
    }

    fn place(&self, subject: &Subject) -> Option<usize> {
        self.intents.iter().position(|intent| intent.subject == *subject)
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.intents.iter().position(|intent| intent.name == name)
    }
}

fn report(intent: &Intent) -> IntentReport {
    let acts = intent.standing == Standing::ActionRequired;
    let received = Money::new(intent.asked.currency, intent.taken);
    IntentReport {
        attempt: intent.subject.attempt,
        intent: Some(intent.name.clone()),
        amount: Some(intent.asked),
        standing: intent.standing,
        received: (intent.standing == Standing::Taken).then_some(received),
        reason: intent.reason.clone(),
        action_url: if acts { action_url(&intent.name) } else { String::new() },
    }
}

fn action_url(name: &str) -> String {
    format!("https://bank.example/act/{name}")
}
