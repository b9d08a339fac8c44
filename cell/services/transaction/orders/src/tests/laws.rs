//! The laws, over random runs of one to five vendors whose messages come late, twice and in any order.

use std::collections::BTreeMap;

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::story::{replay_equals_live, story};
use proptest::prelude::*;

use super::{TERMS, child, drafted, id, line, mad, parcel, world::World};
use crate::{
    Command, Event, Orders,
    command::{ChildAsk, GroupAsk, Status},
    draft::{GroupDraft, PaymentMethod},
    state::{Group, GroupStatus},
    wire,
};

/// What may happen next.
#[derive(Clone, Debug)]
enum Step {
    Deliver { letter: prop::sample::Index, again: bool },
    Accept(usize),
    Reject(usize),
    Ship(usize),
    Arrive(usize),
    CancelPart(usize),
    CancelAll,
    Confirm,
    Undo,
}

fn any_step() -> impl Strategy<Value = Step> {
    let vendor = 0..5usize;
    prop_oneof![
        6 => (any::<prop::sample::Index>(), prop::bool::weighted(0.3))
            .prop_map(|(letter, again)| Step::Deliver { letter, again }),
        2 => vendor.clone().prop_map(Step::Accept),
        1 => vendor.clone().prop_map(Step::Reject),
        2 => vendor.clone().prop_map(Step::Ship),
        2 => vendor.clone().prop_map(Step::Arrive),
        1 => vendor.prop_map(Step::CancelPart),
        1 => Just(Step::CancelAll),
        2 => Just(Step::Confirm),
    ]
}

fn any_group() -> impl Strategy<Value = GroupDraft> {
    let method = prop_oneof![Just(PaymentMethod::Card), Just(PaymentMethod::CashOnDelivery)];
    let lines = prop::collection::vec((1..4u32, 0..50_000i64), 1..4);
    (prop::collection::vec((lines, 0..3_000i64), 1..=5), method).prop_map(|(vendors, method)| {
        let children = vendors.into_iter().enumerate().map(|(at, (lines, fee))| {
            let lines = lines.into_iter().map(|(many, price)| line("a", many, mad(price)));
            child(&format!("v{at}"), lines.collect(), fee).unwrap()
        });
        drafted(method, children.collect()).checked().unwrap()
    })
}

fn buyer() -> Tenant {
    "users/leila".parse().unwrap()
}

fn part(at: usize) -> ResourceId {
    id(&format!("o-v{at}"))
}

fn take(world: &mut World, step: &Step) {
    let child = |at: usize, ask| {
        (format!("vendors/v{at}").parse().unwrap(), Command::Child { order: part(at), ask })
    };
    let group = |ask| (buyer(), Command::Group { group: id("g1"), ask });
    let cancel = |parts| group(GroupAsk::Cancel { parts, reason: None });
    let (tenant, command) = match step {
        Step::Deliver { letter, again } => {
            let ready: Vec<_> =
                (0..world.post.len()).filter(|at| world.post[*at].due.is_none()).collect();
            if !ready.is_empty() {
                world.deliver(ready[letter.index(ready.len())], *again);
            }
            return;
        }
        Step::Accept(at) => child(*at, ChildAsk::Accept),
        Step::Reject(at) => child(*at, ChildAsk::Reject { reason: "gone".parse().unwrap() }),
        Step::Ship(at) => child(*at, ChildAsk::Ship { parcel: parcel() }),
        Step::Arrive(at) => child(*at, ChildAsk::Deliver),
        Step::CancelPart(at) => cancel([part(*at)].into()),
        Step::CancelAll => cancel([].into()),
        Step::Confirm => return world.tell(&buyer(), &wire::ConfirmGroup { group: "g1".into() }),
        Step::Undo => group(GroupAsk::Undo { reason: "capture failed".to_owned() }),
    };
    // People may ask for what is not possible: they are refused, and nothing happens.
    let _ = world.ask(&tenant, &command);
}

fn group(world: &World) -> &Group {
    world.streams[&"users/leila/orders/group-g1".parse().unwrap()].state.group().unwrap()
}

/// What each child order has done, by its events.
fn steps(world: &World) -> BTreeMap<ResourceId, Vec<Status>> {
    let mut steps = BTreeMap::new();
    for (name, stream) in &world.streams {
        let Some(order) = name.key.strip_prefix("child-") else { continue };
        let taken = stream.history.iter().filter_map(|event| match event {
            Event::ChildPlaced { .. } => Some(Status::Placed),
            Event::ChildConfirmed { .. } => Some(Status::Confirmed),
            Event::ChildAccepted => Some(Status::Accepted),
            Event::ChildRejected { .. } => Some(Status::Rejected),
            Event::ChildLapsed => Some(Status::Lapsed),
            Event::ChildCancelled { .. } => Some(Status::Cancelled),
            Event::ChildShipped { .. } => Some(Status::Shipped),
            Event::ChildDelivered => Some(Status::Delivered),
            _ => None,
        });
        steps.insert(id(order), taken.collect());
    }
    steps
}

