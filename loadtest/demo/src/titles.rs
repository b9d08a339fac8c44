//! The grammar of titles: a template, a topic, a place and a number, said in three languages.
//!
//! One choice of words gives the title in every language, so a translation is a true one. The marks
//! of a template are `{x}` for the topic, `{p}` for the place and `{n}` for a number. French also
//! needs forms: `{x}` *la mer*, `{de x}` *de la mer*, `{d x}` *de mer*, `{a x}` *à la mer*, and for
//! places `{p}`, `{de p}` and `{in p}`.

use crate::dice::Dice;
use crate::words::places::PLACES;
use crate::words::{Place, Subject, Template, Topic};
use crate::works::Language;

/// What the words of a title are, before they are said in a language.
#[derive(Clone, Copy)]
pub(crate) struct Title {
    template: &'static Template,
    topic: &'static Topic,
    place: &'static Place,
    number: u32,
    volume: Option<u32>,
    /// Whether an Arabic text has Arabic-Indic digits rather than those of Europe.
    arabic_indic: bool,
}

impl Title {
    pub(crate) fn any(subject: Subject, dice: &mut Dice) -> Self {
        let words = subject.words();
        let template = dice.pick(words.templates);
        let (least, greatest) = template.numbers;
        Self {
            template,
            topic: dice.pick(words.topics),
            place: dice.pick(&PLACES),
            number: dice.between(least, greatest),
            volume: dice.percent(15).then(|| dice.between(1, 4)),
            arabic_indic: dice.percent(50),
        }
    }

    /// The title in a language, spelled plainly.
    pub(crate) fn text(&self, language: Language) -> String {
        match language {
            Language::Arabic => self.arabic(),
            Language::French => self.french(),
            Language::English => self.english(),
        }
    }

    /// The Arabic title in Latin letters, as shops here write it.
    pub(crate) fn in_latin_letters(&self) -> String {
        let title = self.filled(self.template.latin, self.topic.latin, self.place.latin);
        capitalised(&self.with_volume(title, ", Al-juz'"))
    }

    fn arabic(&self) -> String {
        let title = self.filled(self.template.ar, self.topic.ar, self.place.ar);
        let title = self.with_volume(title, "، الجزء");
        if self.arabic_indic { with_arabic_indic_digits(&title) } else { title }
    }

    fn french(&self) -> String {
        let (topic, place) = (self.topic.fr, self.place.fr);
        let title = self
            .template
            .fr
            .replace("{de x}", &of_the(topic))
            .replace("{a x}", &to_the(topic))
            .replace("{d x}", &of(topic))
            .replace("{de p}", &of_the(place))
            .replace("{in p}", self.place.fr_in);
        capitalised(&self.with_volume(self.filled(&title, topic, place), ", tome"))
    }

    fn english(&self) -> String {
        let title = self.filled(self.template.en, &in_title_case(self.topic.en), self.place.en);
        capitalised(&self.with_volume(title, ", Volume"))
    }

    fn filled(&self, template: &str, topic: &str, place: &str) -> String {
        let number = self.number.to_string();
        template.replace("{x}", topic).replace("{p}", place).replace("{n}", &number)
    }

    fn with_volume(&self, title: String, word: &str) -> String {
        match self.volume {
            Some(volume) => format!("{title}{word} {volume}"),
            None => title,
        }
    }
}

/// *de* before a French noun with its article: *du roi*, *des rois*, *de la reine*, *d'Agadir*.
fn of_the(noun: &str) -> String {
    if let Some(bare) = noun.strip_prefix("le ") {
        return format!("du {bare}");
    }
    if let Some(bare) = noun.strip_prefix("les ") {
        return format!("des {bare}");
    }
    if noun.starts_with("la ") || noun.starts_with("l'") {
        return format!("de {noun}");
    }
    before_noun(noun)
}

/// *à* before a French noun with its article: *au roi*, *aux rois*, *à la reine*.
fn to_the(noun: &str) -> String {
    if let Some(bare) = noun.strip_prefix("le ") {
        return format!("au {bare}");
    }
    if let Some(bare) = noun.strip_prefix("les ") {
        return format!("aux {bare}");
    }
    format!("à {noun}")
}

/// *de* before a French noun without its article: *de physique*, *d'économie*.
fn of(noun: &str) -> String {
    let bare = ["le ", "la ", "les ", "l'"].iter().find_map(|article| noun.strip_prefix(article));
    before_noun(bare.unwrap_or(noun))
}

fn before_noun(bare: &str) -> String {
    match bare.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u' | 'é' | 'è' | 'œ' | 'A' | 'E' | 'I' | 'O' | 'É' | 'Œ') =>
        {
            format!("d'{bare}")
        }
        _ => format!("de {bare}"),
    }
}

fn capitalised(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// English words with a capital, except the small ones.
fn in_title_case(words: &str) -> String {
    const SMALL: [&str; 4] = ["the", "of", "and", "in"];
    let cased = |word: &str| {
        if SMALL.contains(&word) { word.to_owned() } else { capitalised(word) }
    };
    words.split(' ').map(cased).collect::<Vec<_>>().join(" ")
}

fn with_arabic_indic_digits(text: &str) -> String {
    const DIGITS: [char; 10] = ['٠', '١', '٢', '٣', '٤', '٥', '٦', '٧', '٨', '٩'];
    let digit = |letter: char| letter.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    text.chars().map(|letter| digit(letter).map_or(letter, |digit| DIGITS[digit])).collect()
}

#[cfg(test)]
mod tests {
    //! French prepositions melt with the article.

    use super::{of, of_the, to_the};

    #[test]
    fn french_prepositions_melt_with_the_article() {
        assert_eq!(of_the("le Rif"), "du Rif");
        assert_eq!(of_the("les Doukkala"), "des Doukkala");
        assert_eq!(of_the("la mer"), "de la mer");
        assert_eq!(of_the("l'œil"), "de l'œil");
        assert_eq!(of_the("Agadir"), "d'Agadir");
        assert_eq!(of_the("Fès"), "de Fès");
        assert_eq!(of("l'économie"), "d'économie");
        assert_eq!(of("la physique"), "de physique");
        assert_eq!(to_the("le droit"), "au droit");
        assert_eq!(to_the("les baux"), "aux baux");
        assert_eq!(to_the("l'arbitrage"), "à l'arbitrage");
    }
}
