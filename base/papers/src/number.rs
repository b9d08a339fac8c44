//! Numbers of firms, with their check digits: ICE, IF, RC and RIB.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

/// Check digits of ICE and RIB make the whole number divisible by this.
const MODULUS: u32 = 97;

/// Why a text is not the number it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Not an ICE.
    #[error("not an ICE: expected 15 digits")]
    Ice,
    /// Not an IF.
    #[error("not an IF: expected 7 or 8 digits")]
    TaxNumber,
    /// Not an RC.
    #[error("not a number of a trade register: expected 1 to 10 digits")]
    RegisterNumber,
    /// Not a RIB.
    #[error("not a RIB: expected 24 digits")]
    Rib,
    /// The check digits are not those of the rest.
    #[error("the last two digits do not agree with the others; look for a mistyped digit")]
    CheckDigits,
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = BadNumber;

            /// Blanks are ignored, as people write them between groups of digits.
            fn from_str(text: &str) -> Result<Self, BadNumber> {
                let text: String = text.split_whitespace().collect();
                let check: fn(&str) -> Result<(), BadNumber> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

number! {
    /// The number of a firm (identifiant commun de l'entreprise): 15 digits; ISO 7064 mod 97-10 with remainder 0.
    Ice, |text| {
        digits(text, 15..=15, BadNumber::Ice)?;
        if remainder(text) == 0 { Ok(()) } else { Err(BadNumber::CheckDigits) }
    }
}
number! {
    /// The number of a taxpayer (identifiant fiscal): 7 or 8 digits.
    TaxNumber, |text| digits(text, 7..=8, BadNumber::TaxNumber)
}
number! {
    /// The number in a trade register (registre du commerce): 1 to 10 digits. Only with its court does it name a firm.
    RegisterNumber, |text| digits(text, 1..=10, BadNumber::RegisterNumber)
}
number! {
    /// The number of a bank account (relevé d'identité bancaire): 24 digits: bank, town, account and a key from 01 to 97 that
    /// makes the whole divisible by 97.
    Rib, |text| {
        digits(text, 24..=24, BadNumber::Rib)?;
        let key = ("01"..="97").contains(&&text[22..]);
        if key && remainder(text) == 0 { Ok(()) } else { Err(BadNumber::CheckDigits) }
    }
}

fn digits(text: &str, length: RangeInclusive<usize>, no: BadNumber) -> Result<(), BadNumber> {
    let right = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if right { Ok(()) } else { Err(no) }
}

/// The remainder of a long decimal number by 97.
fn remainder(digits: &str) -> u32 {
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % MODULUS)
}

#[cfg(test)]
mod tests {
    use super::{BadNumber, Ice, RegisterNumber, Rib, TaxNumber};

    const ICE: &str = "001525623000005";
    const RIB: &str = "990901123456789012345687";

    #[test]
    fn an_ice_has_fifteen_digits_that_agree() {
        assert_eq!(ICE.parse::<Ice>().unwrap().to_string(), ICE);
        let spaced = format!(" {} {} ", &ICE[..9], &ICE[9..]);
        assert_eq!(spaced.parse::<Ice>().unwrap().to_string(), ICE, "blanks are ignored");
        for text in ["", "00152562300000", "0015256230000051", "00152562300000a", "٠٠١٥٢٥٦٢٣٠٠٠٠٠٥"]
        {
            assert_eq!(text.parse::<Ice>(), Err(BadNumber::Ice), "{text}");
        }
    }

    #[test]
    fn any_one_mistyped_digit_of_an_ice_or_a_rib_is_noticed() {
        for (number, is_right) in [
            (ICE, (|text: &str| text.parse::<Ice>().is_ok()) as fn(&str) -> bool),
            (RIB, |text: &str| text.parse::<Rib>().is_ok()),
        ] {
            assert!(is_right(number), "{number}");
            for at in 0..number.len() {
                for digit in '0'..='9' {
                    let mut typed = number.to_owned();
                    typed.replace_range(at..=at, &digit.to_string());
                    assert_eq!(is_right(&typed), typed == number, "{typed}");
                }
            }
        }
    }

    #[test]
    fn a_rib_has_a_key_from_01_to_97() {
        // With a body that is divisible by 97, the key is 97, never 00.
        let body = "0".repeat(22);
        assert!(format!("{body}97").parse::<Rib>().is_ok());
        assert_eq!(format!("{body}00").parse::<Rib>(), Err(BadNumber::CheckDigits));
        assert_eq!("12".parse::<Rib>(), Err(BadNumber::Rib));
    }

    #[test]
    fn numbers_without_check_digits_have_their_length() {
        assert!("1234567".parse::<TaxNumber>().is_ok() && "12345678".parse::<TaxNumber>().is_ok());
        for text in ["123456", "123456789", "12345a7"] {
            assert_eq!(text.parse::<TaxNumber>(), Err(BadNumber::TaxNumber), "{text}");
        }
        assert!("1".parse::<RegisterNumber>().is_ok());
        for text in ["", "12345678901", "RC 12"] {
            assert_eq!(text.parse::<RegisterNumber>(), Err(BadNumber::RegisterNumber), "{text}");
        }
    }
}
