//! The stories that prove users, and the laws they keep.

use base_fault::Fault;
use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::{
    Caller, Decider as _, MethodKind,
    story::{Story, old_events_still_lift, replay_equals_live, request, story},
};
use proptest::prelude::*;

use crate::{
    Command, Event, Refusal, State, Users, api,
    command::{AddressKind, PostalAddress, ProfileChanges, Purpose},
    wire,
};

fn leila() -> Story<Users> {
    story("users/leila")
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn place(city: &str) -> PostalAddress {
    PostalAddress {
        recipient: "Leïla Bennani".to_owned(),
        phone: Some("+212600000000".parse().unwrap()),
        lines: vec!["12, rue des Consuls".to_owned()],
        district: "Médina".to_owned(),
        city: city.to_owned(),
        postcode: String::new(),
        country: "MA".to_owned(),
    }
}

fn add(address: &str) -> Command {
    Command::AddAddress {
        address: id(address),
        label: "home".parse().unwrap(),
        place: place("Rabat"),
    }
}

fn added(address: &str) -> Event {
    Event::AddressAdded {
        address: id(address),
        label: "home".parse().unwrap(),
        place: place("Rabat"),
    }
}

fn set_default(address: &str, kind: AddressKind) -> Command {
    Command::SetDefaultAddress { address: id(address), kind }
}

fn default(address: &str, of: AddressKind) -> Event {
    Event::DefaultAddressSet { address: id(address), of }
}

fn delete(address: &str) -> Command {
    Command::DeleteAddress { address: id(address) }
}

fn two_addresses() -> [Event; 4] {
    let first = [default("a", AddressKind::Shipping), default("a", AddressKind::Billing)];
    let [shipping, billing] = first;
    [added("a"), shipping, billing, added("b")]
}

fn consent(granted: bool) -> Command {
    let text_version = "2026-11".parse().unwrap();
    Command::SetConsent { purpose: Purpose::MarketingEmail, granted, text_version }
}

fn consented(granted: bool, at: i64) -> Event {
    let text_version = "2026-11".parse().unwrap();
    let at = Timestamp::from_millis(at);
    Event::ConsentSet { purpose: Purpose::MarketingEmail, granted, text_version, at }
}

#[test]
fn a_visitor_starts_with_a_profile_and_only_what_differs_is_kept() {
    let same = ProfileChanges { locale: Some("fr-MA".parse().unwrap()), ..Default::default() };
    let arabic = ProfileChanges { locale: Some("ar-MA".parse().unwrap()), ..Default::default() };
    let story = leila()
        .when(&Command::UpdateProfile { changes: same })
        .then_nothing()
        .when(&Command::UpdateProfile { changes: arabic.clone() })
        .then([Event::ProfileUpdated { changes: arabic }]);
    assert!(story.state().profile.locale.language().right_to_left());
}

#[test]
fn a_phone_can_be_taken_away_again() {
    let phone = |phone: Option<&str>| ProfileChanges {
        phone: Some(phone.map(|text| text.parse().unwrap())),
        ..Default::default()
    };
    let story = leila()
        .given([Event::ProfileUpdated { changes: phone(Some("+212600000000")) }])
        .when(&Command::UpdateProfile { changes: phone(None) })
        .then([Event::ProfileUpdated { changes: phone(None) }]);
    assert_eq!(story.state().profile.phone, None);
    replay_equals_live(&story);
}

#[test]
fn registration_is_recorded_once() {
    let record = Command::RecordRegistration {
        email: "leila@example.ma".parse().unwrap(),
        display_name: "ليلى".parse().unwrap(),
        locale: "ar-MA".parse().unwrap(),
    };
    leila()
        .when(&record)
        .then([Event::UserRegistered {
            email: "leila@example.ma".parse().unwrap(),
            display_name: "ليلى".parse().unwrap(),
            locale: "ar-MA".parse().unwrap(),
        }])
        .when(&record)
        .then_nothing();
}

#[test]
fn the_first_address_is_the_default_of_each_kind() {
    leila()
        .when(&add("a"))
        .then([added("a"), default("a", AddressKind::Shipping), default("a", AddressKind::Billing)])
        .when(&add("b"))
        .then([added("b")])
        .when(&set_default("b", AddressKind::Billing))
        .then([default("b", AddressKind::Billing)])
        .when(&set_default("b", AddressKind::Billing))
        .then_nothing();
}

#[test]
fn a_default_passes_to_the_oldest_address_left() {
    let story = leila()
        .given(two_addresses())
        .given([default("b", AddressKind::Billing)])
        .when(&delete("a"))
        .then([Event::AddressDeleted { address: id("a") }, default("b", AddressKind::Shipping)])
        .when(&delete("b"))
        .then([Event::AddressDeleted { address: id("b") }]);
    assert!(story.state().book.defaults.is_empty());
}

#[test]
fn an_address_that_is_not_in_the_book_is_refused() {
    let no = Refusal::AddressUnknown(id("x"));
    let replace = Command::ReplaceAddress {
        address: id("x"),
        label: "work".parse().unwrap(),
        place: place("Fès"),
    };
    leila()
        .given(two_addresses())
        .when(&replace)
        .refused(&no)
        .when(&delete("x"))
        .refused(&no)
        .when(&set_default("x", AddressKind::Shipping))
        .refused(&no);
}

#[test]
fn a_book_is_bounded() {
    let many = (0..50).map(|number| added(&format!("a{number}")));
    leila().given(many).when(&add("one-more")).refused(&Refusal::AddressBookFull);
}

#[test]
fn consent_is_a_history_and_saying_it_again_adds_nothing() {
    leila()
        .at(1)
        .when(&consent(true))
        .then([consented(true, 1)])
        .at(2)
        .when(&consent(true))
        .then_nothing()
        .at(3)
        .when(&consent(false))
        .then([consented(false, 3)]);
}

#[test]
fn a_moroccan_address_needs_no_postcode_but_a_postcode_must_be_one() {
    assert!(place("Rabat").check().is_ok());
    let with = |postcode: &str, country: &str| {
        let (postcode, country) = (postcode.to_owned(), country.to_owned());
        PostalAddress { postcode, country, ..place("Rabat") }.check()
    };
    assert!(with("10000", "ma").is_ok());
    assert_eq!(with("1000", "MA").unwrap_err().field, "postcode");
    assert!(with("SW1A 1AA", "GB").is_ok());
    assert_eq!(with("", "Morocco").unwrap_err().field, "country");
}

#[test]
fn a_wrong_line_is_named_by_its_place() {
    let lines = vec!["12, rue des Consuls".to_owned(), " \n ".to_owned()];
    let wrong = PostalAddress { lines, ..place("Rabat") }.check().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "lines[1]: expected 1 to 120 characters, none of them a control character"
    );
    let none = PostalAddress { lines: Vec::new(), ..place("Rabat") }.check().unwrap_err();
    assert_eq!(none.field, "lines");
}

