//! Law: however stale router and cells are, and whatever moves meanwhile, a request ends at its owner or in a typed answer that is
//! worth another try, after a bounded number of tries.

use std::collections::BTreeMap;

use base_ids::{CellId, Epoch, Generation, Slot};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::cell;
use crate::{Draft, GaveUp, Hint, Intent, Pursuit, Refusal, Route, Step, Table};

/// Two that share a fate by their slot, two that are placed by name now and then.
const TENANTS: [&str; 4] = ["users/anna", "vendors/atlas", "names/9f86", "users/wanderer"];
const CELLS_MAX: u16 = 6;

/// What happens to the fleet; the control store numbers each with an epoch.
#[derive(Clone, Debug)]
enum Deed {
    Join,
    MoveSlot { tenant: Index, to: Index },
    Place { tenant: Index, to: Index },
    Hold { tenant: Index },
    Release { tenant: Index },
}

/// What happens between two steps of a request.
#[derive(Clone, Debug)]
enum Meanwhile {
    Nothing,
    /// The next deed is done.
    Deed,
    /// The router gets a newer table.
    RouterHears {
        ahead: usize,
    },
    /// A cell gets a newer table.
    CellHears {
        cell: Index,
        ahead: usize,
    },
}

/// An ownership as the control store has it.
#[derive(Clone, Copy, Debug)]
struct Row {
    owner: usize,
    generation: u64,
    held: bool,
}

/// The control store: the truth, and all tables that were ever made of it.
struct World {
    cells: u16,
    slots: BTreeMap<Slot, Row>,
    placed: BTreeMap<&'static str, Row>,
    tables: Vec<Table>,
    deeds: Vec<Deed>,
    done: usize,
}

impl World {
    fn new(cells: u16, deeds: Vec<Deed>) -> Self {
        let row = |owner| Row { owner, generation: 1, held: false };
        let owner = |nth: usize| row(nth % usize::from(cells));
        let slots = TENANTS.iter().enumerate().map(|(nth, name)| (Slot::of(name), owner(nth)));
        let mut world = Self {
            cells,
            slots: slots.collect(),
            placed: BTreeMap::new(),
            tables: Vec::new(),
            deeds,
            done: 0,
        };
        world.publish();
        world
    }

    fn newest(&self) -> usize {
        self.tables.len() - 1
    }

    fn truth(&self, tenant: &str) -> Row {
        self.placed.get(tenant).copied().unwrap_or_else(|| self.slots[&Slot::of(tenant)])
    }

    /// Does the next deed, if there is one.
    fn go_on(&mut self) {
        let Some(deed) = self.deeds.get(self.done).cloned() else { return };
        self.done += 1;
        let cells = usize::from(self.cells);
        match deed {
            Deed::Join => self.cells = (self.cells + 1).min(CELLS_MAX),
            Deed::MoveSlot { tenant, to } => {
                let row =
                    self.slots.get_mut(&Slot::of(TENANTS[tenant.index(TENANTS.len())])).unwrap();
                *row = Row { owner: to.index(cells), generation: row.generation + 1, held: false };
            }
            Deed::Place { tenant, to } => {
                let tenant = TENANTS[tenant.index(TENANTS.len())];
                let generation = self.truth(tenant).generation + 1;
                let row = Row { owner: to.index(cells), generation, held: false };
                self.placed.insert(tenant, row);
            }
            Deed::Hold { tenant } => self.set_held(TENANTS[tenant.index(TENANTS.len())], true),
            Deed::Release { tenant } => self.set_held(TENANTS[tenant.index(TENANTS.len())], false),
        }
        self.publish();
    }

    fn set_held(&mut self, tenant: &str, held: bool) {
        let slot = self.slots.get_mut(&Slot::of(tenant));
        let row = self.placed.get_mut(tenant).or(slot).unwrap();
        // Only a release opens the owner's fence again, under a new generation.
        row.generation += u64::from(row.held && !held);
        row.held = held;
    }

    fn publish(&mut self) {
        let mut draft = Draft::new(Epoch(self.tables.len() as u64 + 1));
        let cells: Vec<_> = (0..self.cells).map(|nth| draft.cell(cell(nth))).collect();
        for (slot, row) in &self.slots {
            draft.slot(*slot, cells[row.owner], Generation(row.generation));
            if row.held {
                draft.hold_slot(*slot);
            }
        }
        for (tenant, row) in &self.placed {
            let tenant = tenant.parse().unwrap();
            draft.place(&tenant, cells[row.owner], Generation(row.generation), row.held);
        }
        self.tables.push(draft.build().unwrap());
    }
}

/// Who holds which table.
struct Holders {
    router: usize,
    cells: Vec<usize>,
}

impl Holders {
    fn hear(&mut self, meanwhile: &Meanwhile, world: &mut World) {
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Deed => world.go_on(),
            Meanwhile::RouterHears { ahead } => {
                self.router = (self.router + ahead).min(world.newest());
            }
            Meanwhile::CellHears { cell, ahead } => {
                let held = &mut self.cells[cell.index(usize::from(CELLS_MAX))];
                *held = (*held + ahead).min(world.newest());
            }
        }
    }

    /// What a cell says about a tenant: its table first, then its fence, which is the truth.
    fn word(&self, at: usize, tenant: &str, writes: bool, world: &World) -> Option<Refusal> {
        let (table, truth) = (&world.tables[self.cells[at]], world.truth(tenant));
        let epoch = table.epoch();
        match table.route(tenant) {
            Route::Unheld => Some(Refusal::Held { epoch }),
            Route::To { owner, .. } if owner.index != at => Some(Refusal::NotMine {
                cell: Some(owner.cell.id.clone()),
                generation: owner.generation,
                epoch,
            }),
            Route::To { owner, .. } => {
                let fence_open =
                    truth.owner == at && !truth.held && truth.generation == owner.generation.0;
                (writes && (owner.held || !fence_open)).then_some(Refusal::Held { epoch })
            }
        }
    }
}

