//! Identities that are replaced while their process runs.

use std::{fs, time::Duration};

use base_identity::{Authority, Issued, Passport, Refusal, Role, Seen};
use base_testkit::eventually;

use crate::stage::{Fleet, Port, ROUTERS, WEEK, cell_1, visit};

const READ: Seen = Seen { read: 1, refused: 0 };
const REFUSED: Seen = Seen { read: 0, refused: 1 };
const NOTHING: Seen = Seen { read: 0, refused: 0 };

#[tokio::test]
async fn a_new_authority_takes_over_without_a_moment_in_which_nobody_is_believed() {
    let fleet = Fleet::new("souk.example");
    let next = Authority::make("souk.example", WEEK).unwrap();
    let router_files = fleet.issue(Role::Router, "router-1");
    let router = Passport::read(&router_files, Role::Router, Some("router-1")).unwrap();
    let cell_files = fleet.issue(Role::Cell, "cell-1");
    let cell = Passport::read(&cell_files, Role::Cell, Some("cell-1")).unwrap();
    let port = Port::of(cell.clone(), ROUTERS).await;
    let meet = async || visit(&router, port.address, &cell_1()).await;
    meet().await.unwrap();

    // First both authorities are believed everywhere, then identities are replaced, then the old one is no longer believed.
    let both = format!("{}{}", fleet.authority.certificate(), next.certificate());
    for (files, passport) in [(&router_files, &router), (&cell_files, &cell)] {
        fs::write(&files.authorities, &both).unwrap();
        assert_eq!(passport.look_again(), READ);
        meet().await.unwrap();
    }
    let folders = [fleet.folder("router-router-1"), fleet.folder("cell-cell-1")];
    for (folder, passport) in folders.iter().zip([&router, &cell]) {
        let (role, name) = (passport.identity().role(), passport.identity().name());
        let issued = next.issue(role, name, WEEK).unwrap();
        Issued { authority: both.clone(), ..issued }.write(folder).unwrap();
        assert_eq!(passport.look_again(), READ);
        meet().await.unwrap();
    }
    for (files, passport) in [(&router_files, &router), (&cell_files, &cell)] {
        fs::write(&files.authorities, next.certificate()).unwrap();
        assert_eq!(passport.look_again(), READ);
        meet().await.unwrap();
    }
    assert_eq!(cell.counts().refused_on("edge", "authority"), 0);

    // Who slept through it is a stranger now.
    let late = fleet.passport(Role::Router, "router-2");
    let mut port = Port::of(cell, ROUTERS).await;
    visit(&late, port.address, &cell_1()).await.unwrap_err();
    // It does not believe the cell, and says so; the cell never learns who it was.
    assert!(matches!(port.outcome().await, Err(Refusal::Broken(_))));
}

#[test]
fn what_is_no_good_or_somebody_else_s_leaves_the_identity_as_it_was() {
    let fleet = Fleet::new("souk.example");
    let files = fleet.issue(Role::Cell, "cell-1");
    let passport = Passport::read(&files, Role::Cell, Some("cell-1")).unwrap();
    let before = passport.credentials();
    assert_eq!(passport.look_again(), NOTHING);

    let folder = fleet.folder("cell-cell-1");
    fleet.authority.issue(Role::Cell, "cell-2", WEEK).unwrap().write(&folder).unwrap();
    assert_eq!(passport.look_again(), REFUSED);
    assert_eq!(passport.look_again(), NOTHING, "told once");
    fs::write(&files.certificate, "damaged").unwrap();
    assert_eq!(passport.look_again(), REFUSED);
    fs::remove_file(&files.certificate).unwrap();
    assert_eq!(passport.look_again(), REFUSED);
    assert_eq!(passport.look_again(), NOTHING);
    assert_eq!(passport.credentials().chain(), before.chain());

    let foreign = Authority::make("souk.test", WEEK).unwrap();
    foreign.issue(Role::Cell, "cell-1", WEEK).unwrap().write(&folder).unwrap();
    assert_eq!(passport.look_again(), REFUSED, "a process does not change its fleet");

    fleet.authority.issue(Role::Cell, "cell-1", WEEK).unwrap().write(&folder).unwrap();
    assert_eq!(passport.look_again(), READ);
    assert_ne!(passport.credentials().chain(), before.chain());
}

#[tokio::test]
async fn files_are_looked_at_at_once_when_the_process_is_told_to() {
    let fleet = Fleet::new("souk.example");
    let files = fleet.issue(Role::Cell, "cell-1");
    let passport = Passport::read(&files, Role::Cell, Some("cell-1")).unwrap();
    let before = passport.credentials();
    let keeping = tokio::spawn(passport.clone().keep());
    let folder = fleet.folder("cell-cell-1");
    fleet.authority.issue(Role::Cell, "cell-1", WEEK).unwrap().write(&folder).unwrap();
    passport.look_now();
    let changed = eventually(Duration::from_mins(1), async || {
        if passport.credentials().chain() == before.chain() { Err("as before") } else { Ok(()) }
    });
    changed.await.unwrap();
    keeping.abort();
}
