//! What operators may do to ownership: it reaches all who watch, is refused with a reason, and leaves a record.

use std::time::Duration;

use souk_proto_fleet::v1::{
    Deed, DoctorRequest, HoldRequest, ListDeedsRequest, ListHoldsRequest, ListSlotsRequest,
    Ownership, PinTenantsRequest, Place, ReleaseRequest, WhereIsTenantRequest, place::Is,
};
use tonic::{Code, Status};

use crate::fleet::{Plane, Watcher, beat, send};

fn place(is: Is) -> Place {
    Place { is: Some(is) }
}

fn atlas() -> Place {
    place(Is::Tenant("vendors/atlas".into()))
}

async fn hold(
    plane: &Plane,
    place: impl Into<Option<Place>>,
    why: &str,
) -> Result<Ownership, Status> {
    let request = HoldRequest { place: place.into(), by: "leila".into(), why: why.into() };
    let answer = plane.operator().await.hold(request).await?.into_inner();
    assert_eq!(answer.epoch, plane.running.plane().fleet().epoch().0);
    Ok(answer.ownership.unwrap())
}

async fn release(plane: &Plane, place: Place) -> Result<Ownership, Status> {
    let request = ReleaseRequest { place: Some(place), by: "leila".into(), why: "done".into() };
    Ok(plane.operator().await.release(request).await?.into_inner().ownership.unwrap())
}

async fn record(plane: &Plane, limit: u32) -> Vec<Deed> {
    let answer = plane.operator().await.list_deeds(ListDeedsRequest { limit }).await;
    answer.unwrap().into_inner().deeds
}

#[tokio::test]
async fn a_hold_reaches_all_who_watch_and_its_end_too() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut watchers = vec![
        Watcher::router(plane.address(), "router-1").await,
        Watcher::cell(plane.address(), "cell-1").await,
    ];
    for watcher in &mut watchers {
        watcher.next().await.unwrap();
    }
    let row = hold(&plane, atlas(), "an audit").await.unwrap();
    assert_eq!(
        (row.cell.as_str(), row.generation, row.hold.unwrap().why.as_str()),
        ("cell-1", 2, "an audit")
    );
    for watcher in &mut watchers {
        let table = watcher.next().await.unwrap();
        assert!(table.route("vendors/atlas").owner().unwrap().held);
        assert!(!table.route("users/a").owner().unwrap().held);
    }
    let ask = WhereIsTenantRequest { tenant: "vendors/atlas".into() };
    let found = plane.operator().await.where_is_tenant(ask).await.unwrap().into_inner();
    assert_eq!((found.hold.unwrap().by.as_str(), found.by_override), ("leila", true));
    let row = release(&plane, atlas()).await.unwrap();
    assert_eq!((row.generation, row.hold), (3, None));
    for watcher in &mut watchers {
        let owner = watcher.next().await.unwrap();
        let owner = owner.route("vendors/atlas").owner().unwrap();
        assert_eq!((owner.held, owner.generation.0), (false, 3));
    }
}

#[tokio::test]
async fn holds_and_the_record_outlive_the_process_and_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let slot = || place(Is::Slot(0x3e3d));
    hold(&plane, slot(), " a look at the disk ").await.unwrap();
    hold(&plane, atlas(), "an audit").await.unwrap();
    release(&plane, atlas()).await.unwrap();
    plane.running.stop().await;
    let plane = Plane::start(directory.path(), 1).await;
    let held = plane.operator().await.list_holds(ListHoldsRequest {}).await.unwrap().into_inner();
    assert_eq!((held.held.len(), held.held[0].place.clone()), (1, Some(slot())));
    let runs = plane.operator().await.list_slots(ListSlotsRequest::default()).await.unwrap();
    let held: Vec<_> = runs.into_inner().runs.into_iter().filter(|run| run.held).collect();
    assert_eq!((held.len(), held[0].first, held[0].last), (1, 0x3e3d, 0x3e3d));
    let told: Vec<_> = record(&plane, 0).await;
    let kinds: Vec<_> = told.iter().map(|deed| (deed.kind.as_str(), deed.place.as_str())).collect();
    let expected = [
        ("release", "tenant vendors/atlas"),
        ("hold", "tenant vendors/atlas"),
        ("hold", "slot 3e3d"),
    ];
    assert_eq!(kinds, expected);
    let Deed { by, from, why, at_ms, generation, .. } = told.last().unwrap();
    assert_eq!((by.as_str(), why.as_str(), *generation), ("leila", "a look at the disk", 1));
    assert!(from.starts_with("127.0.0.1:"), "{from}");
    assert_eq!(*at_ms, 1_795_262_400_000);
    assert_eq!(record(&plane, 1).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_reason_and_leaves_no_record() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let refused = async |place: Option<Place>, why: &str| {
        let status = hold(&plane, place, why).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let nobody = (Code::FailedPrecondition, "nobody owns tenant vendors/atlas yet".to_owned());
    assert_eq!(refused(Some(atlas()), "x").await, nobody);
    send(plane.address(), beat(1)).await.unwrap();
    let invalid = [
        (None, "x", "place must name a slot or a tenant"),
        (Some(place(Is::Slot(65_536))), "x", "slot must be 0 to 65535"),
        (Some(place(Is::Tenant("Atlas".into()))), "x", "expected users/<id>"),
        (Some(atlas()), " ", "why must have 1 to 500 bytes on one line"),
        (Some(atlas()), "two\nlines", "why must have 1 to 500 bytes on one line"),
    ];
    for (place, why, text) in invalid {
        let (code, told) = refused(place, why).await;
        assert_eq!(code, Code::InvalidArgument);
        assert!(told.contains(text), "{told}");
    }
    let status = release(&plane, atlas()).await.unwrap_err();
    let not_held = (Code::FailedPrecondition, "tenant vendors/atlas is not held");
    assert_eq!((status.code(), status.message()), not_held);
    hold(&plane, atlas(), "an audit").await.unwrap();
    let (code, told) = refused(Some(atlas()), "me too").await;
    assert_eq!(code, Code::AlreadyExists);
    assert!(
        told.starts_with("tenant vendors/atlas is held already, by leila since 2026-"),
        "{told}"
    );
    assert_eq!(record(&plane, 0).await.len(), 1);
}

#[tokio::test]
async fn tenants_are_pinned_in_one_change() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let before = watcher.next().await.unwrap();
    let request = || PinTenantsRequest {
        tenants: (0..200).map(|number| format!("users/u{number}")).collect(),
        by: "leila".into(),
        why: "large".into(),
    };
    let answer = plane.operator().await.pin_tenants(request()).await.unwrap().into_inner();
    assert_eq!((answer.pinned, answer.epoch), (200, before.epoch().0 + 1));
    let table = watcher.next().await.unwrap();
    assert_eq!((table.overrides_len(), table.epoch().0), (200, answer.epoch));
    let again = plane.operator().await.pin_tenants(request()).await.unwrap().into_inner();
    assert_eq!((again.pinned, again.epoch), (0, answer.epoch));
}

#[tokio::test]
async fn the_doctor_complains_about_a_hold_that_was_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    hold(&plane, atlas(), "an audit").await.unwrap();
    let finding = async || {
        let findings = plane.operator().await.doctor(DoctorRequest {}).await.unwrap().into_inner();
        let mut all = findings.findings.into_iter();
        all.find(|finding| finding.check == "tenant vendors/atlas hold").unwrap()
    };
    assert!(finding().await.ok);
    plane.clock.advance(Duration::from_secs(31));
    let late = finding().await;
    assert!(!late.ok && late.text.contains("held for 31 s by leila: an audit"), "{late:?}");
}
