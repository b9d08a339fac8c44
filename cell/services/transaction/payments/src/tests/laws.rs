//! The laws, over random runs in which calls lose their answers and events come late, twice and in any order.

use base_ids::{ResourceId, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{
    Asked, Caller, Decider as _, Effect as _, Outbox, Posted, Seen, Words,
    story::{replay_equals_live, story},
};
use proptest::prelude::*;

use super::{UNTIL, ask, authorise, bank::Bank, capture, collect, id, refund, void};
use crate::{
    Command, Event, Payments, State, announce,
    command::{Ask, Instrument, Method, Via},
    effect::{Call, CardCalls, CardProvider},
    report::Standing,
    state::{Payment, Share, Stage, Status},
    wire,
};

/// What may happen next.
#[derive(Clone, Debug)]
enum Step {
    Call { place: prop::sample::Index, answer_lost: bool },
    Event { place: prop::sample::Index, again: bool },
    Authorise(&'static str),
    Capture,
    Void,
    Refund(usize),
    Collect(usize),
    Act(bool),
    Forget,
    Expire(u32),
    Sync,
}

const ORDERS: [(&str, i64); 3] = [("o-atlas", 3_333), ("o-rif", 3_333), ("o-souss", 3_334)];

fn any_step() -> impl Strategy<Value = Step> {
    let instrument = prop::sample::select(vec!["pm_ok", "pm_3ds", "pm_declined"]);
    prop_oneof![
        8 => (any::<prop::sample::Index>(), prop::bool::weighted(0.3))
            .prop_map(|(place, answer_lost)| Step::Call { place, answer_lost }),
        6 => (any::<prop::sample::Index>(), prop::bool::weighted(0.3))
            .prop_map(|(place, again)| Step::Event { place, again }),
        2 => instrument.prop_map(Step::Authorise),
        3 => Just(Step::Capture),
        1 => Just(Step::Void),
        1 => (0..3usize).prop_map(Step::Refund),
        1 => (0..3usize).prop_map(Step::Collect),
        3 => any::<bool>().prop_map(Step::Act),
        1 => Just(Step::Forget),
        1 => (1..3u32).prop_map(Step::Expire),
        1 => Just(Step::Sync),
    ]
}

fn card(instrument: &str) -> (Method, Option<Instrument>) {
    (Method::Card, Some(instrument.parse().unwrap()))
}

/// A provider that is never called: calls are performed by the bank.
struct Nobody;

impl CardProvider for Nobody {
    fn authorise<'a>(
        &'a self,
        _: &'a crate::effect::AuthoriseAsk,
        _: &'a str,
    ) -> cell_kernel::Answer<'a, crate::report::Said> {
        unreachable!()
    }

    fn look_up<'a>(
        &'a self,
        _: &'a crate::effect::LookUpAsk,
    ) -> cell_kernel::Answer<'a, crate::report::Said> {
        unreachable!()
    }

    fn capture<'a>(
        &'a self,
        _: &'a crate::effect::CaptureAsk,
        _: &'a str,
    ) -> cell_kernel::Answer<'a, crate::report::Said> {
        unreachable!()
    }

    fn release<'a>(
        &'a self,
        _: &'a crate::effect::ReleaseAsk,
        _: &'a str,
    ) -> cell_kernel::Answer<'a, crate::report::Said> {
        unreachable!()
    }

    fn refund<'a>(
        &'a self,
        _: &'a crate::effect::RefundAsk,
        _: &'a str,
    ) -> cell_kernel::Answer<'a, crate::report::Said> {
        unreachable!()
    }
}

