//! A product's number: an EAN-13 with its check digit, and the shard of the catalogue that its record lives in.

use std::{fmt, str::FromStr};

use base_ids::{ResourceId, Slot, Tenant, TenantKind};
use serde::{Deserialize, Serialize};

/// A product's id: the 13 digits of its EAN, which an ISBN-13 is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(ResourceId);

/// Why a text is not a product's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProductId {
    /// It has another form.
    #[error("not a product's number: expected an ISBN-13 or EAN-13 of 13 digits, or an ISBN-10")]
    Form,
    /// A digit is wrong.
    #[error("the last digit does not agree with the others; look for a mistyped digit")]
    CheckDigit,
}

impl ProductId {
    /// The 13 digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The tenant that owns the record: `platform/catalog-` and the first three hexadecimal digits of XXH3-64 over the number.
    pub fn shard(&self) -> Tenant {
        // A slot is the first four digits of the same hash.
        let shard = Slot::of(self.as_str()).0 >> 4;
        Tenant::new(TenantKind::Platform, &format!("catalog-{shard:03x}"))
            .expect("hexadecimal digits are allowed in an id")
    }

    /// The record's name: `platform/catalog-0a3/products/9789954000007`.
    pub fn record(&self) -> String {
        format!("{}/products/{self}", self.shard())
    }
}

impl FromStr for ProductId {
    type Err = InvalidProductId;

    /// Reads ISBN-13, EAN-13 and ISBN-10; hyphens and blanks are ignored.
    fn from_str(text: &str) -> Result<Self, InvalidProductId> {
        let kept = text.chars().filter(|c| !matches!(c, '-' | ' ' | '\u{2010}' | '\u{a0}'));
        // More than 13 are wrong however many they are.
        let number: String = kept.take(14).collect();
        let digits = match number.len() {
            13 => number,
            10 => from_isbn10(&number)?,
            _ => return Err(InvalidProductId::Form),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidProductId::Form);
        }
        let (body, check) = digits.split_at(12);
        if check_digit(body) != check {
            return Err(InvalidProductId::CheckDigit);
        }
        digits.parse().map(Self).map_err(|_| InvalidProductId::Form)
    }
}

/// The ISBN-13 of an ISBN-10, whose own check digit (modulo 11, X is 10) must be right.
fn from_isbn10(number: &str) -> Result<String, InvalidProductId> {
    let value = |(at, byte): (usize, u8)| match byte {
        b'0'..=b'9' => Ok(u32::from(byte - b'0')),
        b'X' | b'x' if at == 9 => Ok(10),
        _ => Err(InvalidProductId::Form),
    };
    let values = number.bytes().enumerate().map(value).collect::<Result<Vec<u32>, _>>()?;
    let sum: u32 = (1..=10).rev().zip(values).map(|(weight, value)| weight * value).sum();
    if !sum.is_multiple_of(11) {
        return Err(InvalidProductId::CheckDigit);
    }
    let body = format!("978{}", &number[..9]);
    let check = check_digit(&body);
    Ok(body + &check)
}

/// EAN-13: weights 1 and 3, sum divisible by ten.
fn check_digit(body: &str) -> String {
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = body.bytes().zip(weights).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    ((10 - sum % 10) % 10).to_string()
}

impl From<&ProductId> for base_ids::ResourceId {
    fn from(product: &ProductId) -> Self {
        product.as_str().parse().expect("thirteen digits are a resource's id")
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