fn caller() -> Caller {
    Caller::shopper("users/leila".parse().unwrap())
}

/// Reads a request of Leïla's as the edge would hand it over.
fn decode<M: cell_kernel::Words>(method: &str, message: &M) -> Result<Command, Fault> {
    let mut methods = api::api().into_methods();
    let at = methods.iter().position(|known| known.name.ends_with(method)).expect("a method");
    let request = request("users/leila", caller());
    match methods.swap_remove(at).kind {
        MethodKind::Command { decode, .. } => decode(&request, &message.encode_to_vec()),
        _ => unreachable!("{method} is a command"),
    }
}

fn update(paths: &[&str], profile: wire::Profile) -> Result<Command, Fault> {
    let mut asked = wire::UpdateProfileRequest {
        name: "users/leila/profile".to_owned(),
        profile: Some(profile),
        ..Default::default()
    };
    if !paths.is_empty() {
        asked.update_mask.get_or_insert_default().paths =
            paths.iter().map(|path| (*path).to_owned()).collect();
    }
    decode("/UpdateProfile", &asked)
}

#[test]
fn a_mask_says_what_is_set_and_without_one_what_is_not_empty_is() {
    let given = wire::Profile {
        display_name: "Leïla".to_owned(),
        locale: "fr".to_owned(),
        ..Default::default()
    };
    let masked = update(&["phone", "locale"], given.clone()).unwrap();
    let changes = ProfileChanges {
        phone: Some(None),
        locale: Some("fr".parse().unwrap()),
        ..Default::default()
    };
    assert_eq!(masked, Command::UpdateProfile { changes });
    let unmasked = update(&[], given).unwrap();
    let changes = ProfileChanges {
        display_name: Some("Leïla".parse().unwrap()),
        locale: Some("fr".parse().unwrap()),
        ..Default::default()
    };
    assert_eq!(unmasked, Command::UpdateProfile { changes });
}

