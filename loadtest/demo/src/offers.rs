//! Offers: which vendor sells which edition, in what condition and for how much.

use base_money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::dice::{Dice, Kind};
use crate::scale::Scale;
use crate::vendors::{self, Vendor};
use crate::words::Subject;
use crate::{Edition, Format, codes};

/// The least and the greatest price, in centimes.
const PRICES: (u32, u32) = (2_500, 45_000);
/// Three editions in a row share eight offers, in one of these ways.
const SHARINGS: [[u32; 3]; 6] = [[1, 2, 5], [4, 2, 2], [3, 2, 3], [3, 4, 1], [5, 0, 3], [2, 5, 1]];

/// How used a book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Never read.
    New,
    /// Read with care.
    Good,
    /// Read often.
    Fair,
}

/// One vendor's offer on one edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The handle of the vendor, who is always an approved one.
    pub vendor: String,
    /// The number of the edition.
    pub isbn: String,
    /// How used the copies are.
    pub condition: Condition,
    /// The price of one copy.
    pub price: Money,
    /// How many copies there are; some offers have none.
    pub stock: u32,
    /// The vendor's own number for it, unique in the catalogue.
    pub sku: String,
}

/// The offers on an edition.
pub(crate) fn on_edition(seed: u64, scale: Scale, edition: u32) -> Vec<Offer> {
    let count = count_on(seed, edition);
    let book = Edition::new(seed, scale, edition);
    let mut dice = Dice::new(seed, Kind::Offers, edition);
    let open = vendors::approved_below(scale.vendors());
    let mut taken = Vec::new();
    for _ in 0..count {
        let mut rank = dice.skewed_below(open);
        while taken.contains(&rank) {
            rank = (rank + 1) % open;
        }
        taken.push(rank);
    }
    taken.into_iter().map(|rank| offer(seed, vendors::approved(rank), &book, &mut dice)).collect()
}

/// How many offers an edition has.
fn count_on(seed: u64, edition: u32) -> u32 {
    let three = edition / 3;
    let sharing = Dice::new(seed, Kind::Offers, u32::MAX - three).pick(&SHARINGS).to_owned();
    sharing[usize::try_from(edition % 3).unwrap_or(0)]
}

fn offer(seed: u64, vendor: u32, book: &Edition, dice: &mut Dice) -> Offer {
    let condition =
        dice.weighted(&[(60, Condition::New), (28, Condition::Good), (12, Condition::Fair)]);
    let stock = match condition {
        Condition::New if dice.percent(5) => 0,
        Condition::New => dice.between(1, 60),
        Condition::Good | Condition::Fair => dice.between(1, 3),
    };
    Offer {
        vendor: Vendor::handle_of(seed, vendor),
        isbn: book.isbn13.clone(),
        condition,
        price: Money::new(Currency::MAD, i64::from(price(book, condition, dice))),
        stock,
        sku: sku(vendor, &book.isbn13, condition),
    }
}

pub(crate) fn sku(vendor: u32, isbn: &str, condition: Condition) -> String {
    let letter = match condition {
        Condition::New => 'N',
        Condition::Good => 'G',
        Condition::Fair => 'F',
    };
    format!("V{vendor:04}-{isbn}-{letter}")
}

/// A price in centimes: by pages, binding and use, with the endings that shops like.
fn price(book: &Edition, condition: Condition, dice: &mut Dice) -> u32 {
    let binding = match book.format {
        Format::Paperback => 1_000,
        Format::Hardcover => 7_000,
        Format::Pocket => 0,
    };
    let per_page = match book.subject {
        Subject::School => 22,
        Subject::Children => 60,
        Subject::Law | Subject::Computing => 50,
        _ => 38,
    };
    let percent = match condition {
        Condition::New => dice.between(90, 115),
        Condition::Good => dice.between(60, 80),
        Condition::Fair => dice.between(40, 55),
    };
    let exact = (2_000 + binding + book.pages * per_page) * percent / 100;
    let (least, greatest) = PRICES;
    // Room is kept above, so that no ending lifts a price over the greatest.
    let exact = exact.clamp(least, greatest - 100);
    let dirhams = exact / 100 * 100;
    match dice.weighted(&[(40, 0), (30, 99), (15, 50), (15, exact % 100)]) {
        0 => dirhams,
        ending => dirhams + ending,
    }
}

/// An offer that is not made by chance.
pub(crate) fn fixed(vendor: &str, edition: u32, price: Money, stock: u32) -> Offer {
    let isbn = codes::isbn13(edition);
    let sku = format!("{}-{isbn}-N", price.currency);
    Offer { vendor: vendor.to_owned(), isbn, condition: Condition::New, price, stock, sku }
}
