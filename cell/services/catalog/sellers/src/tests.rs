//! The stories that prove sellers, and the laws they keep.

mod documents;
mod handles;
mod laws;
mod public;
mod status;
mod team;

use base_ids::{Handle, NameInScripts, Tenant};
use base_money::BasisPoints;
use base_papers::{Check, Paper, Submission};
use base_time::{Period, Timestamp};
use cell_kernel::{
    Caller, VendorRole,
    story::{Story, story},
};

use crate::{
    Command, Event, Facts, Sellers,
    command::{Application, Change, Profile, Reason},
    event::{Holiday, TeamStep},
    facts::Config,
    state::{Member, Status},
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

fn name(latin: &str) -> NameInScripts {
    NameInScripts { latin: text(latin), ..NameInScripts::default() }
}

fn profile() -> Profile {
    Profile { name: name("Librairie Atlas"), city: text("Rabat") }
}

fn apply(handle: &str) -> Command {
    let (applicant, handle) = (leila(), text(handle));
    Command::FileApplication(Application { applicant, handle, profile: profile() })
}

fn terms(name: &str) -> Facts {
    Facts { terms: Some(Config::default()), handle: Some(tenant(name)), kept: None }
}

fn applied() -> Event {
    Event::Applied {
        applicant: leila(),
        profile: profile(),
        required: Config::default().required,
        rate: rate(1_000),
        at: Timestamp::default(),
    }
}

fn rate(basis_points: i32) -> BasisPoints {
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
    let (paper, check) = (paper.clone(), Check::first(paper));
    Event::PaperSubmitted(Submission { paper, check, at: Timestamp::default() })
}

fn approved() -> Event {
    moved(Status::Open, None)
}

fn moved(to: Status, reason: Option<Reason>) -> Event {
    Event::StatusChanged { to, reason, despite: None }
}

fn rule(to: Status) -> Command {
    Command::ChangeStatus { to, reason: text("because") }
}

/// A shop that has applied.
fn atlas() -> Story<Sellers> {
    story("vendors/atlas").given([applied()])
}

/// A shop that trades.
fn open_shop() -> Story<Sellers> {
    atlas()
        .given(papers().iter().map(submitted))
        .given([moved(Status::Submitted, None), approved()])
}

fn days(from: i64, until: i64) -> Period {
    Period { from: Timestamp::from_millis(from), until: Timestamp::from_millis(until) }
}

fn holiday(days: Period, begun: bool) -> Event {
    Event::HolidayChanged { holiday: Some(Holiday { days, begun }) }
}

fn joined(user: &str, role: VendorRole) -> Event {
    let member = Member { role, invited: false, at: Timestamp::default() };
    Event::MemberMoved { user: tenant(user), how: TeamStep::Joined, member: Some(member) }
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
    assert_eq!((asked.wanted.as_str(), asked.claim.as_str()), ("atlas", "claim-ff-aaaaaaaa"));
    assert_eq!(seller.missing(), Config::default().required);
    assert_eq!(seller.rate.rate, rate(1_000));
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
    let (applicant, handle) = (tenant("users/samir"), text("atlas"));
    let theirs = Command::FileApplication(Application { applicant, handle, profile: profile() });
    let no = crate::Refusal::SellerTaken(tenant("vendors/atlas"));
    atlas().when_knowing(&theirs, &terms(HANDLE_NAME)).refused(&no);
}

#[test]
fn a_holiday_closes_the_shop_from_its_first_moment_to_its_last() {
    let days = days(1_000, 2_000);
    let told = open_shop()
        .when_knowing(&Command::PlanHoliday(days), &Facts::default())
        .then([holiday(days, false)]);
    assert_eq!(closed_because(&told), None);
    let told = told
        .at(999)
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then_nothing()
        .at(1_000)
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then([holiday(days, true)]);
    assert_eq!(closed_because(&told), Some("holiday"));
    let told = told
        .at(2_000)
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then([Event::HolidayChanged { holiday: None }]);
    assert_eq!(closed_because(&told), None);
}

#[test]
fn the_timers_of_a_holiday_that_was_planned_anew_change_nothing() {
    let (old, new) = (days(1_000, 2_000), days(5_000, 6_000));
    open_shop()
        .given([holiday(old, false)])
        .when_knowing(&Command::PlanHoliday(new), &Facts::default())
        .then([holiday(new, false)])
        .at(1_500)
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then_nothing()
        .at(2_500)
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then_nothing();
}

#[test]
fn a_holiday_that_goes_on_is_over_when_a_later_one_takes_its_place() {
    let (now, later) = (days(500, 2_000), days(5_000, 6_000));
    let told = open_shop()
        .given([holiday(now, false), holiday(now, true)])
        .at(700)
        .when_knowing(&Command::PlanHoliday(later), &Facts::default())
        .then([Event::HolidayChanged { holiday: None }, holiday(later, false)]);
    assert_eq!(closed_because(&told), None);
}

#[test]
fn a_holiday_that_has_begun_already_closes_at_once_and_can_be_ended() {
    let days = days(500, 2_000);
    open_shop()
        .at(700)
        .when_knowing(&Command::PlanHoliday(days), &Facts::default())
        .then([holiday(days, false), holiday(days, true)])
        .when_knowing(&Command::EndHoliday, &Facts::default())
        .then([Event::HolidayChanged { holiday: None }])
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
    let fee = |currency, minor| Command::SetDeliveryFee(Money::new(currency, minor));
    let set = |currency, minor| Event::DeliveryFeeSet(Money::new(currency, minor));
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
    let fees: Vec<Money> = fees.values().copied().collect();
    assert_eq!(fees, [Money::zero(Currency::MAD), Money::new(Currency::TND, 5_000)]);
}

#[test]
fn the_profile_changes_only_where_it_is_asked_to() {
    let change = Command::ChangeProfile(Change { city: Some(text("Salé")), ..Change::default() });
    let told = open_shop()
        .when_knowing(&change, &Facts::default())
        .then([Event::ProfileChanged(Profile { city: text("Salé"), ..profile() })])
        .when_knowing(&change, &Facts::default())
        .then_nothing();
    let seller = told.state().seller.as_ref().unwrap();
    assert_eq!(
        (&seller.profile.name, seller.profile.city.as_str()),
        (&name("Librairie Atlas"), "Salé")
    );
}
