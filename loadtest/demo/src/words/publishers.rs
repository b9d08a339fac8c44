//! Invented publishers, one for each registrant of the sample blocks.

use crate::works::Language;

/// What a publisher calls its house, in Arabic and in Latin letters.
const HOUSES: [(&str, &str); 3] =
    [("دار", "Dar"), ("منشورات", "Éditions"), ("مطبعة", "Imprimerie")];
/// What the house is named after.
const NAMES: [(&str, &str); 10] = [
    ("الأركان", "Al Arkan"),
    ("القصبة", "Al Kasbah"),
    ("المحيط", "Al Mouhit"),
    ("الزليج", "Zellige"),
    ("المنارة", "Al Manara"),
    ("الفنيدق", "Foundouk"),
    ("السنونو", "As Sounounou"),
    ("الواحة", "Al Waha"),
    ("النخيل", "An Nakhil"),
    ("الياقوت", "Al Yaqout"),
];

/// The name of a publisher, in the letters of a book's language.
pub(crate) fn name(publisher: u32, language: Language) -> String {
    let place = usize::try_from(publisher).unwrap_or(0);
    let house = HOUSES[place % HOUSES.len()];
    let name = NAMES[place / HOUSES.len() % NAMES.len()];
    match language {
        Language::Arabic => format!("{} {}", house.0, name.0),
        Language::French | Language::English => format!("{} {}", house.1, name.1),
    }
}