/// One payment, the bank, and what was told.
struct World {
    bank: Bank,
    state: State,
    history: Vec<Event>,
    calls: Vec<(String, Call)>,
    told: Vec<Posted>,
    effects: CardCalls,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        Self {
            bank: Bank::default(),
            state: State::default(),
            history: Vec::new(),
            calls: Vec::new(),
            told: Vec::new(),
            effects: CardCalls(std::sync::Arc::new(Nobody)),
            now: Timestamp::default(),
        }
    }

    fn give(&mut self, command: &Command) {
        let tenant: Tenant = "users/leila".parse().unwrap();
        let asked =
            Asked { tenant: tenant.clone(), caller: Caller::platform("story"), at: self.now };
        // What is asked of a payment that is not there is refused, and nothing happens.
        let decided = Payments::decide(&self.state, command, &(), &asked).unwrap_or_default();
        for event in decided {
            self.state.evolve(&event);
            self.history.push(event.clone());
            let version = Version(self.history.len() as u64);
            let (key, state) = ("payment-c1", &self.state);
            let seen = Seen { tenant: &tenant, key, event: &event, state, version, at: self.now };
            let mut outbox = Outbox::default();
            announce::announce(&seen, &mut outbox);
            self.told.extend(outbox.into_posted());
            for call in self.effects.calls(&seen) {
                self.calls.push((format!("key-{version}"), call));
            }
        }
        self.assert_shares_are_bounded();
    }

    fn call(&mut self, place: usize, answer_lost: bool) {
        let (key, call) = self.calls[place].clone();
        let said = self.bank.perform(&call, &key);
        if !answer_lost {
            self.calls.swap_remove(place);
            self.give(&ask(Ask::Hear { said: Some(said), via: Via::Answer }));
        }
    }

    fn event(&mut self, place: usize, again: bool) {
        let (id, said) = self.bank.events[place].clone();
        if !again {
            self.bank.events.swap_remove(place);
        }
        self.give(&ask(Ask::Hear { said: Some(said), via: Via::Event(id) }));
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Call { place, answer_lost } if !self.calls.is_empty() => {
                self.call(place.index(self.calls.len()), *answer_lost);
            }
            Step::Event { place, again } if !self.bank.events.is_empty() => {
                self.event(place.index(self.bank.events.len()), *again);
            }
            Step::Call { .. } | Step::Event { .. } => {}
            Step::Authorise(instrument) => {
                self.give(&authorise(card(instrument), UNTIL));
            }
            Step::Capture => self.give(&capture()),
            Step::Void => self.give(&void()),
            Step::Refund(at) => self.give(&refund(ORDERS[*at].0)),
            Step::Collect(at) => {
                let in_cash = self.payment().is_some_and(|it| it.method == Method::CashOnDelivery);
                if in_cash {
                    self.give(&collect(ORDERS[*at].0, ORDERS[*at].1));
                }
            }
            Step::Act(passes) => self.bank.act(*passes),
            Step::Forget => self.bank.forget(),
            Step::Expire(attempt) => self.expire(*attempt),
            Step::Sync => self.give(&ask(Ask::Sync)),
        }
    }

    fn expire(&mut self, attempt: u32) {
        let before = std::mem::replace(&mut self.now, UNTIL);
        self.give(&ask(Ask::Expire { attempt }));
        self.now = before;
    }

    /// Every call is answered, every event is told, every deadline passes.
    fn settle(&mut self) {
        for _ in 0..3 {
            while !self.calls.is_empty() || !self.bank.events.is_empty() {
                if self.calls.is_empty() {
                    self.event(0, false);
                } else {
                    self.call(0, false);
                }
            }
            (1..20).for_each(|attempt| self.expire(attempt));
        }
    }

    fn payment(&self) -> Option<&Payment> {
        self.state.payment()
    }

    fn assert_shares_are_bounded(&self) {
        let Some(payment) = self.payment() else { return };
        for share in &payment.shares {
            let (claimed, captured) = (share.claimed.minor, share.captured.minor);
            assert!(claimed >= 0 && captured >= 0, "pay-1: {share:?}");
            assert!(claimed + captured <= share.amount.minor, "pay-1: {share:?}");
            assert!(share.refunded().minor <= captured, "pay-1: {share:?}");
        }
        let sum = |column: fn(&Share) -> base_money::Money| payment.sum(column).minor;
        assert_eq!(sum(|it| it.captured) - sum(Share::refunded), sum(Share::kept), "pay-2");
        let active =
            payment.attempts.iter().filter(|it| matches!(it.stage, Stage::Open | Stage::Held));
        assert!(active.count() <= 1, "pay-3");
    }

    fn outcomes(&self, status: wire::payment_outcome::Status) -> usize {
        let told = self.heard::<wire::PaymentOutcome>();
        told.filter(|outcome| outcome.status() == status).count()
    }

    fn heard<M: Words>(&self) -> impl Iterator<Item = M> {
        self.told.iter().filter_map(|posted| match posted {
            Posted::To { kind, body, .. } if *kind == M::full_name() => M::decode(&**body).ok(),
            _ => None,
        })
    }

    /// Our books and the bank's say the same, and nothing hangs in the air.
    fn assert_settled(&self) {
        let Some(payment) = self.payment() else { return };
        assert_eq!(payment.trouble, None);
        if payment.method == Method::Card {
            let sum = |column: fn(&Share) -> base_money::Money| payment.sum(column).minor;
            let intents = || self.bank.intents.values();
            let taken: i64 = intents().map(|it| it.received).sum();
            let back: i64 = intents().flat_map(|it| it.refunds.values()).sum();
            assert_eq!((sum(|it| it.captured), sum(Share::refunded)), (taken, back));
            assert_eq!(sum(|it| it.claimed), 0, "nothing is being taken");
        }
        let open = |standing| matches!(standing, Standing::ActionRequired | Standing::Held);
        let holds = self.bank.intents.values().filter(|it| open(it.standing)).count();
        let wanted = payment.attempts.iter().any(|it| it.stage == Stage::Held) && !payment.taken;
        let wanted = wanted && !payment.shares.iter().all(|it| it.waived);
        assert!(holds <= usize::from(wanted), "a hold that nobody wants: {payment:?}");
        if payment.void.is_some() {
            assert_eq!(payment.status(), Status::Voided);
            assert_eq!((holds, payment.sum(Share::kept).minor), (0, 0));
            assert_eq!(self.outcomes(wire::payment_outcome::Status::Voided), 1);
        }
        for share in &payment.shares {
            let told = self.heard::<wire::ShareRefunded>();
            let told = told.filter(|it| it.order.parse::<ResourceId>() == Ok(share.order.clone()));
            assert_eq!(told.count(), usize::from(share.wanted_by.is_some()), "{share:?}");
        }
        assert!(self.outcomes(wire::payment_outcome::Status::Captured) <= 1);
    }
}

