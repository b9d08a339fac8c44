//! The number that people call an order by: short, safe to read aloud, and silent about how much is sold.

use base_ids::ResourceId;
use sha2::{Digest as _, Sha256};

/// Crockford's base 32: no I, L, O or U, which are misread or misheard.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits that come from the hash: 50 bits, enough that two orders of one buyer never meet.
const HASHED: usize = 10;

/// The number of a group: `S`, ten digits of a hash of its id, one check digit. It is a label: the id is what is unique.
pub(crate) fn of_group(group: &ResourceId) -> String {
    let hash = Sha256::new().chain_update("souk-order:").chain_update(group.as_str()).finalize();
    let bits = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let digits: Vec<u8> = (0..HASHED).map(|at| digit(bits >> (59 - 5 * at))).collect();
    let check = check_digit(&digits);
    let written = digits.iter().chain([&check]).map(|digit| DIGITS[usize::from(*digit)] as char);
    std::iter::once('S').chain(written).collect()
}

/// The number of the group's child order at this place: `S7K2…-1`.
pub(crate) fn of_child(group: &str, place: usize) -> String {
    format!("{group}-{}", place + 1)
}

/// A weighted sum over GF(32). Each weight is another power of a generator, so any one wrong digit and any two that changed
/// places are noticed.
fn check_digit(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |sum, digit| times_generator(sum ^ digit))
}

/// Multiplies by x modulo x⁵ + x² + 1.
fn times_generator(digit: u8) -> u8 {
    let doubled = digit << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

fn digit(bits: u64) -> u8 {
    u8::try_from(bits & 31).expect("five bits fit a byte")
}

#[cfg(test)]
mod tests {
    use super::{DIGITS, check_digit, of_child, of_group};

    fn checks(number: &str) -> bool {
        let values: Vec<u8> = number[1..]
            .bytes()
            .map(|byte| {
                u8::try_from(DIGITS.iter().position(|known| *known == byte).unwrap()).unwrap()
            })
            .collect();
        check_digit(&values[..10]) == values[10]
    }

    #[test]
    fn a_groups_number_is_pinned_and_tells_nothing_of_its_neighbours() {
        let number = of_group(&"c-0001".parse().unwrap());
        assert_eq!(number, "S2FAB686M0GZ");
        assert_eq!(of_child(&number, 1), format!("{number}-2"));
        assert_ne!(of_group(&"c-0002".parse().unwrap())[..6], number[..6]);
    }

    #[test]
    fn one_wrong_digit_or_two_swapped_ones_are_noticed() {
        for id in 0..50 {
            let number = of_group(&format!("c-{id}").parse().unwrap());
            assert!(checks(&number), "{number}");
            for at in 1..number.len() {
                for other in DIGITS {
                    let mut wrong = number.clone().into_bytes();
                    wrong[at] = *other;
                    let wrong = String::from_utf8(wrong).unwrap();
                    assert_eq!(checks(&wrong), wrong == number, "{wrong} for {number}");
                }
                for with in 1..at {
                    let mut swapped = number.clone().into_bytes();
                    swapped.swap(at, with);
                    let swapped = String::from_utf8(swapped).unwrap();
                    assert_eq!(checks(&swapped), swapped == number, "{swapped} for {number}");
                }
            }
        }
    }
}