fn may_follow(before: Status, after: Status) -> bool {
    matches!(
        (before, after),
        (Status::Placed, Status::Confirmed | Status::Cancelled)
            | (
                Status::Confirmed,
                Status::Accepted | Status::Rejected | Status::Lapsed | Status::Cancelled
            )
            | (Status::Accepted, Status::Shipped | Status::Rejected | Status::Cancelled)
            | (Status::Shipped, Status::Delivered)
    )
}

fn assert_at_every_step(world: &World, draft: &GroupDraft) {
    let group = group(world);
    let totals = group.draft.children.iter().map(|child| child.total);
    let sum = Money::sum(totals, draft.currency()).unwrap();
    assert_eq!((group.draft.total(), &group.draft), (sum, draft), "order-1");
    assert!(group.refunded().minor <= sum.minor, "order-1");
    for (order, steps) in steps(world) {
        assert!(steps.windows(2).all(|it| may_follow(it[0], it[1])), "order-2: {order} {steps:?}");
        let sent = steps.iter().filter(|it| **it == Status::Shipped).count();
        let dropped = steps.iter().filter(|it| it.is_dropped()).count();
        assert!(sent + dropped <= 1, "order-3: {order} {steps:?}");
    }
}

/// Once every letter is read and every deadline is over, both sides agree, and stock and money have followed.
fn assert_in_the_end(world: &World) {
    let group = group(world);
    let children = steps(world);
    let refunds = tally(world.told_abroad::<wire::RefundShare>().map(|(_, it)| it.order));
    let cash = tally(world.told_abroad::<wire::CashCollected>().map(|(_, it)| it.order));
    let (mut kept, mut expected_back) = (0, 0);
    for (draft, _, part) in group.children() {
        let taken = &children[&draft.order];
        let is = *taken.last().unwrap();
        assert_eq!(part.status, is, "{}", draft.order);
        assert!(!part.cancelling, "{} waits for an answer", draft.order);
        let paid_back = is.is_dropped() && group.undone.is_none();
        assert_eq!(refunds.get(draft.order.as_str()).copied(), paid_back.then_some(1));
        if paid_back {
            expected_back += draft.total.minor;
        } else {
            kept += draft.total.minor;
        }
        let in_cash = group.draft.payment_method == PaymentMethod::CashOnDelivery;
        let collected = in_cash && is == Status::Delivered;
        assert_eq!(cash.get(draft.order.as_str()).copied(), collected.then_some(1));
        let stock = |kind: &str| {
            let told = world.abroad.iter().filter(|it| it.service == "inventory");
            told.filter(|it| it.tenant == draft.vendor && it.kind.ends_with(kind)).count()
        };
        assert_eq!(stock("ReleaseReservation"), usize::from(is.is_dropped()));
        assert_eq!(stock("ShipReservation"), usize::from(taken.contains(&Status::Shipped)));
    }
    assert_eq!(group.refunded().minor, expected_back);
    assert_eq!(kept + expected_back, group.draft.total().minor, "money is conserved");
    if group.undone.is_some() {
        assert_eq!(group.status(), GroupStatus::Cancelled);
    }
}

fn tally(orders: impl Iterator<Item = String>) -> BTreeMap<String, u32> {
    let mut tally = BTreeMap::new();
    for order in orders {
        *tally.entry(order).or_default() += 1;
    }
    tally
}

fn run(draft: &GroupDraft, steps: &[Step]) {
    let mut world = World::new();
    let place = GroupAsk::Place(Box::new(draft.clone()));
    world.ask(&buyer(), &Command::Group { group: id("g1"), ask: place }).unwrap();
    for step in steps {
        take(&mut world, step);
        assert_at_every_step(&world, draft);
    }
    if group(&world).undone.is_none() {
        world.tell(&buyer(), &wire::ConfirmGroup { group: "g1".to_owned() });
    }
    world.settle();
    world.payments_answers();
    world.settle();
    assert_at_every_step(&world, draft);
    assert_in_the_end(&world);
    for (name, stream) in &world.streams {
        let told = story::<Orders>(name.tenant.as_str()).given(stream.history.clone());
        assert_eq!(told.state(), &stream.state);
        replay_equals_live(&told);
    }
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order_group_and_children_agree_in_the_end(
        draft in any_group(),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        run(&draft, &steps);
    }

    #[test]
    fn an_undone_checkout_leaves_no_child_order_alive_however_its_messages_run(
        draft in any_group(),
        before in prop::collection::vec(any_step().prop_filter("not yet paid", |step| {
            matches!(step, Step::Deliver { .. })
        }), 0..10),
        after in prop::collection::vec(any_step(), 0..30),
    ) {
        let steps: Vec<_> = before.into_iter().chain([Step::Undo]).chain(after).collect();
        run(&draft, &steps);
    }
}

#[test]
fn terms_are_taken_from_the_configuration() {
    assert_eq!(serde_json::from_str::<crate::Config>("{}").unwrap(), TERMS);
    assert!(serde_json::from_str::<crate::Config>(r#"{"answer_window": 1}"#).is_err());
}
