//! A bank for the laws: it holds, takes and gives back as it is asked, keeps its answers under their keys, and tells late.

use std::collections::BTreeMap;

use base_ids::ResourceId;

use super::mad;
use crate::{
    effect::{Call, Subject},
    report::{IntentReport, RefundReport, RefundStanding, Said, Standing},
};

/// One intent at the bank.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    attempt: u32,
    amount: i64,
    pub(super) standing: Standing,
    pub(super) received: i64,
    pub(super) refunds: BTreeMap<ResourceId, i64>,
}

/// The bank.
#[derive(Default)]
pub(super) struct Bank {
    pub(super) intents: BTreeMap<String, Intent>,
    answers: BTreeMap<String, Said>,
    /// What it has to tell, until it was told for the last time.
    pub(super) events: Vec<(String, Said)>,
    told: usize,
}

impl Bank {
    /// Does what it is asked; under a key that it knows, it only answers again.
    pub(super) fn perform(&mut self, call: &Call, key: &str) -> Said {
        if let Some(answer) = self.answers.get(key) {
            return answer.clone();
        }
        let answer = match call {
            Call::Authorise(ask) => {
                let standing = match ask.instrument.to_string().as_str() {
                    "pm_declined" => Standing::Failed,
                    "pm_3ds" => Standing::ActionRequired,
                    _ => Standing::Held,
                };
                let intent = Intent {
                    attempt: ask.subject.attempt,
                    amount: ask.amount.minor,
                    standing,
                    received: 0,
                    refunds: BTreeMap::new(),
                };
                let name = name(&ask.subject);
                self.intents.insert(name.clone(), intent);
                self.tell(&name)
            }
            // What was only looked at is looked at anew each time.
            Call::LookUp(ask) => return self.look_up(&ask.subject),
            Call::Capture(ask) => {
                let intent = self.intents.get_mut(&ask.intent).unwrap();
                if intent.standing == Standing::Held {
                    intent.standing = Standing::Taken;
                    intent.received = ask.amount.minor;
                }
                self.tell(&ask.intent)
            }
            Call::Release(ask) => self.drop_hold(&ask.intent),
            Call::Refund(ask) => {
                let intent = self.intents.get_mut(&ask.intent).unwrap();
                let before = intent.refunds.insert(ask.order.clone(), ask.amount.minor);
                assert_eq!(before, None, "a share goes back once");
                let back: i64 = intent.refunds.values().sum();
                assert!(back <= intent.received, "more goes back than was taken");
                let (order, amount) = (ask.order.clone(), ask.amount);
                let standing = RefundStanding::Done;
                self.say(Said::Refund(RefundReport { order, amount, standing }))
            }
        };
        self.answers.insert(key.to_owned(), answer.clone());
        answer
    }

    /// The buyer acts, or fails to.
    pub(super) fn act(&mut self, passes: bool) {
        let waiting = self.intents.iter().find(|(_, it)| it.standing == Standing::ActionRequired);
        if let Some(name) = waiting.map(|(name, _)| name.clone()) {
            let standing = if passes { Standing::Held } else { Standing::Failed };
            self.intents.get_mut(&name).unwrap().standing = standing;
            self.tell(&name);
        }
    }

    /// The bank lets go of a hold by itself, as banks do after a week.
    pub(super) fn forget(&mut self) {
        let held = self.intents.iter().find(|(_, it)| it.standing == Standing::Held);
        if let Some(name) = held.map(|(name, _)| name.clone()) {
            self.drop_hold(&name);
        }
    }

    fn drop_hold(&mut self, name: &str) -> Said {
        let intent = self.intents.get_mut(name).unwrap();
        if !matches!(intent.standing, Standing::Taken | Standing::Gone) {
            intent.standing = Standing::Gone;
        }
        self.tell(name)
    }

    fn look_up(&self, subject: &Subject) -> Said {
        match self.intents.get(&name(subject)) {
            Some(intent) => Said::Intent(report(&name(subject), intent)),
            // It was asked before and has not arrived: nobody knows.
            None => Said::Intent(IntentReport {
                attempt: subject.attempt,
                intent: None,
                amount: None,
                standing: Standing::Asked,
                received: None,
                reason: String::new(),
                action_url: String::new(),
            }),
        }
    }

    fn tell(&mut self, name: &str) -> Said {
        let said = Said::Intent(report(name, &self.intents[name]));
        self.say(said)
    }

    fn say(&mut self, said: Said) -> Said {
        self.told += 1;
        self.events.push((format!("evt_{}", self.told), said.clone()));
        said
    }
}

fn name(subject: &Subject) -> String {
    format!("pi_{}", subject.attempt)
}

fn report(name: &str, intent: &Intent) -> IntentReport {
    let is = |standing| intent.standing == standing;
    IntentReport {
        attempt: intent.attempt,
        intent: Some(name.to_owned()),
        amount: Some(mad(intent.amount)),
        standing: intent.standing,
        received: is(Standing::Taken).then(|| mad(intent.received)),
        reason: if is(Standing::Failed) { "declined".to_owned() } else { String::new() },
        action_url: if is(Standing::ActionRequired) { "/3ds".to_owned() } else { String::new() },
    }
}
