//! Scripted misbehaviour: rules that match calls and webhooks, and what then goes wrong. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chaos::{Chaos, Dice};

/// A misbehaviour that waits for its moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Goes wrong between a client and the API.
    Request {
        /// HTTP method; any when left out.
        #[serde(default)]
        method: Option<String>,
        /// Path pattern: `*` stands for one segment, a last `**` for the rest; any when left out.
        #[serde(default)]
        path: Option<String>,
        /// Which of the matching ones.
        #[serde(default)]
        when: When,
        /// What goes wrong.
        #[serde(rename = "do")]
        misdeed: Misdeed,
    },
    /// Goes wrong on the way of a webhook.
    Webhook {
        /// Event type pattern: `*` stands for the rest of one dotted part, as in
        /// `payment_intent.*`; any when left out.
        #[serde(default)]
        event: Option<String>,
        /// Which of the matching ones.
        #[serde(default)]
        when: When,
        /// What goes wrong.
        #[serde(rename = "do")]
        plan: Plan,
    },
}

/// Which of the matching calls or events a rule takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Metadata that the request, or the intent it is about, must carry.
    pub metadata: BTreeMap<String, String>,
    /// The first matching one that is taken, counted from 1.
    pub nth: u32,
    /// How many are taken from there on; 0 means all.
    pub times: u32,
}

impl Default for When {
    fn default() -> Self {
        Self { metadata: BTreeMap::new(), nth: 1, times: 1 }
    }
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Misdeed {
    /// Wait before anything happens, in milliseconds.
    pub delay_before_ms: u64,
    /// Instead of the effect.
    pub before: Option<Before>,
    /// Wait between the effect and the answer, in milliseconds.
    pub delay_after_ms: u64,
    /// Instead of the answer; the effect has happened.
    pub after: Option<After>,
}

/// What a client sees of a call that had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The connection ends without an answer.
    Drop,
    /// 500; nothing is kept under the idempotency key.
    Fail,
    /// 429.
    RateLimit,
}

/// What a client sees of a call that had its effect: the unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The connection ends without an answer; the true answer is kept under the key.
    Drop,
    /// 500; the true answer is kept under the key.
    Fail,
    /// 500, and the 500 is what is kept under the key, as when an endpoint itself fails.
    FailKept,
}

/// What goes wrong with one webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Further copies of the same event.
    pub duplicate: u32,
    /// Wait before the first attempt, in milliseconds.
    pub delay_ms: u64,
    /// Attempts that are lost on the way before one is really sent.
    pub drop_first: u32,
    /// Attempts really sent that carry the signature of another secret.
    pub wrong_signature: u32,
    /// Attempts really sent (after the wrongly signed ones) that were signed too long ago.
    pub stale: u32,
    /// Age of the signature of those, in seconds; 0 means 600.
    pub stale_seconds: u32,
    /// Delivered before the call that caused it is answered.
    pub before_response: bool,
    /// Collect this many events, then release them in reverse order.
    pub hold: u32,
    /// Release what was collected after this long even if it is not complete, in milliseconds;
    /// 0 means 5,000.
    pub hold_ms: u64,
}

/// Events that are held together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// This one completes the group.
    pub(crate) closes: bool,
}

/// A rule with what it has seen.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Armed {
    pub(crate) id: String,
    pub(crate) rule: Rule,
    /// Calls or events that matched.
    pub(crate) matched: u32,
    /// Those that went wrong by it.
    pub(crate) fired: u32,
}

/// All rules, in the order they were made; the first that matches and is due wins.
#[derive(Debug, Default)]
pub(crate) struct Script {
    rules: Vec<Armed>,
    made: u32,
    dice: Option<Dice>,
}

impl Script {
    /// Arms a rule and names it.
    pub(crate) fn add(&mut self, rule: Rule) -> String {
        self.made += 1;
        let id = format!("rule_{}", self.made);
        self.rules.push(Armed { id: id.clone(), rule, matched: 0, fired: 0 });
        id
    }

    pub(crate) fn rules(&self) -> &[Armed] {
        &self.rules
    }

    /// Disarms one rule; false if there is none of that name.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|armed| armed.id != id);
        self.rules.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.dice = None;
    }

    /// Begins or ends random misbehaviour.
    pub(crate) fn set_chaos(&mut self, chaos: Option<Chaos>) {
        self.dice = chaos.map(Dice::new);
    }

    pub(crate) fn chaos(&self) -> Option<&Chaos> {
        self.dice.as_ref().map(Dice::chaos)
    }

    /// What goes wrong with this call.
    pub(crate) fn for_request(
        &mut self,
        method: &str,
        path: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Misdeed {
        for armed in &mut self.rules {
            let Rule::Request { method: wanted, path: pattern, when, misdeed } = &armed.rule else {
                continue;
            };
            let matches = wanted.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(method))
                && pattern.as_ref().is_none_or(|it| path_matches(it, path))
                && carries(metadata, &when.metadata);
            if matches && is_due(when, &mut armed.matched, &mut armed.fired) {
                return *misdeed;
            }
        }
        self.dice.as_mut().map(Dice::misdeed).unwrap_or_default()
    }

    /// What goes wrong with this event, and which other events it waits for.
    pub(crate) fn for_event(
        &mut self,
        kind: &str,
        metadata: &BTreeMap<String, String>,
    ) -> (Plan, Option<Group>) {
        for armed in &mut self.rules {
            let Rule::Webhook { event: pattern, when, plan } = &armed.rule else {
                continue;
            };
            let matches = pattern.as_ref().is_none_or(|it| event_matches(it, kind))
                && carries(metadata, &when.metadata);
            // A group counts as one firing: it takes as many events as it holds.
            let size = plan.hold.max(1);
            let wide = When { times: when.times.saturating_mul(size), ..when.clone() };
            if matches && is_due(&wide, &mut armed.matched, &mut armed.fired) {
                let group = (plan.hold > 0).then(|| Group {
                    name: format!("{}/{}", armed.id, (armed.fired - 1) / size),
                    closes: armed.fired % size == 0,
                });
                return (*plan, group);
            }
        }
        (self.dice.as_mut().map(Dice::plan).unwrap_or_default(), None)
    }
}

