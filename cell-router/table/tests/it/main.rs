//! What a look-up costs: no allocation, however large the table is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

use base_ids::{Epoch, Generation, Slot};
use router_table::{Draft, Pod, Route, Snapshot, Table};

thread_local! {
    /// Allocations of this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts for each thread how often it is asked.
struct Counting;

// SAFETY: everything is left to the system's allocator; the count neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no count any more.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the promises of this very method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from the system's allocator, as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(what: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    what();
    COUNT.get() - before
}

const PLACED: u64 = 10_000;

fn name(number: u64) -> String {
    format!("users/01936f0e-7a5c-7cc1-8d2e-{number:012x}")
}

/// One cell with three pods owns every slot; some tenants are placed by name.
fn large() -> Table {
    let mut draft = Draft::new(Epoch(1));
    let address = "127.0.0.1:7000".parse().unwrap();
    let home = draft.cell(router_table::Cell {
        id: "cell-1".parse().unwrap(),
        pods: ["0", "1", "2"]
            .map(|name| Pod { name: name.parse().unwrap(), ..Pod::only(address, address, address) })
            .into(),
        signing_keys: vec![],
    });
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), home, Generation(1));
    }
    for number in 0..PLACED {
        draft.place(&name(number).parse().unwrap(), home, Generation(2), number % 2 == 0);
    }
    draft.build().unwrap()
}

#[test]
fn a_look_up_allocates_nothing() {
    let snapshot = Snapshot::new(large());
    let mut names: Vec<_> = (0..2 * PLACED).map(name).collect();
    names.extend(["vendors/atlas", "names/9f86d081", "not a tenant", ""].map(str::to_owned));
    // What a thread needs once, it may have.
    drop(snapshot.load());
    let (mut by_name, mut pods) = (0, 0);
    let counted = allocations(|| {
        for name in &names {
            let table = snapshot.load();
            let route = table.route(black_box(name));
            by_name += u64::from(matches!(route, Route::To { by_override: true, .. }));
            if let Route::To { owner, .. } = route {
                pods += table.pods_for(owner.index, name).count();
            }
        }
    });
    assert_eq!((by_name, pods), (PLACED, 3 * names.len()));
    assert_eq!(counted, 0);
    assert!(allocations(|| drop(black_box(name(7)))) > 0, "the count counts");
}
