//! A postal address, right once built: the world's forms differ, so little is asked, and what is asked is said by field.

use base_ids::Text;
use serde::{Deserialize, Serialize};
use souk_proto::souk::v1::Address;

use crate::Phone;

/// What a telephone number has to be.
const PHONE: &str = "expected an international number such as +212600000000, or nothing";

/// Where goods or bills go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// To whom: 1 to 100 characters.
    pub recipient: String,
    /// For the courier, who calls where a street has no number.
    #[serde(with = "empty_if_none")]
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
    /// Reads and checks an address.
    pub fn read(given: &Address) -> Result<Self, WrongAddress> {
        let Address { recipient, phone, lines, district, city, postcode, country } = given.clone();
        let phone = match phone.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| wrong("phone", PHONE))?),
        };
        Self { recipient, phone, lines, district, city, postcode, country }.check()
    }

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

impl From<&PostalAddress> for Address {
    fn from(address: &PostalAddress) -> Self {
        let PostalAddress { recipient, phone, lines, district, city, postcode, country } =
            address.clone();
        let phone = phone.map(|phone| phone.to_string()).unwrap_or_default();
        Self { recipient, phone, lines, district, city, postcode, country }
    }
}

/// Events hold an empty text where there is no telephone; some old ones hold a null.
mod empty_if_none {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::Phone;

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(
        phone: &Option<Phone>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(phone.as_ref().map_or("", Phone::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Phone>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use souk_proto::souk::v1::Address;

    use super::PostalAddress;

    fn given() -> Address {
        Address {
            recipient: " Leïla ".to_owned(),
            phone: "00212 600-000000".to_owned(),
            lines: vec!["12, rue Tariq".to_owned()],
            district: String::new(),
            city: "Rabat".to_owned(),
            postcode: String::new(),
            country: "ma".to_owned(),
        }
    }

    #[test]
    fn an_address_is_put_right_and_reads_back() {
        let address = PostalAddress::read(&given()).unwrap();
        let shown = Address::from(&address);
        assert_eq!((&*shown.recipient, &*shown.country), ("Leïla", "MA"));
        assert_eq!(shown.phone, "+212600000000");
        assert_eq!(PostalAddress::read(&shown), Ok(address));
    }

    #[test]
    fn addresses_are_right_once_built() {
        let wrong = |change: fn(&mut Address)| {
            let mut address = given();
            change(&mut address);
            PostalAddress::read(&address).unwrap_err().field
        };
        assert_eq!(wrong(|address| address.recipient = " ".to_owned()), "recipient");
        assert_eq!(wrong(|address| address.phone = "0600".to_owned()), "phone");
        assert_eq!(wrong(|address| address.lines = Vec::new()), "lines");
        assert_eq!(wrong(|address| address.lines.push("\u{7}".to_owned())), "lines[1]");
        assert_eq!(wrong(|address| address.district = "x".repeat(81)), "district");
        assert_eq!(wrong(|address| address.city = String::new()), "city");
        assert_eq!(wrong(|address| address.postcode = "1000".to_owned()), "postcode");
        assert_eq!(wrong(|address| address.country = "Maroc".to_owned()), "country");
    }

    #[test]
    fn no_telephone_is_an_empty_text_in_events_and_a_null_still_reads() {
        let address = PostalAddress::read(&Address { phone: String::new(), ..given() }).unwrap();
        let mut kept = serde_json::to_value(&address).unwrap();
        assert_eq!(kept["phone"], "");
        assert_eq!(serde_json::from_value::<PostalAddress>(kept.clone()).unwrap(), address);
        kept["phone"] = serde_json::Value::Null;
        assert_eq!(serde_json::from_value::<PostalAddress>(kept).unwrap(), address);
    }
}
