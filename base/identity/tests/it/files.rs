//! What is wrong with the files of an identity is said before anything else happens, with what to do about it.

use std::{fs, time::Duration};

use base_fault::chain;
use base_identity::{Config, Passport, Role};
use base_time::{Clock as _, SystemClock, Timestamp};

use crate::stage::Fleet;

fn refused(files: &Config, role: Role, name: &str) -> String {
    chain(&Passport::read(files, role, Some(name)).unwrap_err())
}

#[test]
fn good_files_make_an_identity() {
    let fleet = Fleet::new("souk.example");
    let files = fleet.issue(Role::Cell, "cell-1");
    let passport = Passport::read(&files, Role::Cell, Some("cell-1")).unwrap();
    assert_eq!(passport.identity().to_string(), "spiffe://souk.example/cell/cell-1");
    assert_eq!(passport.due(), None);
    let nameless = fleet.issue(Role::ControlPlane, "eu-1");
    assert_eq!(
        Passport::read(&nameless, Role::ControlPlane, None).unwrap().identity().name(),
        "eu-1"
    );
}

#[test]
fn somebody_else_s_files_are_named_with_whose_they_are() {
    let fleet = Fleet::new("souk.example");
    let files = fleet.issue(Role::Cell, "cell-1");
    for (role, name) in [(Role::Cell, "cell-2"), (Role::Router, "cell-1")] {
        let text = refused(&files, role, name);
        assert!(text.contains("is the identity of spiffe://souk.example/cell/cell-1"), "{text}");
        assert!(text.contains(&format!("soukctl identity issue {role} {name}")), "{text}");
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let (fleet, other) = (Fleet::new("souk.example"), Fleet::new("souk.example"));
    let files = fleet.issue(Role::Cell, "cell-1");
    let foreign = other.issue(Role::Cell, "cell-1");
    let wrong_key = Config { key: foreign.key.clone(), ..files.clone() };
    let text = refused(&wrong_key, Role::Cell, "cell-1");
    assert!(text.contains("identity.crt cannot be used"), "{text}");
    let wrong_authority = Config { authorities: foreign.authorities, ..files.clone() };
    let text = refused(&wrong_authority, Role::Cell, "cell-1");
    assert!(text.contains("was not issued by an authority of"), "{text}");
    let no_authority = Config { authorities: files.key.clone(), ..files.clone() };
    let text = refused(&no_authority, Role::Cell, "cell-1");
    assert!(text.contains("holds no certificate"), "{text}");
    let missing = Config { key: fleet.folder("nowhere"), ..files };
    assert!(refused(&missing, Role::Cell, "cell-1").contains("nowhere cannot be used"));
}

#[test]
fn what_is_not_in_force_is_refused_with_its_end() {
    let fleet = Fleet::new("souk.example");
    let now = SystemClock.now();
    let hour = Duration::from_hours(1);
    let long_ago = Timestamp::from_millis(now.as_millis() - 86_400_000);
    let of = |from| fleet.authority.issue_from(Role::Cell, "cell-1", from, hour).unwrap();
    let ended = of(long_ago).write(&fleet.folder("ended")).unwrap();
    assert!(refused(&ended, Role::Cell, "cell-1").contains("ended at 20"));
    let early = of(now.after(2 * hour)).write(&fleet.folder("early")).unwrap();
    assert!(refused(&early, Role::Cell, "cell-1").contains("look at the clock"));
}

#[test]
fn a_certificate_for_something_else_is_no_identity() {
    let fleet = Fleet::new("souk.example");
    let front = fleet.authority.issue_server(&["souk.example"], Duration::from_hours(1)).unwrap();
    let files = front.write(&fleet.folder("front")).unwrap();
    let text = refused(&files, Role::Router, "router-1");
    assert!(text.contains("is no identity"), "{text}");
    assert!(text.contains("has 0 URIs"), "{text}");
}

#[test]
fn what_comes_to_its_end_is_due() {
    let fleet = Fleet::new("souk.example");
    let span = Duration::from_hours(30 * 24);
    let begun =
        |days: i64| Timestamp::from_millis(SystemClock.now().as_millis() - days * 86_400_000);
    for (days, due) in [(19, false), (21, true)] {
        let issued = fleet.authority.issue_from(Role::Cell, "cell-1", begun(days), span).unwrap();
        let files = issued.write(&fleet.folder("aging")).unwrap();
        let passport = Passport::read(&files, Role::Cell, None).unwrap();
        assert_eq!(passport.due().is_some(), due, "{days} days old");
    }
}

#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let fleet = Fleet::new("souk.example");
    let files = fleet.issue(Role::Cell, "cell-1");
    let folder = fleet.folder("authority");
    fleet.authority.write(&folder).unwrap();
    for key in [files.key, folder.join("authority.key")] {
        assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
