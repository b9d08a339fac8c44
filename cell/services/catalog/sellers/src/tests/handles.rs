//! Handles: claimed, confirmed, lost and given back.

use base_ids::ResourceId;

use super::{HANDLE_NAME, OTHER_NAME, atlas, tenant, text};
use crate::{Command, Event, Facts, state::Handles};

fn asked(handle: &str, claim: &str, name: &str) -> Event {
    Event::HandleAsked { handle: text(handle), claim: text(claim), name: tenant(name) }
}

fn held(claim: &str) -> Event {
    Event::HandleHeld { claim: text(claim) }
}

fn given_back(claim: &str, name: &str) -> Event {
    Event::HandleGivenBack { claim: text(claim), name: tenant(name) }
}

fn change(handle: &str) -> Command {
    Command::ChangeProfile { name: None, city: None, handle: Some(text(handle)) }
}

fn knowing(name: &str) -> Facts {
    Facts { terms: None, handle: Some(tenant(name)) }
}

fn handles(told: &cell_kernel::story::Story<crate::Sellers>) -> Handles {
    told.state().seller.as_ref().unwrap().handles.clone()
}

#[test]
fn a_handle_is_confirmed_as_soon_as_it_is_kept() {
    let claim: ResourceId = text("c1");
    let told = atlas()
        .given([asked("atlas", "c1", HANDLE_NAME)])
        .when_knowing(&Command::NoteHandleKept { claim: claim.clone() }, &Facts::default())
        .then([Event::HandleKept { claim: claim.clone(), name: tenant(HANDLE_NAME) }])
        .when_knowing(&Command::NoteHandleHeld { claim: claim.clone() }, &Facts::default())
        .then([held("c1")])
        .when_knowing(&Command::NoteHandleHeld { claim }, &Facts::default())
        .then_nothing();
    assert_eq!(handles(&told).held.unwrap().handle.as_str(), "atlas");
}

#[test]
fn a_handle_that_is_taken_leaves_the_seller_without_one_until_it_chooses_another() {
    let told = atlas()
        .given([asked("atlas", "c1", HANDLE_NAME)])
        .when_knowing(&Command::NoteHandleLost { claim: text("c1") }, &Facts::default())
        .then([Event::HandleLost { claim: text("c1") }]);
    assert_eq!(handles(&told).lost, Some(text("atlas")));
    let told = told.at(16).when_knowing(&change("rif"), &knowing(OTHER_NAME)).then([asked(
        "rif",
        "handle-10-bbbbbbbb",
        OTHER_NAME,
    )]);
    assert_eq!(handles(&told).lost, None);
}

#[test]
fn the_old_handle_is_kept_until_the_new_one_is_held() {
    let told = atlas()
        .given([asked("atlas", "c1", HANDLE_NAME), held("c1"), asked("rif", "c2", OTHER_NAME)])
        .when_knowing(&Command::NoteHandleHeld { claim: text("c2") }, &Facts::default())
        .then([given_back("c1", HANDLE_NAME), held("c2")]);
    let handles = handles(&told);
    assert_eq!((handles.held.unwrap().handle, handles.asked), (text("rif"), None));
}

#[test]
fn changing_ones_mind_gives_the_wish_before_back() {
    atlas()
        .given([asked("atlas", "c1", HANDLE_NAME), held("c1"), asked("rif", "c2", OTHER_NAME)])
        .when_knowing(&change("rif"), &knowing(OTHER_NAME))
        .then_nothing()
        .when_knowing(&change("atlas"), &knowing(HANDLE_NAME))
        .then([given_back("c2", OTHER_NAME)])
        .when_knowing(&Command::NoteHandleHeld { claim: text("c2") }, &Facts::default())
        .then_nothing()
        .when_knowing(&Command::NoteHandleKept { claim: text("c2") }, &Facts::default())
        .then_nothing();
}
