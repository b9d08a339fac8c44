//! The stories that prove sellers, and the laws they keep.

mod handles;
mod laws;
mod papers;
mod public;
mod status;
mod team;

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{
    Caller, VendorRole,
    story::{Story, story},
};

use crate::{
    Command, Event, Facts, Sellers,
    command::{BasisPoints, DisplayName, Handle, Window},
    facts::Config,
    papers::Paper,
};

const HANDLE_NAME: &str = "names/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER_NAME: &str = "names/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const ICE: &str = "001525623000005";
const RIB: &str = "990901123456789012345687";

fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

fn leila() -> Tenant {
    tenant("users/leila")
}

fn operator() -> Caller {
    Caller::operator(tenant("users/omar"))
}

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn name(latin: &str) -> DisplayName {
    DisplayName { latin: Some(text(latin)), ..DisplayName::default() }
}

fn apply(handle: &str) -> Command {
    let (handle, name, city) = (text::<Handle>(handle), name("Librairie Atlas"), text("Rabat"));
    Command::FileApplication { applicant: leila(), handle, name, city }
}

fn terms(name: &str) -> Facts {
    Facts { terms: Some(Config::default()), handle: Some(tenant(name)) }
}

fn applied() -> Event {
    Event::Applied {
        applicant: leila(),
        name: name("Librairie Atlas"),
        city: text("Rabat"),
        required: Config::default().required,
        rate: rate(1_000),
        at: Timestamp::default(),
    }
}

fn rate(basis_points: u32) -> BasisPoints {
    basis_points.try_into().unwrap()
}

fn papers() -> [Paper; 4] {
    [
        Paper::CompanyNumber(text(ICE)),
        Paper::TaxNumber(text("1234567")),
        Paper::BankAccount(text(RIB)),
        Paper::Terms { text_version: text("2026-11") },
    ]
}

fn submitted(paper: &Paper) -> Event {
    let (paper, check) = (paper.clone(), paper.first_check());
    Event::PaperSubmitted { paper, check, at: Timestamp::default() }
}

fn approved() -> Event {
    Event::Approved { despite: None }
}

/// A shop that has applied.
fn atlas() -> Story<Sellers> {
    story("vendors/atlas").given([applied()])
}

/// A shop that trades.
fn open_shop() -> Story<Sellers> {
    atlas().given(papers().iter().map(submitted)).given([Event::Submitted, approved()])
}

fn window(from: i64, until: i64) -> Window {
    Window { from: Timestamp::from_millis(from), until: Timestamp::from_millis(until) }
}

fn joined(user: &str, role: VendorRole) -> Event {
    Event::MemberJoined { user: tenant(user), role, at: Timestamp::default() }
}

fn closed_because(told: &Story<Sellers>) -> Option<&'static str> {
    told.state().seller.as_ref().map_or(Some("nobody"), |seller| seller.closed_because())
}

#[test]
fn whoever_applies_becomes_the_owner_and_asks_for_the_handle() {
    let told = story::<Sellers>("vendors/atlas")
        .at(255)
        .when_knowing(&apply("Atlas"), &terms(HANDLE_NAME))
        .decided()
        .0;
    let seller = told.state().seller.clone().unwrap();
    assert_eq!(seller.team[&leila()].role, VendorRole::Owner);
    let asked = seller.handles.asked.as_ref().unwrap();
    assert_eq!((asked.handle.as_str(), asked.claim.as_str()), ("atlas", "handle-ff-aaaaaaaa"));
    assert_eq!(seller.missing(), Config::default().required);
    assert_eq!(seller.rate, rate(1_000));
}

#[test]
fn the_same_application_twice_is_one() {
    atlas().when_knowing(&apply("atlas"), &terms(HANDLE_NAME)).then_nothing();
    let user = |name| tenant(name);
    let handle = |text: &str| text.parse::<Handle>().unwrap();
    let vendor = crate::api::vendor_of(&leila(), &handle("Atlas"));
    assert_eq!(vendor, crate::api::vendor_of(&leila(), &handle("atlas")));
    assert_ne!(vendor, crate::api::vendor_of(&user("users/samir"), &handle("atlas")));
    assert_ne!(vendor, crate::api::vendor_of(&leila(), &handle("atlas-2")));
}

#[test]
fn an_application_of_somebody_else_is_not_taken_over() {
    let Command::FileApplication { handle, name, city, .. } = apply("atlas") else {
        unreachable!()
    };
    let theirs = Command::FileApplication { applicant: tenant("users/samir"), handle, name, city };
    let no = crate::Refusal::SellerTaken(tenant("vendors/atlas"));
    atlas().when_knowing(&theirs, &terms(HANDLE_NAME)).refused(&no);
}

