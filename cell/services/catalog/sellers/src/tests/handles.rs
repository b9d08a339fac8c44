//! Handles: claimed, confirmed, lost and given back.

use base_claims::{Claim, Claims, Moved, Step};
use base_ids::{Handle, ResourceId};

use super::{HANDLE_NAME, OTHER_NAME, atlas, tenant, text};
use crate::{Command, Event, Facts, command::Change};

/// What happens to the claim of a handle.
fn moved(handle: &str, claim: &str, name: &str, to: Step) -> Event {
    let claim = Claim { wanted: text(handle), claim: text(claim), decides: tenant(name) };
    Event::HandleMoved(Moved { claim, to })
}

fn asked(handle: &str, claim: &str, name: &str) -> Event {
    moved(handle, claim, name, Step::Asked)
}

fn change(handle: &str) -> Command {
    Command::ChangeProfile(Change { handle: Some(text(handle)), ..Change::default() })
}

fn knowing(name: &str) -> Facts {
    Facts { handle: Some(tenant(name)), ..Facts::default() }
}

fn handles(told: &cell_kernel::story::Story<crate::Sellers>) -> Claims<Handle> {
    told.state().seller.as_ref().unwrap().handles.clone()
}

#[test]
fn a_handle_is_confirmed_as_soon_as_it_is_kept() {
    let claim: ResourceId = text("c1");
    let told = atlas()
        .given([asked("atlas", "c1", HANDLE_NAME)])
        .when_knowing(&Command::NoteHandleKept(claim.clone()), &Facts::default())
        .then([moved("atlas", "c1", HANDLE_NAME, Step::Kept)])
        .when_knowing(&Command::NoteHandleHeld(claim.clone()), &Facts::default())
        .then([moved("atlas", "c1", HANDLE_NAME, Step::Held)])
        .when_knowing(&Command::NoteHandleHeld(claim), &Facts::default())
        .then_nothing();
    assert_eq!(handles(&told).held.unwrap().wanted.as_str(), "atlas");
}

#[test]
fn a_handle_that_is_taken_leaves_the_seller_without_one_until_it_chooses_another() {
    let told = atlas()
        .given([asked("atlas", "c1", HANDLE_NAME)])
        .when_knowing(&Command::NoteHandleLost(text("c1")), &Facts::default())
        .then([moved("atlas", "c1", HANDLE_NAME, Step::Lost)]);
    assert_eq!(handles(&told).lost, Some(text("atlas")));
    let told = told.at(16).when_knowing(&change("rif"), &knowing(OTHER_NAME)).then([asked(
        "rif",
        "claim-10-bbbbbbbb",
        OTHER_NAME,
    )]);
    assert_eq!(handles(&told).lost, None);
}

#[test]
fn the_old_handle_is_kept_until_the_new_one_is_held() {
    let told = atlas()
        .given([
            asked("atlas", "c1", HANDLE_NAME),
            moved("atlas", "c1", HANDLE_NAME, Step::Held),
            asked("rif", "c2", OTHER_NAME),
        ])
        .when_knowing(&Command::NoteHandleHeld(text("c2")), &Facts::default())
        .then([
            moved("atlas", "c1", HANDLE_NAME, Step::GivenBack),
            moved("rif", "c2", OTHER_NAME, Step::Held),
        ]);
    let handles = handles(&told);
    assert_eq!((handles.held.unwrap().wanted, handles.asked), (text("rif"), None));
}

#[test]
fn changing_ones_mind_gives_the_wish_before_back() {
    atlas()
        .given([
            asked("atlas", "c1", HANDLE_NAME),
            moved("atlas", "c1", HANDLE_NAME, Step::Held),
            asked("rif", "c2", OTHER_NAME),
        ])
        .when_knowing(&change("rif"), &knowing(OTHER_NAME))
        .then_nothing()
        .when_knowing(&change("atlas"), &knowing(HANDLE_NAME))
        .then([moved("rif", "c2", OTHER_NAME, Step::GivenBack)])
        .when_knowing(&Command::NoteHandleHeld(text("c2")), &Facts::default())
        .then_nothing()
        .when_knowing(&Command::NoteHandleKept(text("c2")), &Facts::default())
        .then_nothing();
}
