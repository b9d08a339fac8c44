//! The laws that checkout keeps, whatever the others say and the post does: the invariants of `lib.rs`.

use proptest::prelude::*;

use super::world::{Pays, Plan, Says, World};
use crate::{event::Ending, state::Stage};

fn says() -> impl Strategy<Value = Says> {
    prop_oneof![
        6 => Just(Says::Yes),
        1 => Just(Says::NoQuote),
        1 => Just(Says::NoStock),
        1 => Just(Says::Nothing),
    ]
}

fn pays() -> impl Strategy<Value = Pays> {
    prop_oneof![
        4 => Just(Pays::AtOnce),
        2 => Just(Pays::AfterAction),
        1 => Just(Pays::Declines),
        1 => Just(Pays::ActionThenExpires),
        1 => Just(Pays::CaptureFails),
        1 => Just(Pays::Never),
    ]
}

fn asleep() -> impl Strategy<Value = Option<&'static str>> {
    let who = ["carts", "orders", "payments", "CommitReservation", "CapturePayment", "VoidPayment"];
    prop_oneof![6 => Just(None), 4 => prop::sample::select(who.to_vec()).prop_map(Some)]
}

fn plan() -> impl Strategy<Value = Plan> {
    (any::<bool>(), prop::bool::weighted(0.1), says(), says(), pays(), asleep()).prop_map(
        |(ship_what_you_can, cart_refuses, atlas, rif, pays, asleep)| Plan {
            ship_what_you_can,
            cart_refuses,
            atlas,
            rif,
            pays,
            asleep,
        },
    )
}

/// What happens next, picked from whatever can.
#[derive(Clone, Copy, Debug)]
enum Step {
    Deliver(usize),
    Repeat(usize),
    Fire(usize),
    Pass(u64),
    Place,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (0..64usize).prop_map(Step::Deliver),
        6 => (0..64usize).prop_map(Step::Repeat),
        2 => (0..8usize).prop_map(Step::Fire),
        2 => prop::sample::select(vec![1_000, 20_000, 900_000]).prop_map(Step::Pass),
        2 => Just(Step::Place),
        1 => Just(Step::Cancel),
    ]
}

fn asleep_in(plan: &Plan) -> Vec<&'static str> {
    let vendors = [("vendors/atlas", plan.atlas), ("vendors/rif", plan.rif)];
    let dead = vendors.into_iter().filter(|(_, says)| *says == Says::Nothing);
    dead.map(|(name, _)| name).chain(plan.asleep).collect()
}

fn run(plan: &Plan, steps: &[Step]) -> World {
    let mut world = World::new(plan);
    let asleep = asleep_in(plan);
    world.place();
    for step in steps {
        match *step {
            Step::Deliver(pick) => world.deliver(pick, false, &asleep),
            Step::Repeat(pick) => world.deliver(pick, true, &asleep),
            Step::Fire(pick) => world.fire(pick),
            Step::Pass(ms) => world.pass(ms),
            Step::Place => world.place(),
            Step::Cancel => world.cancel(),
        }
    }
    world.rest(&asleep);
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn it_is_bought_and_paid_for_or_nothing_is_held(
        plan in plan(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        run(&plan, &steps).assert_at_rest();
    }
}

fn all_yes() -> Plan {
    Plan {
        ship_what_you_can: false,
        cart_refuses: false,
        atlas: Says::Yes,
        rif: Says::Yes,
        pays: Pays::AtOnce,
        asleep: None,
    }
}

fn end_of(plan: &Plan) -> (Stage, usize) {
    let world = run(plan, &[]);
    world.assert_at_rest();
    (world.session().stage.clone(), world.session().problems.len())
}

#[test]
fn in_a_world_without_trouble_every_purchase_is_made() {
    assert_eq!(end_of(&all_yes()), (Stage::Completed, 0));
    let plan = Plan { pays: Pays::AfterAction, ..all_yes() };
    assert_eq!(end_of(&plan), (Stage::Completed, 0));
}

#[test]
fn a_dead_cell_hurts_only_its_vendors_lines() {
    let failed = Stage::Ended(Ending::Failed);
    let plan = Plan { atlas: Says::Nothing, ..all_yes() };
    assert_eq!(end_of(&plan), (failed, 2), "both of its lines are named");
    let plan = Plan { ship_what_you_can: true, ..plan };
    assert_eq!(end_of(&plan), (Stage::Completed, 2));
}

#[test]
fn every_way_to_fail_ends_with_nothing_held() {
    let failed = Stage::Ended(Ending::Failed);
    for pays in [Pays::Declines, Pays::ActionThenExpires, Pays::CaptureFails, Pays::Never] {
        assert_eq!(end_of(&Plan { pays, ..all_yes() }), (failed.clone(), 1), "{pays:?}");
    }
    for says in [Says::NoQuote, Says::NoStock] {
        assert_eq!(end_of(&Plan { rif: says, ..all_yes() }), (failed.clone(), 1), "{says:?}");
    }
    assert_eq!(end_of(&Plan { cart_refuses: true, ..all_yes() }), (failed, 1));
}

#[test]
fn whoever_sleeps_too_long_is_not_waited_for_except_for_taken_money() {
    let end_without = |asleep| end_of(&Plan { asleep: Some(asleep), ..all_yes() });
    let failed = Stage::Ended(Ending::Failed);
    assert_eq!(end_without("carts"), (failed.clone(), 1));
    assert_eq!(end_without("orders"), (failed.clone(), 1));
    assert_eq!(end_without("payments"), (failed.clone(), 1));
    assert_eq!(end_without("CommitReservation"), (failed, 3), "each line that waits");
    assert_eq!(end_without("CapturePayment"), (Stage::Completed, 0));
}