fn run(first: &Command, steps: &[Step]) {
    let mut world = World::new();
    world.give(first);
    for step in steps {
        world.take(step);
    }
    world.settle();
    world.assert_settled();
    let told = story::<Payments>("users/leila").given(world.history.clone());
    assert_eq!(told.state(), &world.state);
    replay_equals_live(&told);
}

proptest! {
    #[test]
    fn our_books_and_the_banks_agree_whatever_is_lost_or_late(
        instrument in prop::sample::select(vec!["pm_ok", "pm_3ds", "pm_declined"]),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        run(&authorise(card(instrument), UNTIL), &steps);
    }

    #[test]
    fn cash_is_collected_or_not_and_never_both(
        steps in prop::collection::vec(prop_oneof![
            2 => Just(Step::Capture),
            3 => (0..3usize).prop_map(Step::Collect),
        ], 0..20),
        dropped in prop::collection::vec(0..3usize, 0..3),
    ) {
        let kept: Vec<_> = steps
            .into_iter()
            .filter(|step| !matches!(step, Step::Collect(at) if dropped.contains(at)))
            .chain(dropped.iter().map(|at| Step::Refund(*at)))
            .collect();
        run(&authorise((Method::CashOnDelivery, None), UNTIL), &kept);
    }

    #[test]
    fn a_voiding_before_its_payment_leaves_nothing(steps in prop::collection::vec(any_step(), 0..30)) {
        let mut world = World::new();
        world.give(&void());
        for step in &steps {
            world.take(step);
        }
        assert_eq!(world.state, State::Barred);
        assert!(world.bank.intents.is_empty());
    }
}

#[test]
fn the_bank_of_these_laws_is_a_bank() {
    let mut world = World::new();
    world.give(&authorise(card("pm_ok"), UNTIL));
    world.settle();
    world.give(&capture());
    world.give(&refund("o-rif"));
    world.settle();
    world.assert_settled();
    let intent = &world.bank.intents["pi_1"];
    assert_eq!((intent.received, intent.refunds[&id("o-rif")]), (10_000, 3_333));
}