fn index_of(id: &CellId) -> usize {
    (0..CELLS_MAX).position(|nth| cell(nth).id == *id).unwrap()
}

struct Ended {
    outcome: Result<usize, GaveUp>,
    tries: u8,
    waits: usize,
    hint: Option<Hint>,
}

/// One request, as the router carries it.
fn request(
    tenant: &'static str,
    intent: Intent,
    hint: Option<Hint>,
    world: &mut World,
    holders: &mut Holders,
    meanwhile: &mut impl Iterator<Item = Meanwhile>,
) -> Ended {
    let writes = intent != Intent::Read;
    let (mut pursuit, mut waits) = (Pursuit::new(hint), 0);
    let outcome = loop {
        let step = pursuit.next(&world.tables[holders.router], tenant, intent);
        let seen = holders.router;
        let next = meanwhile.next();
        holders.hear(next.as_ref().unwrap_or(&Meanwhile::Nothing), world);
        match step {
            Err(gave_up) => break Err(gave_up),
            Ok(Step::Wait(_)) => {
                waits += 1;
                let news = holders.router > seen;
                if !news {
                    pursuit.probe();
                }
            }
            Ok(Step::Try(target)) => {
                let at = index_of(&target.cell);
                match holders.word(at, tenant, writes, world) {
                    None => break Ok(at),
                    Some(refusal) => pursuit.refused(&target.cell, refusal),
                }
            }
        }
    };
    Ended { outcome, tries: pursuit.tries(), waits, hint: pursuit.hint().cloned() }
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<Index>;
    prop_oneof![
        1 => Just(Deed::Join),
        4 => (index(), index()).prop_map(|(tenant, to)| Deed::MoveSlot { tenant, to }),
        4 => (index(), index()).prop_map(|(tenant, to)| Deed::Place { tenant, to }),
        2 => index().prop_map(|tenant| Deed::Hold { tenant }),
        3 => index().prop_map(|tenant| Deed::Release { tenant }),
    ]
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        3 => Just(Meanwhile::Nothing),
        2 => Just(Meanwhile::Deed),
        2 => (0..4_usize).prop_map(|ahead| Meanwhile::RouterHears { ahead }),
        4 => (any::<Index>(), 0..4_usize)
            .prop_map(|(cell, ahead)| Meanwhile::CellHears { cell, ahead }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant stale-router.
    #[test]
    fn a_stale_table_is_harmless_whatever_moves_meanwhile(
        cells in 1..4_u16,
        deeds in vec(deed(), 0..16),
        done_before in 0..12_usize,
        router_lag in 0..12_usize,
        cell_lags in vec(0..12_usize, usize::from(CELLS_MAX)),
        requests in vec((any::<Index>(), prop::sample::select(vec![Intent::Read, Intent::Write, Intent::Unsure])), 1..6),
        meanwhile in vec(meanwhile(), 0..60),
    ) {
        let mut world = World::new(cells, deeds);
        (0..done_before).for_each(|_| world.go_on());
        let newest = world.newest();
        let mut holders = Holders {
            router: newest.saturating_sub(router_lag),
            cells: cell_lags.iter().map(|lag| newest.saturating_sub(*lag)).collect(),
        };
        let mut meanwhile = meanwhile.into_iter();
        let mut hints: BTreeMap<&str, Hint> = BTreeMap::new();
        for (tenant, intent) in requests {
            let tenant = TENANTS[tenant.index(TENANTS.len())];
            let hint = hints.get(tenant).cloned();
            let ended = request(tenant, intent, hint, &mut world, &mut holders, &mut meanwhile);
            prop_assert!(ended.tries <= Pursuit::SENDS_MAX);
            prop_assert!(ended.waits <= usize::from(Pursuit::SENDS_MAX) + 61, "{}", ended.waits);
            let truth = world.truth(tenant);
            match ended.outcome {
                // A write has passed the owner's fence; a read was served by a cell that owns the tenant as far as it knows.
                Ok(at) if intent != Intent::Read => {
                    prop_assert!(at == truth.owner && !truth.held, "{tenant} at {at}: {truth:?}");
                }
                Ok(_) => {}
                Err(gave_up) => prop_assert!(gave_up != GaveUp::Unheld, "{gave_up}"),
            }
            if let Some(hint) = ended.hint {
                hints.insert(tenant, hint);
            }
        }
        // Once everybody has heard everything, each request that is not held ends at its owner, at once.
        while world.done < world.deeds.len() {
            world.go_on();
        }
        holders.cells.fill(world.newest());
        for tenant in TENANTS {
            let mut nothing = std::iter::empty();
            let hint = hints.get(tenant).cloned();
            let known = world.tables[holders.router].cells().len();
            let ended = request(tenant, Intent::Write, hint, &mut world, &mut holders, &mut nothing);
            let truth = world.truth(tenant);
            match ended.outcome {
                Ok(at) => prop_assert!(at == truth.owner && !truth.held),
                Err(GaveUp::Held) => prop_assert!(truth.held),
                // The router alone is behind: it has not heard of the cell.
                Err(other) => prop_assert!(truth.owner >= known, "{tenant}: {other}"),
            }
        }
    }
}
