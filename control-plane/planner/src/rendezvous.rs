//! Weighted rendezvous in whole numbers: every cell draws a number for the slot, the highest for its weight wins.
//!
//! A cell of weight `w` that draws `u` in (0, 1] waits `-log2(u) / w`, and who waits least wins: then a cell wins a slot with
//! a probability in proportion to its weight, and a cell that joins or leaves moves only the slots that it wins or had. The
//! logarithm is computed in fixed point, because the floating-point one may differ between two builds.

use std::cmp::Ordering;

use base_ids::{CellId, Slot};
use xxhash_rust::xxh3::xxh3_64;

/// A cell that may become a home.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'c> {
    /// The cell.
    pub cell: &'c CellId,
    /// Its share relative to the others; 0 takes none.
    pub weight: u32,
}

/// The cell that wins the slot; nobody if no candidate takes any. The order of the candidates does not matter.
pub fn home<'c>(slot: Slot, candidates: &[Candidate<'c>]) -> Option<&'c CellId> {
    let draws = candidates.iter().filter(|candidate| candidate.weight > 0);
    let draws = draws
        .map(|candidate| Draw { wait: wait(drawn(candidate.cell, slot)), candidate: *candidate });
    draws.min_by(Draw::order).map(|draw| draw.candidate.cell)
}

/// XXH3-64 over the cell's name and the slot's number, big-endian. Pinned: another draw would be another first home.
fn drawn(cell: &CellId, slot: Slot) -> u64 {
    let mut bytes = [0_u8; 48];
    let name = cell.as_str().as_bytes();
    bytes[..name.len()].copy_from_slice(name);
    bytes[name.len()..name.len() + 2].copy_from_slice(&slot.0.to_be_bytes());
    xxh3_64(&bytes[..name.len() + 2])
}

struct Draw<'c> {
    wait: u64,
    candidate: Candidate<'c>,
}

impl Draw<'_> {
    /// Compares `wait / weight` without dividing; equal waits, as good as impossible, are decided by name.
    fn order(&self, other: &Self) -> Ordering {
        let own = u128::from(self.wait) * u128::from(other.candidate.weight);
        let theirs = u128::from(other.wait) * u128::from(self.candidate.weight);
        own.cmp(&theirs).then_with(|| self.candidate.cell.cmp(other.candidate.cell))
    }
}

/// Bits behind the point of a wait.
const FRACTION_BITS: u32 = 40;

