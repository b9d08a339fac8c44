//! The ways in which people write the same title: what a search has to see through.

use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::words::vowels::VOCALISED;
use crate::works::Language;

/// How a title departs from the plain spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// Not at all.
    Plain,
    /// Arabic with vowel marks on the words that readers stumble over.
    Vocalised,
    /// Arabic with every alef bare, its hamza left out.
    BareAlef,
    /// Arabic with a heh where a teh marbuta ends a word.
    TehAsHeh,
    /// Arabic with a word drawn out by tatweel.
    Tatweel,
    /// French without any accent.
    Unaccented,
    /// French with œ and æ written as two letters.
    OpenLigature,
    /// French with accents as combining marks (normal form D).
    Decomposed,
    /// French with a curly apostrophe.
    CurlyApostrophe,
}

/// A French letter with an accent, its bare letter and the combining mark between the two.
const ACCENTS: [(char, char, char); 24] = [
    ('à', 'a', '\u{300}'),
    ('â', 'a', '\u{302}'),
    ('ä', 'a', '\u{308}'),
    ('ç', 'c', '\u{327}'),
    ('é', 'e', '\u{301}'),
    ('è', 'e', '\u{300}'),
    ('ê', 'e', '\u{302}'),
    ('ë', 'e', '\u{308}'),
    ('î', 'i', '\u{302}'),
    ('ï', 'i', '\u{308}'),
    ('ô', 'o', '\u{302}'),
    ('ö', 'o', '\u{308}'),
    ('ù', 'u', '\u{300}'),
    ('û', 'u', '\u{302}'),
    ('ü', 'u', '\u{308}'),
    ('À', 'A', '\u{300}'),
    ('Â', 'A', '\u{302}'),
    ('Ç', 'C', '\u{327}'),
    ('É', 'E', '\u{301}'),
    ('È', 'E', '\u{300}'),
    ('Ê', 'E', '\u{302}'),
    ('Î', 'I', '\u{302}'),
    ('Ô', 'O', '\u{302}'),
    ('Û', 'U', '\u{302}'),
];
/// Arabic letters that do not join the one after them, so that no tatweel follows.
const UNJOINED: &str = "اأإآدذرزوؤىةء";
const TATWEEL: &str = "ـــ";

impl Spelling {
    pub(crate) fn any(language: Language, dice: &mut Dice) -> Self {
        match language {
            Language::Arabic => dice.weighted(&[
                (50, Self::Plain),
                (20, Self::Vocalised),
                (12, Self::BareAlef),
                (10, Self::TehAsHeh),
                (8, Self::Tatweel),
            ]),
            Language::French => dice.weighted(&[
                (60, Self::Plain),
                (15, Self::Unaccented),
                (10, Self::OpenLigature),
                (5, Self::Decomposed),
                (10, Self::CurlyApostrophe),
            ]),
            Language::English => Self::Plain,
        }
    }

    /// Spells a plain title this way, and tells `Plain` where that changes nothing.
    pub(crate) fn apply(self, plain: &str) -> (String, Self) {
        let spelled = match self {
            Self::Plain => plain.to_owned(),
            Self::Vocalised => by_word(plain, vocalised),
            Self::BareAlef => plain.replace(['أ', 'إ', 'آ'], "ا"),
            Self::TehAsHeh => plain.replace('ة', "ه"),
            Self::Tatweel => drawn_out(plain),
            Self::Unaccented => plain
                .chars()
                .map(|letter| accent(letter).map_or(letter, |(bare, _)| bare))
                .collect(),
            Self::OpenLigature => plain.replace('œ', "oe").replace('Œ', "Oe").replace('æ', "ae"),
            Self::Decomposed => decomposed(plain),
            Self::CurlyApostrophe => plain.replace('\'', "’"),
        };
        let spelling = if spelled == plain { Self::Plain } else { self };
        (spelled, spelling)
    }
}

fn by_word(text: &str, spell: impl Fn(&str) -> &str) -> String {
    text.split(' ').map(spell).collect::<Vec<_>>().join(" ")
}

fn vocalised(word: &str) -> &str {
    VOCALISED.iter().find(|(plain, _)| *plain == word).map_or(word, |(_, marked)| marked)
}

fn accent(letter: char) -> Option<(char, char)> {
    ACCENTS.iter().find(|(whole, ..)| *whole == letter).map(|(_, bare, mark)| (*bare, *mark))
}

fn decomposed(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match accent(letter) {
            Some((bare, mark)) => spelled.extend([bare, mark]),
            None => spelled.push(letter),
        }
    }
    spelled
}

/// Draws out the first letter, past the first of its word, that joins another letter.
fn drawn_out(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_letter = |letter: char| ('\u{621}'..='\u{64a}').contains(&letter);
    let place = letters.windows(3).position(|three| {
        three.iter().all(|letter| is_letter(*letter)) && !UNJOINED.contains(three[1])
    });
    let Some(place) = place else {
        return text.to_owned();
    };
    let (before, after) = letters.split_at(place + 2);
    before.iter().copied().chain(TATWEEL.chars()).chain(after.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    //! Each spelling changes what it names and says so.

    use super::Spelling;

    #[test]
    fn each_spelling_changes_what_it_names() {
        for (spelling, plain, spelled) in [
            (Spelling::Vocalised, "كتاب البحر", "كِتَاب البَحْر"),
            (Spelling::BareAlef, "أسرار الأطلس", "اسرار الاطلس"),
            (Spelling::TehAsHeh, "حكاية الغزالة", "حكايه الغزاله"),
            (Spelling::Tatweel, "تاريخ", "تاريـــخ"),
            (Spelling::Tatweel, "دليل", "دلـــيل"),
            (Spelling::Unaccented, "Élégie de Fès", "Elegie de Fes"),
            (Spelling::OpenLigature, "Œuvres du cœur", "Oeuvres du coeur"),
            (Spelling::Decomposed, "thé", "the\u{301}"),
            (Spelling::CurlyApostrophe, "L'art", "L’art"),
        ] {
            assert_eq!(spelling.apply(plain), (spelled.to_owned(), spelling));
        }
    }

    #[test]
    fn a_spelling_that_changes_nothing_is_plain() {
        let (spelled, spelling) = Spelling::OpenLigature.apply("Le tajine");
        assert_eq!((spelled.as_str(), spelling), ("Le tajine", Spelling::Plain));
    }
}
