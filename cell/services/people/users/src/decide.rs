//! May a profile, an address or a consent be changed? And what then happens.

use base_fault::Status;
use base_ids::ResourceId;
use base_time::Timestamp;

use crate::{
    command::{AddressKind, Command, ProfileChanges, Purpose, TextVersion},
    event::Event,
    state::{Profile, State},
};

/// Users saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The book has as many addresses as one can have.
    #[error("an address book has at most {ADDRESSES_MAX} addresses; delete one first")]
    AddressBookFull,
    /// The book has no such address.
    #[error("there is no address `{0}` in the book")]
    AddressUnknown(ResourceId),
}

/// Most addresses in a book.
pub(crate) const ADDRESSES_MAX: usize = 50;

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::AddressBookFull => "address_book_full",
            Self::AddressUnknown(_) => "address_unknown",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::AddressBookFull => Status::ResourceExhausted,
            Self::AddressUnknown(_) => Status::NotFound,
        }
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::UpdateProfile { changes } => Ok(update(&state.profile, changes)),
        Command::RecordRegistration { email, display_name, locale } => {
            if state.profile.email.as_ref() == Some(email) {
                return Ok(Vec::new());
            }
            let (email, display_name) = (email.clone(), display_name.clone());
            Ok(vec![Event::UserRegistered { email, display_name, locale: *locale }])
        }
        Command::AddAddress { address, label, place } => {
            let (label, place) = (label.clone(), place.clone());
            add(state, Event::AddressAdded { address: address.clone(), label, place }, address)
        }
        Command::ReplaceAddress { address, label, place } => {
            let saved = known(state, address)?;
            if saved.label == *label && saved.place == *place {
                return Ok(Vec::new());
            }
            let (address, label, place) = (address.clone(), label.clone(), place.clone());
            Ok(vec![Event::AddressReplaced { address, label, place }])
        }
        Command::SetDefaultAddress { address, kind } => {
            known(state, address)?;
            if state.book.defaults.get(kind) == Some(address) {
                return Ok(Vec::new());
            }
            Ok(vec![default(address, *kind)])
        }
        Command::DeleteAddress { address } => delete(state, address),
        Command::SetConsent { purpose, granted, text_version } => {
            Ok(consent(state, *purpose, *granted, text_version, now))
        }
    }
}

/// Only what differs from what is.
fn update(profile: &Profile, changes: &ProfileChanges) -> Vec<Event> {
    let mut changes = changes.clone();
    changes.display_name = changes.display_name.filter(|name| *name != profile.display_name);
    changes.locale = changes.locale.filter(|locale| *locale != profile.locale);
    changes.currency = changes.currency.filter(|currency| *currency != profile.currency);
    changes.phone = changes.phone.filter(|phone| *phone != profile.phone);
    changes.preferences = changes.preferences.filter(|all| *all != profile.preferences);
    if changes.is_empty() { Vec::new() } else { vec![Event::ProfileUpdated { changes }] }
}

/// The first address becomes the default of each kind (Invariant users-1).
fn add(state: &State, added: Event, address: &ResourceId) -> Result<Vec<Event>, Refusal> {
    if state.book.addresses.len() >= ADDRESSES_MAX {
        return Err(Refusal::AddressBookFull);
    }
    let missing =
        AddressKind::ALL.into_iter().filter(|kind| !state.book.defaults.contains_key(kind));
    let defaults = missing.map(|kind| default(address, kind));
    Ok(std::iter::once(added).chain(defaults).collect())
}

/// What it was the default of passes to the oldest address that is left (Invariant users-1).
fn delete(state: &State, address: &ResourceId) -> Result<Vec<Event>, Refusal> {
    known(state, address)?;
    let heir = state.book.addresses.iter().find(|saved| saved.id != *address);
    let defaults = heir
        .into_iter()
        .flat_map(|heir| state.book.defaults_of(address).map(move |kind| default(&heir.id, kind)));
    Ok(std::iter::once(Event::AddressDeleted { address: address.clone() })
        .chain(defaults)
        .collect())
}

/// Saying the same again adds nothing to the history.
fn consent(
    state: &State,
    purpose: Purpose,
    granted: bool,
    text_version: &TextVersion,
    now: Timestamp,
) -> Vec<Event> {
    let said = state.consents.get(&purpose);
    if said.is_some_and(|said| said.granted == granted && said.text_version == *text_version) {
        return Vec::new();
    }
    vec![Event::ConsentSet { purpose, granted, text_version: text_version.clone(), at: now }]
}

fn known<'a>(state: &'a State, id: &ResourceId) -> Result<&'a crate::state::Saved, Refusal> {
    state.book.find(id).ok_or_else(|| Refusal::AddressUnknown(id.clone()))
}

fn default(address: &ResourceId, of: AddressKind) -> Event {
    Event::DefaultAddressSet { address: address.clone(), of }
}
