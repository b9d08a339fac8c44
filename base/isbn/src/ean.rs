//! An EAN-13, read from every way in which people write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::check_digit;

/// An EAN-13, which GS1 calls GTIN-13; an ISBN-13 is one. Thirteen digits whose last agrees with the others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ean13(String);

/// Why a text is not such a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEan {
    /// It has another form.
    #[error("not a product's number: expected an ISBN-13 or EAN-13 of 13 digits, or an ISBN-10")]
    Form,
    /// A digit is wrong.
    #[error("the last digit does not agree with the others; look for a mistyped digit")]
    CheckDigit,
}

impl Ean13 {
    /// The number with these first twelve digits. Errors: they are other than twelve digits.
    pub fn with_check_digit(body: &str) -> Result<Self, InvalidEan> {
        if body.len() == 12 && are_digits(body) {
            Ok(Self(format!("{body}{}", check_digit::of_ean(body))))
        } else {
            Err(InvalidEan::Form)
        }
    }

    /// The 13 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ean13 {
    type Err = InvalidEan;

    /// Reads ISBN-13, EAN-13 and ISBN-10; hyphens and blanks are ignored.
    fn from_str(text: &str) -> Result<Self, InvalidEan> {
        let kept = text.chars().filter(|c| !matches!(c, '-' | ' ' | '\u{2010}' | '\u{a0}'));
        // More than 13 are wrong however many they are.
        let number: String = kept.take(14).collect();
        match number.len() {
            13 => {
                let right = Self::with_check_digit(number.get(..12).ok_or(InvalidEan::Form)?)?;
                match number == right.0 {
                    true => Ok(right),
                    false if are_digits(&number) => Err(InvalidEan::CheckDigit),
                    false => Err(InvalidEan::Form),
                }
            }
            10 => from_isbn10(&number),
            _ => Err(InvalidEan::Form),
        }
    }
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The ISBN-13 of an ISBN-10, whose own check digit, where X is ten, must be right.
fn from_isbn10(number: &str) -> Result<Ean13, InvalidEan> {
    let value = |(at, byte): (usize, u8)| match byte {
        b'0'..=b'9' => Ok(u32::from(byte - b'0')),
        b'X' | b'x' if at == 9 => Ok(10),
        _ => Err(InvalidEan::Form),
    };
    let values = number.bytes().enumerate().map(value).collect::<Result<Vec<u32>, _>>()?;
    if !check_digit::agrees_in_isbn10(&values) {
        return Err(InvalidEan::CheckDigit);
    }
    Ean13::with_check_digit(&format!("978{}", &number[..9]))
}

impl TryFrom<String> for Ean13 {
    type Error = InvalidEan;

    fn try_from(text: String) -> Result<Self, InvalidEan> {
        text.parse()
    }
}

impl From<Ean13> for String {
    fn from(ean: Ean13) -> Self {
        ean.0
    }
}

impl fmt::Display for Ean13 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Ean13 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ean13, InvalidEan};

    const EAN: &str = "9789954900000";

    fn read(text: &str) -> Result<String, InvalidEan> {
        text.parse::<Ean13>().map(|ean| ean.to_string())
    }

    #[test]
    fn every_way_to_write_a_number_is_one_number() {
        assert_eq!(read(EAN), Ok(EAN.to_owned()));
        for text in [
            "9782070408504",
            "978-2-07-040850-4",
            "978 2 07 040850 4",
            "2070408507",
            "2-07-040850-7",
        ] {
            assert_eq!(read(text), Ok("9782070408504".to_owned()), "{text}");
        }
        assert_eq!(read("080442957X"), Ok("9780804429573".to_owned()), "X is ten");
        assert_eq!(read("080442957x"), read("080442957X"));
        let game = "2000000300009";
        assert_eq!(read(game), Ok(game.to_owned()), "not every EAN is a book's");
    }

    #[test]
    fn what_is_not_a_number_is_told_from_what_is_mistyped() {
        for text in [
            "",
            "978",
            "97820704085041",
            "978207040850X",
            "X782070408504",
            "20704085X7",
            "٩٧٨٢٠٧٠٤٠٨٥٠٤",
            "97820704085é",
            "vendors/a",
        ] {
            assert_eq!(read(text), Err(InvalidEan::Form), "{text}");
        }
        for text in ["9782070408505", "2070408508"] {
            assert_eq!(read(text), Err(InvalidEan::CheckDigit), "{text}");
        }
    }

    #[test]
    fn any_one_mistyped_digit_is_noticed() {
        for at in 0..EAN.len() {
            for digit in '0'..='9' {
                let mut typed = EAN.to_owned();
                typed.replace_range(at..=at, &digit.to_string());
                assert_eq!(read(&typed).is_ok(), typed == EAN, "{typed}");
            }
        }
    }

    #[test]
    fn a_number_is_kept_as_its_digits_and_a_wrong_one_does_not_read_back() {
        let ean: Ean13 = EAN.parse().unwrap();
        let kept = serde_json::to_string(&ean).unwrap();
        assert_eq!(kept, format!("\"{EAN}\""));
        assert_eq!(serde_json::from_str::<Ean13>(&kept).unwrap(), ean);
        assert!(serde_json::from_str::<Ean13>("\"9789954900001\"").is_err());
        assert_eq!(Ean13::with_check_digit(&EAN[..12]), Ok(ean));
        assert_eq!(Ean13::with_check_digit("97899549000"), Err(InvalidEan::Form));
    }
}