#[test]
fn what_only_the_platform_sets_cannot_be_set() {
    for path in ["email", "registered", "name", "displayName"] {
        let fault = update(&[path], wire::Profile::default()).unwrap_err();
        assert_eq!(fault.fields()[0].field, "update_mask", "{path}");
    }
}

#[test]
fn wrong_fields_are_named() {
    let field = |profile| update(&[], profile).unwrap_err().fields()[0].field.clone();
    let of = |change: fn(&mut wire::Profile)| {
        let mut profile = wire::Profile::default();
        change(&mut profile);
        field(profile)
    };
    assert_eq!(of(|profile| profile.locale = "de".to_owned()), "profile.locale");
    assert_eq!(of(|profile| profile.currency = "mad".to_owned()), "profile.currency");
    assert_eq!(of(|profile| profile.phone = "0600000000".to_owned()), "profile.phone");
    assert_eq!(of(|profile| profile.display_name = "a".repeat(101)), "profile.display_name");
    let preference = |profile: &mut wire::Profile| {
        profile.preferences.insert("Theme".to_owned(), String::new());
    };
    assert_eq!(of(preference), "profile.preferences");
    let address = wire::CreateAddressRequest {
        address: Some(wire::Address { recipient: "L".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let fault = decode("/CreateAddress", &address).unwrap_err();
    assert_eq!(fault.fields()[0].field, "address.lines");
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Users>(include_str!("tests/events.jsonl"));
    assert_eq!(state.profile.display_name.as_str(), "ليلى");
    assert_eq!(state.book.addresses.len(), 1);
    assert!(!state.consents[&Purpose::MarketingEmail].granted);
}

fn any_command() -> impl Strategy<Value = Command> {
    let address = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let kind = prop::sample::select(AddressKind::ALL.to_vec());
    prop_oneof![
        address().prop_map(add),
        address().prop_map(delete),
        (address(), kind).prop_map(|(address, kind)| set_default(address, kind)),
        any::<bool>().prop_map(consent),
    ]
}

fn assert_one_default_of_each_kind(state: &State) {
    let book = &state.book;
    let expected = if book.addresses.is_empty() { 0 } else { AddressKind::ALL.len() };
    assert_eq!(book.defaults.len(), expected, "users-1: {book:?}");
    assert!(book.defaults.values().all(|id| book.find(id).is_some()), "users-1: {book:?}");
}

proptest! {
    #[test]
    fn a_book_has_one_default_of_each_kind_whatever_is_asked(commands in prop::collection::vec(any_command(), 1..60)) {
        let mut told = leila();
        for command in commands {
            // An address's id is fresh each time, as the edge mints it.
            let known = matches!(&command, Command::AddAddress { address, .. } if told.state().book.find(address).is_some());
            if known {
                continue;
            }
            let before = told.history().len();
            told = told.when(&command).decided().0;
            assert_one_default_of_each_kind(told.state());
            prop_assert!(told.history().len() >= before, "users-2");
            prop_assert!(!Users::stream(&command).is_empty());
        }
        replay_equals_live(&told);
    }
}