#[test]
fn a_holiday_closes_the_shop_from_its_first_moment_to_its_last() {
    let days = window(1_000, 2_000);
    let told = open_shop()
        .when_knowing(&Command::PlanHoliday { window: days }, &Facts::default())
        .then([Event::HolidayPlanned { window: days }]);
    assert_eq!(closed_because(&told), None);
    let told = told
        .at(999)
        .when_knowing(&Command::BeginHoliday { window: days }, &Facts::default())
        .then_nothing()
        .at(1_000)
        .when_knowing(&Command::BeginHoliday { window: days }, &Facts::default())
        .then([Event::HolidayBegan { window: days }]);
    assert_eq!(closed_because(&told), Some("holiday"));
    let told = told
        .at(2_000)
        .when_knowing(&Command::FinishHoliday { window: days }, &Facts::default())
        .then([Event::HolidayEnded { window: days }]);
    assert_eq!(closed_because(&told), None);
}

#[test]
fn the_timers_of_a_holiday_that_was_planned_anew_change_nothing() {
    let (old, new) = (window(1_000, 2_000), window(5_000, 6_000));
    open_shop()
        .given([Event::HolidayPlanned { window: old }])
        .when_knowing(&Command::PlanHoliday { window: new }, &Facts::default())
        .then([Event::HolidayPlanned { window: new }])
        .at(1_500)
        .when_knowing(&Command::BeginHoliday { window: old }, &Facts::default())
        .then_nothing()
        .at(2_500)
        .when_knowing(&Command::FinishHoliday { window: old }, &Facts::default())
        .then_nothing();
}

#[test]
fn a_holiday_that_has_begun_already_closes_at_once_and_can_be_ended() {
    let days = window(500, 2_000);
    open_shop()
        .at(700)
        .when_knowing(&Command::PlanHoliday { window: days }, &Facts::default())
        .then([Event::HolidayPlanned { window: days }, Event::HolidayBegan { window: days }])
        .when_knowing(&Command::EndHoliday, &Facts::default())
        .then([Event::HolidayEnded { window: days }])
        .when_knowing(&Command::EndHoliday, &Facts::default())
        .then_nothing();
}

#[test]
fn a_rate_is_agreed_with_a_reason_and_the_old_ones_stay_readable() {
    use cell_kernel::{Rows, Seen, View as _};
    let set = Command::SetCommission { rate: rate(850), reason: text("volume") };
    let told = open_shop().by(operator()).when_knowing(&set, &Facts::default()).decided().0;
    let vendor = tenant("vendors/atlas");
    let mut keys = Vec::new();
    for (at, event) in (1..).zip(told.history()) {
        let seen = Seen {
            tenant: &vendor,
            key: "seller",
            event,
            state: told.state(),
            version: base_ids::Version(at),
            at: Timestamp::default(),
        };
        let mut rows = Rows::new();
        crate::view::CommissionRates::fold(&seen, &mut rows);
        keys.extend(rows.into_changes().into_iter().map(|change| change.key));
    }
    assert_eq!(keys, ["0000000000000001", "0000000000000008"]);
}

#[test]
fn delivery_has_one_fee_per_currency() {
    use base_money::{Currency, Money};
    let fee = |currency, minor| Command::SetDeliveryFee { fee: Money::new(currency, minor) };
    let set = |currency, minor| Event::DeliveryFeeSet { fee: Money::new(currency, minor) };
    let told = open_shop()
        .when_knowing(&fee(Currency::MAD, 2_500), &Facts::default())
        .then([set(Currency::MAD, 2_500)])
        .when_knowing(&fee(Currency::MAD, 2_500), &Facts::default())
        .then_nothing()
        .when_knowing(&fee(Currency::TND, 5_000), &Facts::default())
        .then([set(Currency::TND, 5_000)])
        .when_knowing(&fee(Currency::MAD, 0), &Facts::default())
        .then([set(Currency::MAD, 0)]);
    let fees = &told.state().seller.as_ref().unwrap().fees;
    assert_eq!(*fees, [Money::zero(Currency::MAD), Money::new(Currency::TND, 5_000)]);
}

#[test]
fn the_profile_changes_only_where_it_is_asked_to() {
    let change = Command::ChangeProfile { name: None, city: Some(text("Salé")), handle: None };
    let told = open_shop()
        .when_knowing(&change, &Facts::default())
        .then([Event::ProfileChanged { name: None, city: Some(text("Salé")) }])
        .when_knowing(&change, &Facts::default())
        .then_nothing();
    let seller = told.state().seller.as_ref().unwrap();
    assert_eq!((&seller.name, seller.city.as_str()), (&name("Librairie Atlas"), "Salé"));
}
