//! Reads requests that have more than a field or two.

use std::collections::BTreeMap;

use base_fault::Fault;
use cell_kernel::{Request, field};
use cell_words::asked::optional;

use crate::{
    command::{AddressKind, Command, Preferences, ProfileChanges},
    wire,
};

/// The fields of a profile that can be set, as a mask names them.
const SETTABLE: [&str; 5] = ["display_name", "locale", "currency", "phone", "preferences"];

pub(super) fn update_profile(
    _: &Request,
    asked: &wire::UpdateProfileRequest,
) -> Result<Command, Fault> {
    let given = asked.profile.clone().unwrap_or_default();
    let masked = asked.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
    if let Some(unknown) = masked.iter().find(|path| !SETTABLE.contains(&path.as_str())) {
        let expected = SETTABLE.join(", ");
        let problem = format!("`{unknown}` cannot be set; expected any of {expected}");
        return Err(Fault::invalid_field("update_mask", problem));
    }
    let set = |name: &str, not_empty: bool| {
        if masked.is_empty() { not_empty } else { masked.iter().any(|path| path == name) }
    };
    let mut changes = ProfileChanges::default();
    if set("display_name", !given.display_name.is_empty()) {
        changes.display_name = Some(field("profile.display_name", &given.display_name)?);
    }
    if set("locale", !given.locale.is_empty()) {
        changes.locale = Some(field("profile.locale", &given.locale)?);
    }
    if set("currency", !given.currency.is_empty()) {
        changes.currency = Some(field("profile.currency", &given.currency)?);
    }
    if set("phone", !given.phone.is_empty()) {
        changes.phone = Some(optional("profile.phone", &given.phone)?);
    }
    if set("preferences", !given.preferences.is_empty()) {
        changes.preferences = Some(preferences(given.preferences)?);
    }
    Ok(Command::UpdateProfile { changes })
}

fn preferences(given: impl IntoIterator<Item = (String, String)>) -> Result<Preferences, Fault> {
    let map: BTreeMap<String, String> = given.into_iter().collect();
    Preferences::try_from(map)
        .map_err(|error| Fault::invalid_field("profile.preferences", error.to_string()))
}

pub(super) fn kind(kind: wire::AddressKind) -> Result<AddressKind, Fault> {
    match kind {
        wire::AddressKind::Shipping => Ok(AddressKind::Shipping),
        wire::AddressKind::Billing => Ok(AddressKind::Billing),
        wire::AddressKind::Unspecified => {
            Err(Fault::invalid_field("kind", "expected SHIPPING or BILLING"))
        }
    }
}
