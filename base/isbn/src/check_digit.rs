//! Check digits: what the last digit of a number must be, given the others.

/// The check digit of an EAN-13 whose first twelve digits are these (GS1: weights 1 and 3, the sum divisible by ten).
pub(crate) fn of_ean(body: &str) -> char {
    let weights = [1, 3].into_iter().cycle();
    let values = body.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = values.zip(weights).map(|(value, weight)| value * weight).sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// Whether the ten values of an ISBN-10 agree (ISO 2108: weights ten to one, the sum divisible by eleven).
pub(crate) fn agrees_in_isbn10(values: &[u32]) -> bool {
    let sum: u32 = (1..=10).rev().zip(values).map(|(weight, value)| weight * value).sum();
    sum.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::{agrees_in_isbn10, of_ean};

    #[test]
    fn digits_are_those_of_the_standards() {
        // The examples of the GS1 General Specifications and of the ISBN Users' Manual.
        assert_eq!(of_ean("629104150021"), '3');
        assert_eq!(of_ean("978030640615"), '7');
        assert!(agrees_in_isbn10(&[0, 3, 0, 6, 4, 0, 6, 1, 5, 2]));
        assert!(!agrees_in_isbn10(&[0, 3, 0, 6, 4, 0, 6, 1, 5, 3]));
    }
}