fn is_due(when: &When, matched: &mut u32, fired: &mut u32) -> bool {
    if when.times > 0 && *fired >= when.times {
        return false;
    }
    *matched = matched.saturating_add(1);
    let due = *matched >= when.nth;
    *fired = fired.saturating_add(u32::from(due));
    due
}

fn carries(metadata: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| metadata.get(key) == Some(value))
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, segments.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (exact, Some(segment)) if exact == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

fn event_matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, when: When, misdeed: Misdeed) -> Rule {
        Rule::Request { method: Some("POST".into()), path: Some(path.into()), when, misdeed }
    }

    const DROP: Misdeed =
        Misdeed { delay_before_ms: 0, before: None, delay_after_ms: 0, after: Some(After::Drop) };

    #[test]
    fn the_second_capture_of_one_order_goes_wrong_once() {
        let mut script = Script::default();
        let when =
            When { metadata: BTreeMap::from([("order".into(), "A".into())]), nth: 2, times: 1 };
        script.add(request("/v1/payment_intents/*/capture", when, DROP));
        let a = BTreeMap::from([("order".to_owned(), "A".to_owned())]);
        let capture = "/v1/payment_intents/pi_1/capture";
        let seen: Vec<_> = [
            ("POST", capture, &a),
            ("GET", capture, &a),
            ("POST", "/v1/payment_intents", &a),
            ("POST", capture, &BTreeMap::new()),
            ("POST", capture, &a),
            ("POST", capture, &a),
        ]
        .into_iter()
        .map(|(method, path, metadata)| script.for_request(method, path, metadata).after)
        .collect();
        assert_eq!(seen, [None, None, None, None, Some(After::Drop), None]);
    }

    #[test]
    fn a_rule_without_end_keeps_firing_and_the_first_rule_wins() {
        let mut script = Script::default();
        let always = When { times: 0, ..When::default() };
        script.add(request("/v1/**", always.clone(), DROP));
        script.add(request("/v1/**", always, Misdeed::default()));
        for _ in 0..3 {
            let misdeed = script.for_request("POST", "/v1/refunds", &BTreeMap::new());
            assert_eq!(misdeed.after, Some(After::Drop));
        }
        assert!(script.remove("rule_1"));
        assert_eq!(script.for_request("POST", "/v1/refunds", &BTreeMap::new()).after, None);
    }

    #[test]
    fn a_held_group_closes_with_its_last_event() {
        let mut script = Script::default();
        let plan = Plan { hold: 2, ..Plan::default() };
        script.add(Rule::Webhook {
            event: Some("payment_intent.*".into()),
            when: When { times: 2, ..When::default() },
            plan,
        });
        let mut names = Vec::new();
        for _ in 0..5 {
            let (_, group) = script.for_event("payment_intent.succeeded", &BTreeMap::new());
            names.push(group.map(|group| (group.name, group.closes)));
        }
        let first = "rule_1/0".to_owned();
        let second = "rule_1/1".to_owned();
        assert_eq!(
            names,
            [
                Some((first.clone(), false)),
                Some((first, true)),
                Some((second.clone(), false)),
                Some((second, true)),
                None,
            ]
        );
        assert_eq!(script.for_event("charge.captured", &BTreeMap::new()).1, None);
    }

    #[test]
    fn rules_are_written_as_json() {
        let rule: Rule = serde_json::from_str(
            r#"{"on":"request","method":"POST","path":"/v1/payment_intents",
                "when":{"metadata":{"order":"A"},"nth":2},"do":{"delay_before_ms":5,"after":"drop"}}"#,
        )
        .unwrap();
        let Rule::Request { when, misdeed, .. } = &rule else { panic!("not a request rule") };
        assert_eq!((when.nth, when.times), (2, 1));
        assert_eq!((misdeed.delay_before_ms, misdeed.after), (5, Some(After::Drop)));
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
        for wrong in [
            r#"{"on":"request","pth":"/v1","do":{}}"#,
            r#"{"on":"request","do":{"after":"explode"}}"#,
            r#"{"on":"request","when":{"nht":1},"do":{}}"#,
            r#"{"on":"webhook","do":{"duplicates":1}}"#,
            r#"{"on":"call","do":{}}"#,
        ] {
            assert!(serde_json::from_str::<Rule>(wrong).is_err(), "{wrong}");
        }
    }
}
