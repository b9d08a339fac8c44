//! The stories that prove inventory, and the laws it keeps.

use std::collections::BTreeMap;

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::{
    Caller, Outbox, Posted, Seen,
    story::{Story, old_events_still_lift, replay_equals_live, story},
};
use proptest::prelude::*;

use crate::{
    Command, Event, Inventory, Refusal, State, announce,
    command::{Line, Quantity, ReplyTo, Service},
    event::{Pick, RefusedBecause, Shortage},
};

const DEADLINE: i64 = 60_000;

fn atlas() -> Story<Inventory> {
    story("vendors/atlas")
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn quantity(quantity: i64) -> Quantity {
    quantity.try_into().unwrap()
}

fn buyer() -> ReplyTo {
    ReplyTo { tenant: "users/leila".parse().unwrap(), service: Service::Checkout }
}

fn line(offer: &str, number: i64) -> Line {
    Line { offer: id(offer), quantity: quantity(number) }
}

fn pick(offer: &str, location: &str, quantity: i64) -> Pick {
    Pick { offer: id(offer), location: id(location), quantity }
}

fn received(offer: &str, location: &str, quantity: i64) -> Event {
    Event::StockReceived { offer: id(offer), location: id(location), quantity }
}

fn reserve(reservation: &str, lines: &[Line]) -> Command {
    let until = Timestamp::from_millis(DEADLINE);
    Command::ReserveStock {
        reservation: id(reservation),
        reply: buyer(),
        lines: lines.to_vec(),
        until,
    }
}

fn reserved(reservation: &str, picks: &[Pick]) -> Event {
    let until = Timestamp::from_millis(DEADLINE);
    Event::StockReserved {
        reservation: id(reservation),
        reply: buyer(),
        picks: picks.to_vec(),
        until,
    }
}

fn committed(reservation: &str, picks: &[Pick]) -> Event {
    Event::ReservationCommitted {
        reservation: id(reservation),
        picks: picks.to_vec(),
        reply: buyer(),
    }
}

fn refused(reservation: &str, reason: RefusedBecause, shortages: &[Shortage]) -> Event {
    Event::ReservationRefused {
        reservation: id(reservation),
        reply: buyer(),
        reason,
        shortages: shortages.to_vec(),
    }
}

fn commit(reservation: &str) -> Command {
    Command::CommitReservation { reservation: id(reservation), reply: buyer() }
}

fn release(reservation: &str) -> Command {
    Command::ReleaseReservation { reservation: id(reservation), reason: "buyer left".to_owned() }
}

fn expire(reservation: &str) -> Command {
    Command::ExpireReservation { reservation: id(reservation) }
}

#[test]
fn a_unit_is_never_promised_twice() {
    let last_unit = [received("quran", "main", 1)];
    let one = [line("quran", 1)];
    let shortage = Shortage { offer: id("quran"), asked: 1, available: 0 };
    atlas()
        .given(last_unit)
        .when(&reserve("r1", &one))
        .then([reserved("r1", &[pick("quran", "main", 1)])])
        .when(&reserve("r2", &one))
        .then([refused("r2", RefusedBecause::OutOfStock, &[shortage])]);
}

#[test]
fn two_lines_of_one_offer_are_summed_before_the_check() {
    let shortage = Shortage { offer: id("atlas"), asked: 4, available: 3 };
    atlas()
        .given([received("atlas", "main", 3)])
        .when(&reserve("r1", &[line("atlas", 2), line("atlas", 2)]))
        .then([refused("r1", RefusedBecause::OutOfStock, &[shortage])]);
}

#[test]
fn all_lines_are_promised_or_none() {
    let shortage = Shortage { offer: id("b"), asked: 2, available: 1 };
    let after = atlas()
        .given([received("a", "main", 5), received("b", "main", 1)])
        .when(&reserve("r1", &[line("a", 1), line("b", 2)]))
        .then([refused("r1", RefusedBecause::OutOfStock, &[shortage])]);
    assert_eq!(after.state().available(&id("a")), 5);
}

#[test]
fn one_promise_may_be_picked_from_several_places() {
    atlas()
        .given([received("a", "casa", 2), received("a", "rabat", 3)])
        .when(&reserve("r1", &[line("a", 4)]))
        .then([reserved("r1", &[pick("a", "casa", 2), pick("a", "rabat", 2)])]);
}

#[test]
fn asking_again_for_what_is_promised_changes_nothing() {
    atlas()
        .given([received("a", "main", 2)])
        .when(&reserve("r1", &[line("a", 1)]))
        .then([reserved("r1", &[pick("a", "main", 1)])])
        .when(&reserve("r1", &[line("a", 1)]))
        .then_nothing();
}

#[test]
fn a_promise_becomes_a_sale_and_leaves() {
    let picks = [pick("a", "main", 2)];
    let sold = atlas()
        .given([received("a", "main", 2), reserved("r1", &picks)])
        .when(&commit("r1"))
        .then([committed("r1", &picks)]);
    let shipped = Event::ReservationShipped { reservation: id("r1"), picks: picks.to_vec() };
    let after = sold.when(&Command::ShipReservation { reservation: id("r1") }).then([shipped]);
    assert_eq!(after.state().locations(&id("a")).next().unwrap().1.on_hand, 0);
    after.when(&Command::ShipReservation { reservation: id("r1") }).then_nothing();
}

#[test]
fn expiry_gives_the_stock_back_and_a_later_commit_is_told_so() {
    let picks = [pick("a", "main", 1)];
    let expired = Event::ReservationExpired { reservation: id("r1"), picks: picks.to_vec() };
    let promised = || atlas().given([received("a", "main", 1), reserved("r1", &picks)]);
    promised().at(DEADLINE - 1).when(&expire("r1")).then_nothing();
    let after = promised().at(DEADLINE).when(&expire("r1")).then([expired]);
    assert_eq!(after.state().available(&id("a")), 1);
    let told = Event::CommitRefused { reservation: id("r1"), reply: buyer() };
    after.when(&commit("r1")).then([told]);
}

#[test]
fn a_sale_does_not_expire() {
    let picks = [pick("a", "main", 1)];
    atlas()
        .given([received("a", "main", 1), reserved("r1", &picks), committed("r1", &picks)])
        .at(DEADLINE + 1)
        .when(&expire("r1"))
        .then_nothing();
}

#[test]
fn an_extended_promise_outlives_its_first_deadline() {
    let later = Timestamp::from_millis(2 * DEADLINE);
    let extend = Command::ExtendReservation { reservation: id("r1"), until: later };
    atlas()
        .given([received("a", "main", 1), reserved("r1", &[pick("a", "main", 1)])])
        .when(&extend)
        .then([Event::ReservationExtended { reservation: id("r1"), until: later }])
        .at(DEADLINE)
        .when(&expire("r1"))
        .then_nothing()
        .when(&extend)
        .then_nothing();
}

#[test]
fn an_undoing_that_overtakes_its_request_wins() {
    let until = Timestamp::default().after(std::time::Duration::from_hours(30 * 24));
    let barred =
        Event::ReservationBarred { reservation: id("r1"), at: Timestamp::default(), until };
    atlas()
        .given([received("a", "main", 1)])
        .when(&release("r1"))
        .then([barred])
        .when(&release("r1"))
        .then_nothing()
        .when(&reserve("r1", &[line("a", 1)]))
        .then([refused("r1", RefusedBecause::Released, &[])]);
}

#[test]
fn a_request_that_comes_after_its_own_deadline_is_refused() {
    atlas()
        .given([received("a", "main", 1)])
        .at(DEADLINE)
        .when(&reserve("r1", &[line("a", 1)]))
        .then([refused("r1", RefusedBecause::Expired, &[])]);
}

#[test]
fn a_correction_cannot_take_what_is_promised() {
    let adjust = |change| Command::AdjustStock {
        offer: id("a"),
        location: id("main"),
        change,
        reason: "water damage".parse().unwrap(),
    };
    let no = Refusal::StockPromised { offer: id("a"), location: id("main"), available: 1 };
    atlas()
        .given([received("a", "main", 3), reserved("r1", &[pick("a", "main", 2)])])
        .by(Caller::platform("story"))
        .when(&adjust(-2))
        .refused(&no)
        .when(&adjust(i64::MIN))
        .refused(&no);
}

#[test]
fn everyone_is_told_when_an_offer_becomes_scarce_and_only_then() {
    let tenant = "vendors/atlas".parse().unwrap();
    let told = |before: i64, taken: i64| {
        let picks = [pick("a", "main", taken)];
        let after = atlas().given([received("a", "main", before), reserved("r1", &picks)]);
        let event = reserved("r1", &picks);
        let seen = Seen {
            tenant: &tenant,
            key: "stock",
            event: &event,
            state: after.state(),
            version: base_ids::Version(2),
            at: Timestamp::default(),
        };
        let mut outbox = Outbox::default();
        announce::announce(&seen, &mut outbox);
        outbox.into_posted().iter().filter(|posted| matches!(posted, Posted::Public { .. })).count()
    };
    assert_eq!(told(100, 1), 0, "still plenty");
    assert_eq!(told(6, 1), 1, "few left");
    assert_eq!(told(1, 1), 1, "none left");
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Inventory>(include_str!("tests/events.jsonl"));
    assert_eq!(state.available(&id("a")), 9);
}

/// Reads the books: what came in, was corrected, and left, per offer.
fn booked(history: &[Event]) -> BTreeMap<ResourceId, i64> {
    let mut booked: BTreeMap<ResourceId, i64> = BTreeMap::new();
    for event in history {
        match event {
            Event::StockReceived { offer, quantity, .. } => {
                *booked.entry(offer.clone()).or_default() += quantity;
            }
            Event::StockAdjusted { offer, change, .. } => {
                *booked.entry(offer.clone()).or_default() += change;
            }
            Event::ReservationShipped { picks, .. } => {
                for pick in picks {
                    *booked.entry(pick.offer.clone()).or_default() -= pick.quantity;
                }
            }
            _ => {}
        }
    }
    booked
}

fn assert_stock_is_conserved(state: &State, history: &[Event]) {
    for (offer, locations) in &state.levels {
        for level in locations.values() {
            assert!(level.available() >= 0, "stock-1: {offer}: {level:?}");
            assert!(level.reserved >= 0 && level.allocated >= 0, "stock-1: {offer}: {level:?}");
        }
        let on_hand: i64 = locations.values().map(|level| level.on_hand).sum();
        assert_eq!(Some(&on_hand), booked(history).get(offer), "stock-3: {offer}");
    }
    let mut ended: BTreeMap<&ResourceId, u32> = BTreeMap::new();
    for event in history {
        if let Event::ReservationReleased { reservation, .. }
        | Event::ReservationExpired { reservation, .. }
        | Event::ReservationShipped { reservation, .. } = event
        {
            *ended.entry(reservation).or_default() += 1;
        }
    }
    assert!(ended.values().all(|times| *times == 1), "stock-2: {ended:?}");
}

fn any_command() -> impl Strategy<Value = Command> {
    let offer = prop::sample::select(vec!["a", "b", "c"]).prop_map(id);
    let place = prop::sample::select(vec!["main", "rabat"]).prop_map(id);
    // Reservations are named anew each time they are asked for, as checkouts are: few names, so that commands meet.
    let reservation = (0..12u8).prop_map(|number| id(&format!("r{number}")));
    let lines = prop::collection::vec((offer.clone(), 1..4i64), 1..4).prop_map(|lines| {
        lines
            .into_iter()
            .map(|(offer, number)| Line { offer, quantity: quantity(number) })
            .collect::<Vec<_>>()
    });
    prop_oneof![
        (offer.clone(), place.clone(), 1..6i64).prop_map(|(offer, location, number)| {
            Command::ReceiveStock { offer, location, quantity: quantity(number) }
        }),
        (offer, place, -3..3i64).prop_filter("a change", |(_, _, change)| *change != 0).prop_map(
            |(offer, location, change)| Command::AdjustStock {
                offer,
                location,
                change,
                reason: "count".parse().unwrap()
            }
        ),
        (reservation.clone(), lines, 1..20i64).prop_map(|(reservation, lines, until)| {
            Command::ReserveStock {
                reservation,
                reply: buyer(),
                lines,
                until: Timestamp::from_millis(until),
            }
        }),
        reservation
            .clone()
            .prop_map(|reservation| Command::CommitReservation { reservation, reply: buyer() }),
        reservation.clone().prop_map(|reservation| Command::ShipReservation { reservation }),
        reservation.clone().prop_map(|reservation| Command::ExpireReservation { reservation }),
        reservation.prop_map(|reservation| Command::ReleaseReservation {
            reservation,
            reason: String::new()
        }),
    ]
}

/// A reservation's name is used for one purchase only: commands on names that have ended are left out, as in life.
fn reuses_a_name(command: &Command, history: &[Event]) -> bool {
    let Command::ReserveStock { reservation, .. } = command else {
        return false;
    };
    history.iter().any(|event| matches!(event, Event::StockReserved { reservation: used, .. } if used == reservation))
}

proptest! {
    #[test]
    fn stock_is_conserved_whatever_is_asked(commands in prop::collection::vec(any_command(), 1..80)) {
        let mut told = atlas();
        for (now, command) in commands.iter().enumerate() {
            if reuses_a_name(command, told.history()) {
                continue;
            }
            told = told.at(i64::try_from(now).unwrap()).when(command).decided().0;
            assert_stock_is_conserved(told.state(), told.history());
        }
        replay_equals_live(&told);
    }
}