/// `-log2((draw + 1) / 2^64)` with [`FRACTION_BITS`] bits behind the point.
fn wait(draw: u64) -> u64 {
    let number = u128::from(draw) + 1;
    let whole = number.ilog2();
    // The number as 1.x with 63 bits behind the point; its logarithm's bits come out one by one as it is squared.
    let mut mantissa = if whole <= 63 { number << (63 - whole) } else { 1 << 63 };
    let mut log = u64::from(whole);
    for _ in 0..FRACTION_BITS {
        mantissa = (mantissa * mantissa) >> 63;
        let carry = mantissa >> 64;
        mantissa >>= carry;
        log = log << 1 | u64::from(carry == 1);
    }
    (64 << FRACTION_BITS) - log
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base_ids::{CellId, Slot};
    use proptest::prelude::*;

    use super::{Candidate, FRACTION_BITS, drawn, home, wait};

    fn cells(count: u32) -> Vec<CellId> {
        (1..=count).map(|n| format!("cell-{n}").parse().unwrap()).collect()
    }

    fn weighed<'c>(cells: &'c [CellId], weights: &[u32]) -> Vec<Candidate<'c>> {
        let pairs = cells.iter().zip(weights);
        pairs.map(|(cell, weight)| Candidate { cell, weight: *weight }).collect()
    }

    fn shares(candidates: &[Candidate<'_>]) -> BTreeMap<String, u32> {
        let mut shares = BTreeMap::new();
        for slot in 0..=u16::MAX {
            *shares.entry(home(Slot(slot), candidates).unwrap().to_string()).or_default() += 1;
        }
        shares
    }

    /// The expected values come from an independent implementation with a logarithm of 60 digits.
    #[test]
    fn homes_are_pinned_so_that_two_builds_never_disagree() {
        let three = cells(3);
        assert_eq!(drawn(&three[0], Slot(0)), 0x661c_ae77_3f6d_bb18);
        let number = |slot, candidates: &[_]| {
            home(Slot(slot), candidates).unwrap().as_str()["cell-".len()..].to_owned()
        };
        let pinned = [0, 1, 2, 3, 0x3e3d, 0x6cf2, 0xffff];
        let even = pinned.map(|slot| number(slot, &weighed(&three, &[100, 100, 100])));
        assert_eq!(even.concat(), "3311223");
        let uneven = pinned.map(|slot| number(slot, &weighed(&three, &[100, 300, 50])));
        assert_eq!(uneven.concat(), "2211223");
    }

    #[test]
    fn a_wait_is_a_logarithm() {
        let whole = |bits: u64| bits << FRACTION_BITS;
        assert_eq!(wait(u64::MAX), 0);
        assert_eq!(wait(0), whole(64));
        assert_eq!(wait((1 << 63) - 1), whole(1));
        // -log2(3/4) = 0.4150374992788438…
        let three_quarters = wait(3 << 62);
        assert_eq!((three_quarters * 10_000_000) >> FRACTION_BITS, 4_150_374);
    }

    #[test]
    fn cells_win_slots_in_proportion_to_their_weights() {
        let three = cells(3);
        let even = shares(&weighed(&three, &[100, 100, 100]));
        for (cell, slots) in &even {
            assert!((21_200..22_500).contains(slots), "{cell} has {slots} of 65,536");
        }
        let uneven = shares(&weighed(&three, &[100, 300, 0]));
        assert_eq!(uneven.len(), 2);
        assert!((16_000..16_800).contains(&uneven["cell-1"]), "{uneven:?}");
    }

    #[test]
    fn thirty_two_cells_are_within_eight_per_cent_of_each_other() {
        let many = cells(32);
        let shares = shares(&weighed(&many, &[1; 32]));
        let most = *shares.values().max().unwrap();
        assert!(most * 100 < 2_048 * 108, "{most} of a mean of 2,048");
    }

    proptest! {
        #[test]
        fn a_cell_that_joins_takes_slots_only_for_itself(
            slot: u16, weights in prop::collection::vec(0_u32..400, 2..12)
        ) {
            let many = cells(12);
            let after = weighed(&many, &weights);
            let (joined, before) = after.split_last().unwrap();
            let (old, new) = (home(Slot(slot), before), home(Slot(slot), &after));
            prop_assert!(new == old || new == Some(joined.cell), "{old:?} -> {new:?}");
        }

        #[test]
        fn a_cell_that_weighs_more_loses_no_slot(slot: u16, weight in 1_u32..400, more in 1_u32..400) {
            let three = cells(3);
            let light = home(Slot(slot), &weighed(&three, &[weight, 100, 70]));
            let heavy = home(Slot(slot), &weighed(&three, &[weight + more, 100, 70]));
            prop_assert!(heavy == light || heavy == Some(&three[0]));
        }

        #[test]
        fn only_the_ratio_of_weights_and_not_the_order_matters(slot: u16, weights in prop::collection::vec(0_u32..400, 5)) {
            let five = cells(5);
            let tenfold: Vec<_> = weights.iter().map(|weight| weight * 10).collect();
            let mut candidates = weighed(&five, &weights);
            let plain = home(Slot(slot), &candidates);
            candidates.reverse();
            prop_assert_eq!(plain, home(Slot(slot), &candidates));
            prop_assert_eq!(plain, home(Slot(slot), &weighed(&five, &tenfold)));
        }

        #[test]
        fn a_higher_draw_never_waits_longer(a: u64, b: u64) {
            prop_assert!(a > b || wait(a) >= wait(b));
        }
    }
}
