//! The laws that carts keep, whatever is asked in whatever order.

use std::collections::BTreeSet;

use cell_kernel::story::replay_equals_live;
use proptest::prelude::*;

use super::{id, item, knowing, leila, line, offer, quantity, tenant};
use crate::{
    Command, Event, State,
    command::{Item, Quantity},
    state::Stage,
};

fn any_item() -> impl Strategy<Value = Item> {
    let vendor = prop::sample::select(vec!["atlas", "rif"]);
    let offer = prop::sample::select(vec!["a", "b", "c"]);
    (vendor, offer).prop_map(|(vendor, offer)| item(vendor, offer))
}

fn any_command() -> impl Strategy<Value = Command> {
    let cart = || id("main");
    let checkout = || prop::sample::select(vec!["c1", "c2", "c3"]).prop_map(id);
    let guest = || prop::sample::select(vec!["users/g1", "users/g2"]).prop_map(tenant);
    let number = || (1..100i64).prop_map(quantity);
    let lines = prop::collection::vec((any_item(), 1..100i64), 0..4).prop_map(|lines| {
        let mut seen = BTreeSet::new();
        let one_each = lines.into_iter().filter(|(item, _)| seen.insert(item.clone()));
        one_each.map(|(item, number)| line(&item, number, 100)).collect::<Vec<_>>()
    });
    prop_oneof![
        3 => (any_item(), number())
            .prop_map(move |(item, quantity)| Command::AddLine { cart: cart(), item, quantity }),
        1 => (any_item(), number())
            .prop_map(move |(item, quantity)| Command::ChangeLine { cart: cart(), item, quantity }),
        1 => any_item().prop_map(move |item| Command::RemoveLine { cart: cart(), item }),
        1 => Just(Command::AcceptPrices { cart: cart() }),
        1 => guest().prop_map(move |guest| Command::MergeGuest { cart: cart(), guest }),
        1 => Just(Command::HandOver { cart: cart(), to: tenant("users/omar") }),
        2 => (guest(), 1..4u64, lines).prop_map(move |(guest, round, lines)| {
            Command::TakeLines { cart: cart(), guest, round, lines }
        }),
        2 => checkout().prop_map(move |checkout| Command::Claim {
            cart: cart(),
            checkout,
            round: 0,
            revision: 0,
        }),
        1 => checkout().prop_map(move |checkout| Command::Release { cart: cart(), checkout }),
        1 => (checkout(), prop::collection::vec(any_item(), 0..6)).prop_map(
            move |(checkout, bought)| Command::Convert { cart: cart(), checkout, bought }
        ),
    ]
}

/// A claim names what its buyer saw: here, the cart as it is.
fn seeing(command: Command, state: &State) -> Command {
    match command {
        Command::Claim { cart, checkout, .. } => {
            Command::Claim { cart, checkout, round: state.round, revision: state.revision }
        }
        other => other,
    }
}

fn assert_cart_1(state: &State) {
    let items: BTreeSet<&Item> = state.lines.iter().map(|line| &line.item).collect();
    assert_eq!(items.len(), state.lines.len(), "cart-1: an offer is there twice");
    let currencies: BTreeSet<_> = state.lines.iter().map(|line| line.price.currency).collect();
    assert!(currencies.len() <= 1, "cart-1: {currencies:?}");
    for line in &state.lines {
        assert!((1..=Quantity::MAX).contains(&line.quantity.get()), "cart-1: {line:?}");
    }
}

/// What a claimed cart holds when it is claimed is what it holds when it is released or bought.
fn assert_cart_3(before: &State, after: &State) {
    if let (Stage::Claimed(holder), Stage::Claimed(still)) = (&before.stage, &after.stage) {
        assert_eq!(holder, still, "cart-3: claimed from under another checkout");
        assert_eq!(before.lines, after.lines, "cart-3: a claimed cart changed");
    }
}

fn assert_cart_4(history: &[Event]) {
    let mut seen = BTreeSet::new();
    for event in history {
        if let Event::Merged { guest, round, .. } = event {
            assert!(seen.insert((guest, round)), "cart-4: {guest} round {round} came in twice");
        }
    }
}

proptest! {
    #[test]
    fn carts_keep_their_promises_whatever_is_asked(
        commands in prop::collection::vec(any_command(), 1..80)
    ) {
        let offers = || ["atlas", "rif"].into_iter().flat_map(|vendor| {
            ["a", "b", "c"].into_iter().map(move |name| offer(&item(vendor, name), 100))
        });
        let facts = knowing(offers());
        let mut told = leila();
        for command in commands {
            let before = told.state().clone();
            let command = seeing(command, &before);
            told = told.when_knowing(&command, &facts).decided().0;
            assert_cart_1(told.state());
            assert_cart_3(&before, told.state());
            assert_cart_4(told.history());
        }
        replay_equals_live(&told);
    }
}
