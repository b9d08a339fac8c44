//! People who write: common names put together by chance, so that none is meant.

use serde::{Deserialize, Serialize};

use crate::dice::{Dice, Kind};
use crate::words::names::{FAMILY, GIVEN, Name};

/// Who wrote a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// A name that never changes, such as `author-000042`.
    pub handle: String,
    /// The name in Arabic letters.
    pub name_ar: String,
    /// The name in Latin letters.
    pub name_latin: String,
}

impl Author {
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        let name = any_name(&mut Dice::new(seed, Kind::Author, index));
        Self { handle: format!("author-{index:06}"), name_ar: name.0, name_latin: name.1 }
    }
}

/// A given and a family name, in Arabic and in Latin letters.
pub(crate) fn any_name(dice: &mut Dice) -> (String, String) {
    let (given, family): (&Name, &Name) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
    (format!("{} {}", given.ar, family.ar), format!("{} {}", given.latin, family.latin))
}
