//! The stories that prove orders, and the laws it keeps.

mod laws;
mod shown;
mod world;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::story::{Story, old_events_still_lift, story};
use strum::VariantNames as _;

use crate::{
    Command, Config, Event, Orders, Refusal, State,
    command::{ChildAsk, ChildNews, GroupAsk, Parcel, Placement, Status},
    draft::{BadDraft, ChildDraft, GroupDraft, Line, PaymentMethod, PostalAddress, Title},
    state::{GroupStatus, Refund},
};

const TERMS: Config = Config { answer_window_hours: 72 };
const ANSWER_UNTIL: Timestamp = Timestamp::from_millis(72 * 3_600_000);

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn line(offer: &str, quantity: u32, price: Money) -> Line {
    let title = Title { fr: format!("Livre {offer}"), ..Title::default() };
    Line { offer: id(offer), product: "9789954000014".to_owned(), title, quantity, price }
}

fn child(vendor: &str, lines: Vec<Line>, fee: i64) -> Result<ChildDraft, BadDraft> {
    let ids = (id(&format!("o-{vendor}")), tenant(&format!("vendors/{vendor}")), id("r1"));
    ChildDraft::new(ids, lines, mad(fee), 1_250)
}

fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

/// Three vendors whose shares do not divide evenly: 33.33, 33.33 and 33.34.
fn basket() -> GroupDraft {
    let prices = [("atlas", 3_333), ("rif", 3_333), ("souss", 3_334)];
    let children =
        prices.map(|(vendor, price)| child(vendor, vec![line("a", 1, mad(price))], 0).unwrap());
    drafted(PaymentMethod::Card, children.to_vec()).checked().unwrap()
}

fn drafted(payment_method: PaymentMethod, children: Vec<ChildDraft>) -> GroupDraft {
    GroupDraft {
        cart: "main-1".to_owned(),
        address: PostalAddress {
            recipient: "Leïla".to_owned(),
            lines: vec!["12, rue Tariq".to_owned()],
            city: "Fès".to_owned(),
            country: "MA".to_owned(),
            ..PostalAddress::default()
        },
        payment_method,
        payment: id("g1"),
        locale: "fr".to_owned(),
        children,
    }
}

fn placement() -> Placement {
    Placement {
        group: id("g1"),
        buyer: "users/leila".parse().unwrap(),
        number: "S1-1".to_owned(),
        draft: basket().children[0].clone(),
        address: basket().address,
        payment_method: PaymentMethod::Card,
    }
}

fn of_group(ask: GroupAsk) -> Command {
    Command::Group { group: id("g1"), ask }
}

fn of_child(ask: ChildAsk) -> Command {
    Command::Child { order: id("o-atlas"), ask }
}

fn placed() -> Event {
    let number = crate::number::of_group(&id("g1"));
    Event::GroupPlaced { number, draft: basket(), at: Timestamp::default() }
}

fn confirmed() -> Event {
    Event::GroupConfirmed { answer_until: ANSWER_UNTIL }
}

fn news(vendor: &str, sequence: u64, status: Status) -> ChildNews {
    let reason = String::new();
    ChildNews { order: id(&format!("o-{vendor}")), sequence, status, reason, parcel: None }
}

fn noted(vendor: &str, sequence: u64, status: Status) -> Event {
    Event::ChildNoted { news: news(vendor, sequence, status) }
}

fn child_placed() -> Event {
    Event::ChildPlaced { placement: placement(), at: Timestamp::default() }
}

fn child_confirmed() -> Event {
    Event::ChildConfirmed { answer_until: ANSWER_UNTIL }
}

fn parcel() -> Parcel {
    let tracking_number = Some("MA123".parse().unwrap());
    Parcel { carrier: "Amana".parse().unwrap(), tracking_number }
}

fn cancel(parts: &[&str]) -> Command {
    let parts = parts.iter().map(|part| id(part)).collect();
    of_group(GroupAsk::Cancel { parts, reason: Some("changed my mind".parse().unwrap()) })
}

fn buyer() -> Story<Orders> {
    story("users/leila")
}

fn vendor() -> Story<Orders> {
    story("vendors/atlas")
}

fn group_status(story: &Story<Orders>) -> GroupStatus {
    story.state().group().unwrap().status()
}

