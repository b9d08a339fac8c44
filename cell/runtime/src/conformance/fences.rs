//! Laws of ownership. Invariant owner-1: the generation is checked with the write that makes the effect.

use base_ids::{Generation, Version};

use super::{
    Subject,
    given::{OWNED, events, fine, owned, stream, tenant, version},
};
use crate::port::{Append, Appended, Fence, Scope};

pub(super) async fn only_the_owner_writes(subject: &mut impl Subject) {
    let stores = subject.stores();
    let nobodys = stream("users/nobodys/carts/main");
    let ended = fine(stores.journal.append(events(&nobodys, 0, 1)).await);
    assert_eq!(ended, Appended::Fenced);
    assert_eq!(fine(stores.fences.of(&nobodys.tenant).await), None);
    let stream = owned(&stores, "users/a/carts/main").await;
    let under = |generation| Append { generation: Generation(generation), ..events(&stream, 0, 1) };
    for wrong in [0, 2, 4] {
        let ended = fine(stores.journal.append(under(wrong)).await);
        assert_eq!(ended, Appended::Fenced, "generation {wrong}");
    }
    let slot = Scope::Slot(stream.tenant.slot());
    let closed = vec![(slot, Fence::Closed(OWNED))];
    assert_eq!(fine(stores.fences.set(closed).await), 1);
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let ended = fine(stores.journal.append(under(OWNED.0)).await);
        assert_eq!(ended, Appended::Fenced, "closed");
        assert_eq!(version(&stores, &stream).await, Version(0));
        drop(stores);
        subject.reopen().await;
    }
}

pub(super) async fn a_fence_never_goes_back(subject: &mut impl Subject) {
    use Fence::{Closed, Open};
    let stores = subject.stores();
    let tenant = tenant("vendors/atlas");
    // Each in turn: the fence to set, and whether it is set.
    let steps = [
        (Open(Generation(3)), true),
        (Open(Generation(3)), false),
        (Open(Generation(2)), false),
        (Closed(Generation(2)), false),
        (Closed(Generation(3)), true),
        (Open(Generation(3)), false),
        (Closed(Generation(3)), false),
        (Open(Generation(4)), true),
        (Closed(Generation(6)), true),
        (Open(Generation(5)), false),
        (Open(Generation(7)), true),
    ];
    let scope = || Scope::Slot(tenant.slot());
    let mut stands = None;
    for (fence, wins) in steps {
        let set = fine(stores.fences.set(vec![(scope(), fence)]).await);
        assert_eq!(set, usize::from(wins), "{fence:?} over {stands:?}");
        if wins {
            stands = Some(fence);
        }
        assert_eq!(fine(stores.fences.of(&tenant).await), stands);
    }
    drop(stores);
    subject.reopen().await;
    let stores = subject.stores();
    assert_eq!(fine(stores.fences.of(&tenant).await), stands);
    assert_eq!(fine(stores.fences.all().await), [(scope(), Open(Generation(7)))]);
    // Many at once are weighed one after the other.
    let many = vec![(scope(), Closed(Generation(7))), (scope(), Open(Generation(7)))];
    assert_eq!(fine(stores.fences.set(many).await), 1);
    assert_eq!(fine(stores.fences.of(&tenant).await), Some(Closed(Generation(7))));
}

pub(super) async fn a_tenant_placed_by_name_has_its_own_fence(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "vendors/atlas/carts/main").await;
    let own = Scope::Tenant(stream.tenant.clone());
    let left = vec![(own, Fence::Closed(Generation(9)))];
    assert_eq!(fine(stores.fences.set(left).await), 1);
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let ended = fine(stores.journal.append(events(&stream, 0, 1)).await);
        assert_eq!(ended, Appended::Fenced, "its slot is open, it is not");
        assert_eq!(fine(stores.fences.all().await).len(), 2);
        drop(stores);
        subject.reopen().await;
    }
}
