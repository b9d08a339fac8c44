//! Provider events in every order, with repeats: the end is the same.

use proptest::prelude::*;

use super::{
    Standing, UNTIL, after, authorise, by_card, capture, gave_back, held, intent, refund, says,
    taken,
};
use crate::{
    Command, State,
    command::{Ask, Via},
    report::{RefundStanding, Said},
};
use cell_kernel::{Asked, Caller, Decider as _};

/// How the payment stands when the events begin to come.
#[derive(Clone, Copy, Debug)]
enum Start {
    Asked,
    Capturing,
    Expired,
    Voiding,
    Refunding,
}

fn begin(start: Start) -> State {
    let told = match start {
        Start::Asked => after(&[authorise(by_card(), UNTIL)]),
        Start::Capturing => held().when(&capture()).decided().0,
        Start::Expired => {
            let due = Command { payment: super::id("c1"), ask: Ask::Expire { attempt: 1 } };
            after(&[authorise(by_card(), UNTIL)]).at(UNTIL.as_millis()).when(&due).decided().0
        }
        Start::Voiding => after(&[authorise(by_card(), UNTIL), super::void()]),
        Start::Refunding => {
            let told = taken().when(&refund("o-rif")).decided().0;
            told.when(&refund("o-souss")).decided().0
        }
    };
    told.state().clone()
}

/// What a provider may have to say about one attempt, in its own order.
fn any_life() -> impl Strategy<Value = (Start, Vec<Command>)> {
    use Standing::{ActionRequired, Failed, Gone, Held, Processing, Taken};
    let lives = vec![
        vec![ActionRequired, Processing, Held, Taken],
        vec![ActionRequired, Held, Gone],
        vec![ActionRequired, Failed],
        vec![ActionRequired, Gone],
        vec![Held, Taken],
        vec![Held, Gone],
        vec![Failed],
    ];
    let start = prop::sample::select(vec![Start::Asked, Start::Expired, Start::Voiding]);
    let told = (start, prop::sample::select(lives)).prop_map(|(start, life)| {
        (start, life.into_iter().map(|it| says(Said::Intent(intent(it)))).collect())
    });
    let ends = prop::sample::select(vec![Taken, Gone]);
    let captured = ends.prop_map(|end| {
        let life = [ActionRequired, Processing, Held, end];
        (Start::Capturing, life.map(|it| says(Said::Intent(intent(it)))).to_vec())
    });
    let ends = prop::sample::select(vec![RefundStanding::Done, RefundStanding::Failed]);
    let refunded = ends.prop_map(|end| {
        let told = vec![
            gave_back("o-rif", 3_333, RefundStanding::Pending),
            gave_back("o-rif", 3_333, RefundStanding::Done),
            gave_back("o-souss", 3_334, RefundStanding::Done),
            gave_back("o-souss", 3_334, end),
            says(Said::Intent(intent(Held))),
        ];
        (Start::Refunding, told)
    });
    prop_oneof![told, captured, refunded]
}

/// Visits every order of `items`.
fn each_order(items: &mut Vec<Command>, from: usize, visit: &mut impl FnMut(&[Command])) {
    if from + 1 >= items.len() {
        visit(items);
        return;
    }
    for at in from..items.len() {
        items.swap(from, at);
        each_order(items, from + 1, visit);
        items.swap(from, at);
    }
}

fn end(start: &State, commands: &[Command]) -> State {
    let asked = Asked {
        tenant: "users/leila".parse().unwrap(),
        caller: Caller::platform("story"),
        at: super::START,
    };
    let mut state = start.clone();
    for (number, command) in commands.iter().enumerate() {
        let Ask::Hear { said, .. } = command.ask.clone() else { unreachable!() };
        let via = Via::Event(format!("evt_{number}"));
        let command = Command { payment: command.payment.clone(), ask: Ask::Hear { said, via } };
        for event in crate::Payments::decide(&state, &command, &(), &asked).unwrap() {
            state.evolve(&event);
        }
        let again = crate::Payments::decide(&state, &command, &(), &asked);
        assert_eq!(again, Ok(Vec::new()), "what was heard is no news");
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_order_of_six_provider_events_ends_the_same(
        (start, life) in any_life(),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 2),
    ) {
        let start = begin(start);
        let mut events = life.clone();
        for repeat in repeats {
            if events.len() < 6 {
                events.push(life[repeat.index(life.len())].clone());
            }
        }
        let expected = end(&start, &life);
        let mut orders = 0;
        each_order(&mut events, 0, &mut |order| {
            assert_eq!(end(&start, order), expected, "{order:?}");
            orders += 1;
        });
        prop_assert!(orders >= 6);
    }
}