#[test]
fn a_group_is_what_its_children_add_up_to() {
    let basket = basket();
    assert_eq!(basket.total(), mad(10_000));
    // 12.5 % of 33.33 is 4.16625, of 33.34 it is 4.1675: each is rounded once.
    let commissions: Vec<_> = basket.children.iter().map(|it| it.commission.amount).collect();
    assert_eq!(commissions, [mad(417), mad(417), mad(417)]);
    let child = child("rif", vec![line("a", 3, mad(1_999)), line("b", 1, mad(500))], 2_500);
    let child = child.unwrap();
    assert_eq!((child.goods, child.total), (mad(6_497), mad(8_997)));
    assert_eq!(child.commission.amount, mad(812), "delivery earns the platform nothing");
}

#[test]
fn what_cannot_be_added_up_is_never_placed() {
    let no = |lines, fee| child("atlas", lines, fee).unwrap_err().to_string();
    assert!(no(vec![line("a", 2, mad(i64::MAX))], 0).contains("too large"));
    assert!(no(vec![line("a", 1, mad(i64::MAX))], 1).contains("too large"));
    assert!(no(vec![line("a", 0, mad(1))], 0).contains("pieces"));
    assert!(no(vec![line("a", 1, mad(-1))], 0).contains("less than nothing"));
    assert!(no(vec![line("a", 1, mad(1))], -1).contains("less than nothing"));
    assert!(no(Vec::new(), 0).contains("lines"));
    assert!(no(vec![line("a", 1, Money::new(Currency::TND, 1))], 0).contains("cannot combine"));
    let one = child("atlas", vec![line("a", 1, mad(1))], 0).unwrap();
    let whole = child("rif", vec![line("a", 1, mad(i64::MAX))], 0).unwrap();
    let group = |children| drafted(PaymentMethod::Card, children).checked();
    assert!(group(Vec::new()).unwrap_err().to_string().contains("child orders"));
    assert_eq!(group(vec![one.clone(), one.clone()]), Err(BadDraft::Twice));
    assert!(group(vec![one, whole]).is_err(), "the whole must fit, not only each part");
}

#[test]
fn a_checkout_makes_one_group_however_often_it_asks() {
    let place = of_group(GroupAsk::Place(Box::new(basket())));
    let after = buyer().when_knowing(&place, &TERMS).then([placed()]);
    assert_eq!(group_status(&after), GroupStatus::Placed);
    after
        .when_knowing(&place, &TERMS)
        .then_nothing()
        .when_knowing(&of_group(GroupAsk::Confirm), &TERMS)
        .then([confirmed()])
        .when_knowing(&of_group(GroupAsk::Confirm), &TERMS)
        .then_nothing();
}

#[test]
fn an_undoing_that_overtakes_the_placing_wins() {
    let undo = of_group(GroupAsk::Undo { reason: "stock was gone".to_owned() });
    buyer()
        .when_knowing(&undo, &TERMS)
        .then([Event::GroupBarred { reason: "stock was gone".to_owned() }])
        .when_knowing(&of_group(GroupAsk::Place(Box::new(basket()))), &TERMS)
        .then_nothing()
        .when_knowing(&undo, &TERMS)
        .then_nothing();
}

#[test]
fn an_undone_group_is_cancelled_at_once_and_gives_no_money_back_itself() {
    let undone = Event::GroupUndone { reason: "capture failed".to_owned() };
    let after = buyer().given([placed(), undone]);
    assert_eq!(group_status(&after), GroupStatus::Cancelled);
    let gone = news("atlas", 2, Status::Cancelled);
    after
        .when_knowing(&of_group(GroupAsk::Confirm), &TERMS)
        .then_nothing()
        .when_knowing(&of_group(GroupAsk::NoteChild(gone)), &TERMS)
        .then([noted("atlas", 2, Status::Cancelled)]);
}

#[test]
fn a_rejected_part_gives_its_share_back_once() {
    let asked = Event::RefundAsked { order: id("o-rif"), reason: "rejected: ".to_owned() };
    let rejected = of_group(GroupAsk::NoteChild(news("rif", 3, Status::Rejected)));
    let back = of_group(GroupAsk::NoteRefund { order: id("o-rif"), amount: mad(3_333) });
    let after = buyer()
        .given([placed(), confirmed()])
        .when_knowing(&rejected, &TERMS)
        .then([noted("rif", 3, Status::Rejected), asked])
        .when_knowing(&rejected, &TERMS)
        .then_nothing()
        .when_knowing(&back, &TERMS)
        .then([Event::RefundNoted { order: id("o-rif"), amount: mad(3_333) }])
        .when_knowing(&back, &TERMS)
        .then_nothing();
    let group = after.state().group().unwrap();
    assert_eq!((group.refunded(), group.status()), (mad(3_333), GroupStatus::Confirmed));
    assert_eq!(group.parts[0].refund, Refund::None, "a sibling keeps its money");
}

