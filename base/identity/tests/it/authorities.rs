//! Authorities that are kept in a folder.

use base_fault::chain;
use base_identity::{Authority, Passport, Role};

use crate::stage::{Fleet, Port, ROUTERS, WEEK, cell_1, visit};

#[tokio::test]
async fn an_authority_that_was_kept_goes_on_issuing() {
    let fleet = Fleet::new("souk.example");
    let folder = fleet.folder("authority");
    fleet.authority.write(&folder).unwrap();
    let again = Authority::read(&folder).unwrap();
    assert_eq!(again.fleet(), "souk.example");
    let issued = again.issue(Role::Router, "router-1", WEEK).unwrap();
    let files = issued.write(&fleet.folder("router")).unwrap();
    let router = Passport::read(&files, Role::Router, Some("router-1")).unwrap();
    let port = Port::of(fleet.passport(Role::Cell, "cell-1"), ROUTERS).await;
    visit(&router, port.address, &cell_1()).await.unwrap();
}

#[test]
fn an_authority_is_never_written_over() {
    let fleet = Fleet::new("souk.example");
    let folder = fleet.folder("authority");
    fleet.authority.write(&folder).unwrap();
    let text = chain(&Authority::make("souk.example", WEEK).unwrap().write(&folder).unwrap_err());
    assert!(text.contains("is there already"), "{text}");
    Authority::read(&fleet.folder("nowhere")).map(|_| ()).unwrap_err();
}

#[test]
fn names_that_no_certificate_should_hold_are_refused() {
    Authority::make("Souk", WEEK).map(|_| ()).unwrap_err();
    let fleet = Fleet::new("souk.example");
    for name in ["", "Cell-1", "cell/1", "cell-1\0", "-"] {
        fleet.authority.issue(Role::Cell, name, WEEK).map(|_| ()).unwrap_err();
    }
}
