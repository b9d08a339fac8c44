//! What is remembered of a user in order to decide; each stream fills its own part.

use std::collections::BTreeMap;

use base_ids::{Locale, ResourceId};
use base_money::Currency;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    command::{
        AddressKind, DisplayName, Email, Label, Phone, PostalAddress, Preferences, ProfileChanges,
        Purpose, TextVersion,
    },
    event::Event,
};

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Of the stream `profile`.
    pub profile: Profile,
    /// Of the stream `addresses`.
    pub book: AddressBook,
    /// Of the stream `consents`: the newest word on each purpose.
    pub consents: BTreeMap<Purpose, Consent>,
}

/// How to address a user, in which language and currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// How to address the user; may be empty.
    pub display_name: DisplayName,
    /// Language and country.
    pub locale: Locale,
    /// In which prices are shown where there is a choice.
    pub currency: Currency,
    /// Telephone.
    pub phone: Option<Phone>,
    /// Proven e-mail; none for a visitor without an account.
    pub email: Option<Email>,
    /// Small things that clients remember.
    pub preferences: Preferences,
}

impl Default for Profile {
    /// What every visitor starts with.
    fn default() -> Self {
        Self {
            display_name: DisplayName::default(),
            locale: Locale::DEFAULT,
            currency: Currency::MAD,
            phone: None,
            email: None,
            preferences: Preferences::default(),
        }
    }
}

/// A user's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressBook {
    /// In the order in which they were added.
    pub addresses: Vec<Saved>,
    /// The default of each kind.
    pub defaults: BTreeMap<AddressKind, ResourceId>,
}

/// An address in the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its id.
    pub id: ResourceId,
    /// What the user calls it.
    pub label: Label,
    /// The address.
    pub place: PostalAddress,
}

/// The newest word on one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Given or withdrawn.
    pub granted: bool,
    /// Which version of the text was shown.
    pub text_version: TextVersion,
    /// When.
    pub at: Timestamp,
}

impl AddressBook {
    /// The address with this id.
    pub fn find(&self, id: &ResourceId) -> Option<&Saved> {
        self.addresses.iter().find(|saved| saved.id == *id)
    }

    /// The kinds that an address is the default of.
    pub fn defaults_of(&self, id: &ResourceId) -> impl Iterator<Item = AddressKind> {
        self.defaults.iter().filter(move |(_, at)| *at == id).map(|(kind, _)| *kind)
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::ProfileUpdated { changes } => self.profile.set(changes),
            Event::UserRegistered { email, display_name, locale } => {
                self.profile.email = Some(email.clone());
                self.profile.display_name = display_name.clone();
                self.profile.locale = *locale;
            }
            Event::AddressAdded { address, label, place } => {
                let (id, label, place) = (address.clone(), label.clone(), place.clone());
                self.book.addresses.push(Saved { id, label, place });
            }
            Event::AddressReplaced { address, label, place } => {
                for saved in self.book.addresses.iter_mut().filter(|saved| saved.id == *address) {
                    saved.label = label.clone();
                    saved.place = place.clone();
                }
            }
            Event::DefaultAddressSet { address, of } => {
                self.book.defaults.insert(*of, address.clone());
            }
            Event::AddressDeleted { address } => {
                self.book.addresses.retain(|saved| saved.id != *address);
                self.book.defaults.retain(|_, id| id != address);
            }
            Event::ConsentSet { purpose, granted, text_version, at } => {
                let (granted, text_version, at) = (*granted, text_version.clone(), *at);
                self.consents.insert(*purpose, Consent { granted, text_version, at });
            }
        }
    }
}

impl Profile {
    fn set(&mut self, changes: &ProfileChanges) {
        let ProfileChanges { display_name, locale, currency, phone, preferences } = changes.clone();
        self.display_name = display_name.unwrap_or_else(|| self.display_name.clone());
        self.locale = locale.unwrap_or(self.locale);
        self.currency = currency.unwrap_or(self.currency);
        self.phone = phone.unwrap_or_else(|| self.phone.clone());
        self.preferences = preferences.unwrap_or_else(|| self.preferences.clone());
    }
}