#[test]
fn news_that_was_overtaken_is_old_news() {
    let shipped = of_group(GroupAsk::NoteChild(news("atlas", 4, Status::Shipped)));
    let accepted = of_group(GroupAsk::NoteChild(news("atlas", 3, Status::Accepted)));
    let after = buyer()
        .given([placed(), confirmed()])
        .when_knowing(&shipped, &TERMS)
        .then([noted("atlas", 4, Status::Shipped)])
        .when_knowing(&accepted, &TERMS)
        .then_nothing();
    assert_eq!(group_status(&after), GroupStatus::PartlyShipped);
}

#[test]
fn what_a_group_is_follows_from_its_parts() {
    let mut told = buyer().given([placed(), confirmed()]);
    for (vendor, sequence, status, then) in [
        ("atlas", 3, Status::Accepted, GroupStatus::Confirmed),
        ("rif", 3, Status::Lapsed, GroupStatus::Confirmed),
        ("souss", 3, Status::Accepted, GroupStatus::Accepted),
        ("souss", 4, Status::Shipped, GroupStatus::PartlyShipped),
        ("atlas", 4, Status::Shipped, GroupStatus::Shipped),
        ("souss", 5, Status::Delivered, GroupStatus::Shipped),
        ("atlas", 5, Status::Delivered, GroupStatus::Delivered),
    ] {
        let note = of_group(GroupAsk::NoteChild(news(vendor, sequence, status)));
        told = told.when_knowing(&note, &TERMS).decided().0;
        assert_eq!(group_status(&told), then, "{vendor} {status:?}");
    }
    assert!(!told.state().group().unwrap().is_final(), "a share is still on its way back");
}

#[test]
fn a_buyer_cancels_what_has_not_left() {
    let asked = |orders: &[&str]| Event::CancellationAsked {
        orders: orders.iter().map(|order| id(order)).collect(),
        reason: Some("changed my mind".parse().unwrap()),
    };
    let left = Refusal::PartsLeft(vec![(id("o-atlas"), Status::Shipped)]);
    buyer()
        .given([placed()])
        .when_knowing(&cancel(&[]), &TERMS)
        .refused(&Refusal::OrderBeingPlaced)
        .given([confirmed(), noted("atlas", 4, Status::Shipped)])
        .when_knowing(&cancel(&["o-nobody"]), &TERMS)
        .refused(&Refusal::PartUnknown(id("o-nobody")))
        .when_knowing(&cancel(&["o-atlas", "o-rif"]), &TERMS)
        .refused(&left)
        .when_knowing(&cancel(&["o-rif"]), &TERMS)
        .then([asked(&["o-rif"])])
        .when_knowing(&cancel(&[]), &TERMS)
        .then([asked(&["o-souss"])])
        .when_knowing(&cancel(&[]), &TERMS)
        .then_nothing();
    buyer().when_knowing(&cancel(&[]), &TERMS).refused(&Refusal::OrderUnknown(id("g1")));
}

#[test]
fn a_part_that_ships_before_it_hears_of_its_cancelling_stays() {
    let asked = Event::CancellationAsked { orders: vec![id("o-rif")], reason: None };
    let shipped = of_group(GroupAsk::NoteChild(news("rif", 4, Status::Shipped)));
    let after = buyer().given([placed(), confirmed(), asked]);
    assert!(after.state().group().unwrap().parts[1].cancelling);
    let after = after.when_knowing(&shipped, &TERMS).then([noted("rif", 4, Status::Shipped)]);
    assert!(!after.state().group().unwrap().parts[1].cancelling);
    vendor()
        .given([child_placed(), child_confirmed(), Event::ChildAccepted])
        .given([Event::ChildShipped { parcel: parcel() }])
        .when_knowing(&of_child(ChildAsk::Cancel { reason: "no".to_owned() }), &TERMS)
        .then_nothing();
}

#[test]
fn cash_is_reported_when_its_part_arrives() {
    let children = basket().children;
    let draft = drafted(PaymentMethod::CashOnDelivery, children);
    let placed = Event::GroupPlaced { number: "S1".to_owned(), draft, at: Timestamp::default() };
    let reported = Event::CashReported { order: id("o-souss"), amount: mad(3_334) };
    let arrived = of_group(GroupAsk::NoteChild(news("souss", 5, Status::Delivered)));
    buyer()
        .given([placed, confirmed()])
        .when_knowing(&arrived, &TERMS)
        .then([noted("souss", 5, Status::Delivered), reported])
        .when_knowing(&arrived, &TERMS)
        .then_nothing();
}

