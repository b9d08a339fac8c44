//! Where goods go, right once built; what is wrong is said by field.

use base_ids::{ClaimKind, ClaimedName};
use serde::{Deserialize, Serialize};

/// A postal address. Moroccan ones often have no postcode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// To whom: 1 to 100 characters.
    pub recipient: String,
    /// For the courier, in E.164; empty if there is none.
    pub phone: String,
    /// 1 to 4 lines of 1 to 120 characters.
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
    /// Checks each field; cuts blanks; phone in its one spelling, country in capitals.
    pub fn checked(self) -> Result<Self, WrongAddress> {
        if !(1..=4).contains(&self.lines.len()) {
            return Err(wrong("lines", "expected 1 to 4 lines"));
        }
        let lines = self.lines.iter().enumerate();
        let lines = lines.map(|(at, line)| text(&format!("lines[{at}]"), line, 1, 120));
        let country = self.country.trim().to_ascii_uppercase();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong("country", "expected two letters, such as MA"));
        }
        let postcode = text("postcode", &self.postcode, 0, 16)?;
        let five_digits = postcode.len() == 5 && postcode.bytes().all(|b| b.is_ascii_digit());
        if country == "MA" && !postcode.is_empty() && !five_digits {
            return Err(wrong("postcode", "expected five digits, or nothing, in Morocco"));
        }
        Ok(Self {
            recipient: text("recipient", &self.recipient, 1, 100)?,
            phone: phone(&self.phone)?,
            lines: lines.collect::<Result<_, _>>()?,
            district: text("district", &self.district, 0, 80)?,
            city: text("city", &self.city, 1, 80)?,
            postcode,
            country,
        })
    }
}

fn phone(given: &str) -> Result<String, WrongAddress> {
    if given.trim().is_empty() {
        return Ok(String::new());
    }
    let read = ClaimedName::read(ClaimKind::Phone, given);
    let problem = "expected an international number such as +212600000000, or nothing";
    read.map(|name| name.as_str().to_owned()).map_err(|_| wrong("phone", problem))
}

fn text(field: &str, given: &str, min: usize, max: usize) -> Result<String, WrongAddress> {
    let text = given.trim();
    let right = (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let problem = format!("expected {min} to {max} characters, none of them a control character");
    if right { Ok(text.to_owned()) } else { Err(wrong(field, &problem)) }
}

fn wrong(field: &str, problem: &str) -> WrongAddress {
    WrongAddress { field: field.to_owned(), problem: problem.to_owned() }
}
