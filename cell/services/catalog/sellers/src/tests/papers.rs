//! The check digits of Moroccan numbers, and the forms of papers.

use super::{ICE, RIB};
use crate::papers::{BadPaper, Blob, Ice, Rib, Sha256Hex, TaxNumber};

#[test]
fn an_ice_has_fifteen_digits_that_agree() {
    assert_eq!(ICE.parse::<Ice>().unwrap().to_string(), ICE);
    let spaced = format!(" {} {} ", &ICE[..9], &ICE[9..]);
    assert_eq!(spaced.parse::<Ice>().unwrap().to_string(), ICE, "blanks are ignored");
    for text in ["", "00152562300000", "0015256230000051", "00152562300000a", "٠٠١٥٢٥٦٢٣٠٠٠٠٠٥"]
    {
        assert_eq!(text.parse::<Ice>(), Err(BadPaper::Ice), "{text}");
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
    assert_eq!(format!("{body}00").parse::<Rib>(), Err(BadPaper::CheckDigits));
    assert_eq!("12".parse::<Rib>(), Err(BadPaper::Rib));
}

#[test]
fn other_papers_have_their_forms() {
    assert!("1234567".parse::<TaxNumber>().is_ok() && "12345678".parse::<TaxNumber>().is_ok());
    assert!("123456".parse::<TaxNumber>().is_err() && "123456789".parse::<TaxNumber>().is_err());
    assert!("kyc/atlas/id-1.pdf".parse::<Blob>().is_ok());
    assert!("kyc/../secret".parse::<Blob>().is_err() && "".parse::<Blob>().is_err());
    assert!("ab".repeat(32).parse::<Sha256Hex>().is_ok());
    assert!("AB".repeat(32).parse::<Sha256Hex>().is_err() && "ab".parse::<Sha256Hex>().is_err());
}