#[test]
fn a_child_order_takes_its_steps_one_by_one_and_each_once() {
    let ship = of_child(ChildAsk::Ship { parcel: parcel() });
    vendor()
        .given([child_placed(), child_confirmed()])
        .when_knowing(&of_child(ChildAsk::Accept), &TERMS)
        .then([Event::ChildAccepted])
        .when_knowing(&of_child(ChildAsk::Accept), &TERMS)
        .then_nothing()
        .when_knowing(&ship, &TERMS)
        .then([Event::ChildShipped { parcel: parcel() }])
        .when_knowing(&ship, &TERMS)
        .then_nothing()
        .when_knowing(&of_child(ChildAsk::Deliver), &TERMS)
        .then([Event::ChildDelivered])
        .when_knowing(&of_child(ChildAsk::Deliver), &TERMS)
        .then_nothing();
}

#[test]
fn a_step_from_the_wrong_place_is_refused_with_the_right_place() {
    let reject = of_child(ChildAsk::Reject { reason: "sold out".parse().unwrap() });
    let refused = vendor()
        .given([child_placed()])
        .when_knowing(&of_child(ChildAsk::Accept), &TERMS)
        .decided()
        .1
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the order is placed; accept is possible only while it is confirmed"
    );
    let shipped = Event::ChildShipped { parcel: parcel() };
    let from: &[Status] = &[Status::Confirmed, Status::Accepted];
    vendor()
        .given([child_placed(), child_confirmed(), Event::ChildAccepted, shipped])
        .when_knowing(&reject, &TERMS)
        .refused(&Refusal::StatusConflict { status: Status::Shipped, wanted: "reject", from });
    vendor()
        .when_knowing(&of_child(ChildAsk::Accept), &TERMS)
        .refused(&Refusal::OrderUnknown(id("o-atlas")));
}

#[test]
fn an_unanswered_child_order_lapses_at_its_time_and_not_before() {
    let lapse = of_child(ChildAsk::Lapse);
    let due = ANSWER_UNTIL.as_millis();
    vendor()
        .given([child_placed(), child_confirmed()])
        .at(due - 1)
        .when_knowing(&lapse, &TERMS)
        .then_nothing()
        .at(due)
        .when_knowing(&lapse, &TERMS)
        .then([Event::ChildLapsed])
        .when_knowing(&lapse, &TERMS)
        .then_nothing();
    vendor()
        .given([child_placed(), child_confirmed(), Event::ChildAccepted])
        .at(due)
        .when_knowing(&lapse, &TERMS)
        .then_nothing();
}

#[test]
fn what_overtakes_a_child_order_is_not_lost() {
    let confirm = of_child(ChildAsk::Confirm { answer_until: ANSWER_UNTIL });
    let cancel = of_child(ChildAsk::Cancel { reason: "no".to_owned() });
    let place = of_child(ChildAsk::Place(Box::new(placement())));
    let confirmed_early = Event::ChildConfirmedEarly { answer_until: ANSWER_UNTIL };
    let cancelled = Event::ChildCancelled { reason: "no".to_owned() };
    vendor()
        .when_knowing(&confirm, &TERMS)
        .then([confirmed_early.clone()])
        .when_knowing(&confirm, &TERMS)
        .then_nothing()
        .when_knowing(&place, &TERMS)
        .then([child_placed(), child_confirmed()])
        .when_knowing(&place, &TERMS)
        .then_nothing();
    let after = vendor()
        .when_knowing(&cancel, &TERMS)
        .then([Event::ChildBarred { reason: "no".to_owned() }])
        .when_knowing(&confirm, &TERMS)
        .then([confirmed_early])
        .when_knowing(&cancel, &TERMS)
        .then_nothing()
        .when_knowing(&place, &TERMS)
        .then([child_placed(), cancelled])
        .when_knowing(&confirm, &TERMS)
        .then_nothing();
    assert_eq!(after.state().child().unwrap().status, Status::Cancelled);
}

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("tests/events.jsonl");
    let (groups, children): (Vec<&str>, Vec<&str>) = golden
        .lines()
        .partition(|line| !line.contains(r#""kind":"Child"#) || line.contains("Noted"));
    let group = old_events_still_lift::<Orders>(&groups.join("\n"));
    assert_eq!(group.group().unwrap().refunded(), mad(5_000));
    let child = old_events_still_lift::<Orders>(&children.join("\n"));
    assert!(matches!(child, State::Child(child) if child.status == Status::Delivered));
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!(r#""kind":"{kind}""#)), "{kind} is not among them");
    }
}
