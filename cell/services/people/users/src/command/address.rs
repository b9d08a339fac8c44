//! A postal address, right once built: the world's forms differ, so little is asked, and what is asked is said by field.

use std::{fmt, str::FromStr};

use base_ids::{ClaimKind, ClaimedName, InvalidClaim, Text};
use serde::{Deserialize, Serialize};

/// A telephone number in E.164, such as `+212600000000`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let read = ClaimedName::read(ClaimKind::Phone, text);
        read.map(|name| Self(name.as_str().to_owned()))
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where goods or bills go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// To whom: 1 to 100 characters.
    pub recipient: String,
    /// For the courier, who calls where a street has no number.
    pub phone: Option<Phone>,
    /// Street, house, floor, what to look for: 1 to 4 lines of 1 to 120 characters.
    pub lines: Vec<String>,
    /// At most 80 characters.
    pub district: String,
    /// 1 to 80 characters.
    pub city: String,
    /// At most 16 characters; five digits in Morocco, where it may be left out.
    pub postcode: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// One field of an address is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WrongAddress {
    /// Which field, as in `lines[1]`.
    pub field: String,
    /// What would be right.
    pub problem: String,
}

impl PostalAddress {
    /// Checks each field; cuts blanks; country in capitals.
    pub fn check(self) -> Result<Self, WrongAddress> {
        let lines = match self.lines.len() {
            1..=4 => self.lines.iter().enumerate().map(line).collect::<Result<_, _>>()?,
            _ => return Err(wrong("lines", "expected 1 to 4 lines")),
        };
        let country = self.country.trim().to_ascii_uppercase();
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(wrong("country", "expected two letters, such as MA"));
        }
        let postcode = text::<16, 0>("postcode", &self.postcode)?;
        let five_digits = postcode.len() == 5 && postcode.bytes().all(|b| b.is_ascii_digit());
        if country == "MA" && !postcode.is_empty() && !five_digits {
            return Err(wrong("postcode", "expected five digits, or nothing, in Morocco"));
        }
        Ok(Self {
            recipient: text::<100, 1>("recipient", &self.recipient)?,
            phone: self.phone,
            lines,
            district: text::<80, 0>("district", &self.district)?,
            city: text::<80, 1>("city", &self.city)?,
            postcode,
            country,
        })
    }
}

fn line((at, line): (usize, &String)) -> Result<String, WrongAddress> {
    text::<120, 1>(&format!("lines[{at}]"), line)
}

fn text<const MAX: usize, const MIN: usize>(
    field: &str,
    given: &str,
) -> Result<String, WrongAddress> {
    let read = given.parse::<Text<MAX, MIN>>();
    read.map(|text| text.to_string()).map_err(|error| wrong(field, &error.to_string()))
}

fn wrong(field: &str, problem: &str) -> WrongAddress {
    WrongAddress { field: field.to_owned(), problem: problem.to_owned() }
}
