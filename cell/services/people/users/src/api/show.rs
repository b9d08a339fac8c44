//! Writes answers.

use base_ids::Tenant;
use cell_kernel::Done;

use crate::{
    Users,
    command::{AddressKind, Command, Phone},
    state::{AddressBook, Profile, Saved},
    view::ConsentEntry,
    wire,
};

pub(super) fn profile_after(done: &Done<'_, Users>) -> wire::Profile {
    profile(&done.asked.tenant, &done.state.profile)
}

pub(super) fn profile(user: &Tenant, profile: &Profile) -> wire::Profile {
    wire::Profile {
        name: format!("{user}/profile"),
        display_name: profile.display_name.to_string(),
        locale: profile.locale.to_string(),
        currency: profile.currency.to_string(),
        phone: profile.phone.as_ref().map(Phone::to_string).unwrap_or_default(),
        email: profile.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        right_to_left: profile.locale.language().right_to_left(),
        registered: profile.email.is_some(),
        preferences: profile.preferences.as_map().clone().into_iter().collect(),
    }
}

pub(super) fn address_after(done: &Done<'_, Users>) -> wire::SavedAddress {
    let (Command::AddAddress { address: id, .. }
    | Command::ReplaceAddress { address: id, .. }
    | Command::SetDefaultAddress { address: id, .. }) = done.command
    else {
        unreachable!("only these commands answer with an address")
    };
    let book = &done.state.book;
    let saved =
        book.find(id).expect("a command that was carried out leaves its address in the book");
    address(&done.asked.tenant, book, saved)
}

pub(super) fn book(user: &Tenant, book: &AddressBook) -> Vec<wire::SavedAddress> {
    book.addresses.iter().map(|saved| address(user, book, saved)).collect()
}

pub(super) fn address(user: &Tenant, book: &AddressBook, saved: &Saved) -> wire::SavedAddress {
    let kinds = book.defaults_of(&saved.id).map(|kind| match kind {
        AddressKind::Shipping => wire::AddressKind::Shipping.into(),
        AddressKind::Billing => wire::AddressKind::Billing.into(),
    });
    wire::SavedAddress {
        name: format!("{user}/addresses/{}", saved.id),
        label: saved.label.to_string(),
        address: Some((&saved.place).into()),
        default_for: kinds.collect(),
    }
}

pub(super) fn consent_after(done: &Done<'_, Users>) -> wire::Consent {
    let Command::SetConsent { purpose, .. } = done.command else {
        unreachable!("only this command answers with a consent")
    };
    let said = done.state.consents.get(purpose).expect("a consent that was set is remembered");
    consent(&ConsentEntry {
        purpose: *purpose,
        granted: said.granted,
        text_version: said.text_version.clone(),
        at: said.at,
    })
}

pub(super) fn consent(entry: &ConsentEntry) -> wire::Consent {
    wire::Consent {
        purpose: <&str>::from(entry.purpose).to_owned(),
        granted: entry.granted,
        text_version: entry.text_version.to_string(),
        at_ms: entry.at.as_millis(),
    }
}
