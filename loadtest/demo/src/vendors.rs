//! Vendors: bookshops with a name in three scripts and numbers that check.

use serde::{Deserialize, Serialize};

use crate::cities::CITIES;
use crate::codes;
use crate::dice::{Dice, Kind};
use crate::words::shops::{EMBLEMS, Emblem, KINDS};

/// Of five vendors in a row, the last is not approved.
const ROW: u32 = 5;
/// Where the vendors stand who are not approved, in turn.
const OTHERWISE: [VendorStatus; 5] = [
    VendorStatus::Submitted,
    VendorStatus::Applied,
    VendorStatus::Suspended,
    VendorStatus::Documented,
    VendorStatus::Rejected,
];
/// Bank codes that no bank has.
const SAMPLE_BANKS: [&str; 4] = ["990", "991", "992", "993"];
/// When shops close: a week around the feast, the summer, the stock-taking.
const CLOSED: [(&str, &str); 4] = [
    ("2026-05-25", "2026-06-01"),
    ("2026-08-03", "2026-08-23"),
    ("2026-12-24", "2027-01-04"),
    ("2027-08-02", "2027-08-22"),
];

/// How far a vendor has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorStatus {
    /// Has asked to sell, has shown nothing yet.
    Applied,
    /// Has shown documents, has not sent them in.
    Documented,
    /// Waits for an operator's answer.
    Submitted,
    /// May sell.
    Approved,
    /// Was refused.
    Rejected,
    /// May sell no longer.
    Suspended,
}

/// A vendor's name in each script of the country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorNames {
    /// In Arabic letters.
    pub ar: String,
    /// In Latin letters.
    pub latin: String,
    /// In Tifinagh.
    pub tifinagh: String,
}

/// Days on which a vendor is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The first closed day, as `YYYY-MM-DD` in the country.
    pub from: String,
    /// The first open day after it.
    pub until: String,
}

/// A bookshop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// A name that never changes, unique: small letters, digits and hyphens.
    pub handle: String,
    /// The name over the door.
    pub names: VendorNames,
    /// The handle of its city.
    pub city: String,
    /// Where the owner is written to; an address that cannot exist.
    pub email: String,
    /// The number of the firm, 15 digits, divisible by 97.
    pub ice: String,
    /// The tax number (IF), 7 or 8 digits.
    pub tax_number: String,
    /// The bank account, 24 digits, divisible by 97.
    pub rib: String,
    /// How far it has come.
    pub status: VendorStatus,
    /// The platform's commission in basis points.
    pub commission_bp: u32,
    /// A closed period, for one vendor in ten.
    pub holiday: Option<Holiday>,
}

impl Vendor {
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        let mut dice = Dice::new(seed, Kind::Vendor, index);
        let (kind, emblem) = name(&mut dice);
        let (city, town) = city(index);
        let handle = handle(emblem, index);
        let tax_digits = if dice.percent(50) { 7 } else { 6 };
        Self {
            names: VendorNames {
                ar: format!("{} {}", kind.ar, emblem.ar),
                latin: format!("{} {}", kind.latin, emblem.latin),
                tifinagh: format!("{} {}", kind.tifinagh, emblem.tifinagh),
            },
            city: city.to_owned(),
            email: format!("contact@{handle}.example"),
            ice: codes::ice(&format!("00{}", dice.digits(7)), "0000"),
            tax_number: format!("{}{}", dice.between(1, 9), dice.digits(tax_digits)),
            rib: codes::rib(dice.pick::<&str>(&SAMPLE_BANKS), &town, &dice.digits(16)),
            status: status(index),
            commission_bp: 800 + 50 * dice.below(15),
            holiday: dice.percent(10).then(|| {
                let (from, until) = dice.pick(&CLOSED);
                Holiday { from: (*from).to_owned(), until: (*until).to_owned() }
            }),
            handle,
        }
    }

    /// The handle of a vendor without the rest of it.
    pub(crate) fn handle_of(seed: u64, index: u32) -> String {
        let (_, emblem) = name(&mut Dice::new(seed, Kind::Vendor, index));
        handle(emblem, index)
    }
}

fn name(dice: &mut Dice) -> (&'static Emblem, &'static Emblem) {
    (dice.pick(&KINDS), dice.pick(&EMBLEMS))
}

fn handle(emblem: &Emblem, index: u32) -> String {
    let city = city(index).0;
    format!("{}-{city}-{index:04}", emblem.handle)
}

/// Cities in turn, with the sample code that a bank account there starts from.
fn city(index: u32) -> (&'static str, String) {
    let place = usize::try_from(index).unwrap_or(0) % CITIES.len();
    (CITIES[place].handle, format!("{}", 901 + place))
}

fn status(index: u32) -> VendorStatus {
    if index % ROW != ROW - 1 {
        return VendorStatus::Approved;
    }
    OTHERWISE[usize::try_from(index / ROW).unwrap_or(0) % OTHERWISE.len()]
}

/// How many of the first `vendors` are approved.
pub(crate) fn approved_below(vendors: u32) -> u32 {
    vendors - vendors / ROW
}

/// The index of the approved vendor of this rank.
pub(crate) fn approved(rank: u32) -> u32 {
    rank / (ROW - 1) * ROW + rank % (ROW - 1)
}
