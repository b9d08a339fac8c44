//! Law: whoever applies what changed since its table holds the sender's table, byte for byte, or knows that it does not.

use std::collections::BTreeMap;

use base_ids::{Epoch, Generation, Slot};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{cell, pods::with_pods, small};
use crate::{Changed, Draft, Misfit, Table};

/// What happens between two epochs.
#[derive(Clone, Debug)]
enum Step {
    /// A cell joins: in the middle of the list, so that others get another place.
    Join(u16),
    /// A cell has new keys.
    NewKey(Index),
    /// A cell has so many pods.
    Pods(Index, u16),
    Own(u16, Index, u64, bool),
    Leave(u16),
    Place(u8, Index, u64, bool),
    Unplace(u8),
    /// Nothing that anybody could see, but a new number.
    Nothing,
}

type Row = (u16, u64, bool);

/// Rows as a control plane has them.
#[derive(Clone, Default)]
struct World {
    cells: BTreeMap<u16, u64>,
    pods: BTreeMap<u16, u16>,
    slots: BTreeMap<u16, Row>,
    placed: BTreeMap<u8, Row>,
}

impl World {
    fn nth(&self, index: Index) -> u16 {
        *index.get(&self.cells.keys().copied().collect::<Vec<_>>())
    }

    fn take_all(&mut self, steps: &[Step]) {
        for step in steps {
            self.take(step);
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Join(number) => *self.cells.entry(number).or_default() += 1,
            Step::NewKey(which) => {
                let number = self.nth(which);
                *self.cells.entry(number).or_default() += 1;
            }
            Step::Pods(which, count) => drop(self.pods.insert(self.nth(which), count)),
            Step::Own(slot, owner, generation, held) => {
                self.slots.insert(slot, (self.nth(owner), generation, held));
            }
            Step::Leave(slot) => drop(self.slots.remove(&slot)),
            Step::Place(tenant, owner, generation, held) => {
                self.placed.insert(tenant, (self.nth(owner), generation, held));
            }
            Step::Unplace(tenant) => drop(self.placed.remove(&tenant)),
            Step::Nothing => {}
        }
    }

    fn table(&self, epoch: u64) -> Table {
        let mut draft = Draft::new(Epoch(epoch));
        let places: BTreeMap<_, _> = (self.cells.iter())
            .map(|(number, keys)| {
                let mut cell =
                    with_pods(cell(*number), self.pods.get(number).copied().unwrap_or(1));
                cell.signing_keys[0].kid = format!("k{number}-{keys}");
                (*number, draft.cell(cell))
            })
            .collect();
        for (slot, (owner, generation, held)) in &self.slots {
            draft.slot(Slot(*slot), places[owner], Generation(*generation));
            if *held {
                draft.hold_slot(Slot(*slot));
            }
        }
        for (tenant, (owner, generation, held)) in &self.placed {
            let tenant = format!("users/u{tenant}").parse().unwrap();
            draft.place(&tenant, places[owner], Generation(*generation), *held);
        }
        draft.build().unwrap()
    }
}

fn step() -> impl Strategy<Value = Step> {
    let (index, generation) = (any::<Index>, 1..5_u64);
    prop_oneof![
        2 => (0..40_u16).prop_map(Step::Join),
        1 => index().prop_map(Step::NewKey),
        1 => (index(), 1..4_u16).prop_map(|(cell, count)| Step::Pods(cell, count)),
        4 => (0..9_u16, index(), generation.clone(), any::<bool>())
            .prop_map(|(slot, owner, generation, held)| Step::Own(slot, owner, generation, held)),
        1 => (0..9_u16).prop_map(Step::Leave),
        4 => (0..20_u8, index(), generation, any::<bool>())
            .prop_map(|(tenant, owner, generation, held)| Step::Place(tenant, owner, generation, held)),
        2 => (0..20_u8).prop_map(Step::Unplace),
        1 => Just(Step::Nothing),
    ]
}

proptest! {
    // Each table has 65,536 slots: few cases go a long way.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_changed_since_any_epoch_leads_to_the_newest_table(
        before in vec(step(), 0..30),
        epochs in vec(vec(step(), 0..6), 1..6),
        since in any::<Index>(),
    ) {
        let mut world = World { cells: BTreeMap::from([(20, 1)]), ..World::default() };
        world.take_all(&before);
        let mut tables = vec![world.table(1)];
        for (epoch, steps) in (2..).zip(&epochs) {
            world.take_all(steps);
            tables.push(world.table(epoch));
        }
        let newest = tables.last().unwrap();
        let since = since.index(tables.len());
        let mut changed = Changed::default();
        for pair in tables[since..].windows(2) {
            changed.add(&Changed::between(&pair[0], &pair[1]));
        }
        let delta = newest.delta(tables[since].epoch(), &changed);
        let applied = tables[since].apply(&delta).unwrap();
        prop_assert_eq!(applied.to_bytes(), newest.to_bytes());
        for (index, _) in newest.cells().iter().enumerate() {
            let preferred = |table: &Table| {
                table.pods_for(index, "users/anna").cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(preferred(&applied), preferred(newest));
        }
        // Straight from one to the other nothing more has changed than on the way.
        let straight = Changed::between(&tables[since], newest);
        prop_assert!(straight.slots.is_subset(&changed.slots) && straight.tenants.is_subset(&changed.tenants));
        for other in tables.iter().filter(|table| table.epoch() != tables[since].epoch()) {
            let misfit = other.apply(&delta).unwrap_err();
            prop_assert!(matches!(misfit, Misfit::OtherStart { .. }), "{}", misfit);
        }
    }
}

#[test]
fn a_delta_that_does_not_lead_to_the_senders_table_is_refused() {
    let (older, newer) = (small(3), small(4));
    let changed = Changed::between(&older, &newer);
    assert_eq!((changed.cells, changed.rows()), (false, 0), "only the epoch is another one");
    let delta = newer.delta(Epoch(3), &changed);
    assert_eq!(older.apply(&delta).unwrap(), newer);
    let mut spoilt = delta.clone();
    spoilt.digest ^= 1;
    assert!(matches!(older.apply(&spoilt), Err(Misfit::Digest { .. })));
    let mut spoilt = delta.clone();
    spoilt.unplaced.push("users/heavy".to_owned());
    assert!(matches!(older.apply(&spoilt), Err(Misfit::Digest { .. })), "a row too many");
    let mut spoilt = delta.clone();
    spoilt.cells = Some(vec![cell(2)]);
    assert_eq!(older.apply(&spoilt), Err(Misfit::CellGone(cell(1).id)));
    let mut spoilt = delta.clone();
    spoilt
        .slots
        .push((Slot(1), Some(crate::Row { cell: 2, generation: Generation(1), held: false })));
    assert_eq!(older.apply(&spoilt), Err(Misfit::CellNumber(2)));
    let mut back = delta;
    back.epoch = Epoch(2);
    assert_eq!(older.apply(&back), Err(Misfit::Older { held: Epoch(3), offered: Epoch(2) }));
}
