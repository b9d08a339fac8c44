//! The languages that the platform speaks, and a person's locale: a language and a country if known.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A language that the platform speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Arabic.
    Ar,
    /// French.
    Fr,
    /// English.
    En,
}

impl Language {
    /// ISO 639-1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// Whether it is written from right to left.
    pub const fn right_to_left(self) -> bool {
        matches!(self, Self::Ar)
    }
}

/// A text is not a language of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language; expected ar, fr or en")]
pub struct InvalidLanguage(String);

impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, InvalidLanguage> {
        let known = [Self::Ar, Self::Fr, Self::En].into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| InvalidLanguage(text.chars().take(100).collect()))
    }
}

/// A locale as BCP 47 writes it: `ar`, `ar-MA`, `fr-MA`, `en`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale {
    language: Language,
    country: Option<[u8; 2]>,
}

/// A text is not a locale of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a locale: expected ar, fr or en, with a country if known, such as ar-MA")]
pub struct InvalidLocale;

impl Locale {
    /// What a visitor gets who has not said anything: French, in Morocco.
    pub const DEFAULT: Self = Self { language: Language::Fr, country: Some(*b"MA") };

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }
}

impl FromStr for Locale {
    type Err = InvalidLocale;

    fn from_str(text: &str) -> Result<Self, InvalidLocale> {
        let (language, country) = match text.split_once(['-', '_']) {
            None => (text, None),
            Some((language, country)) => (language, Some(country)),
        };
        let language = language.to_ascii_lowercase().parse().map_err(|_| InvalidLocale)?;
        let country = match country.map(str::as_bytes) {
            None => None,
            Some([a, b]) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some([a.to_ascii_uppercase(), b.to_ascii_uppercase()])
            }
            Some(_) => return Err(InvalidLocale),
        };
        Ok(Self { language, country })
    }
}

impl TryFrom<String> for Locale {
    type Error = InvalidLocale;

    fn try_from(text: String) -> Result<Self, InvalidLocale> {
        text.parse()
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        locale.to_string()
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.language.as_str())?;
        match self.country {
            Some([a, b]) => write!(f, "-{}{}", char::from(a), char::from(b)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Locale};

    #[test]
    fn a_locale_reads_as_it_is_written_in_its_one_spelling() {
        for (text, spelled) in
            [("ar", "ar"), ("AR-ma", "ar-MA"), ("fr_MA", "fr-MA"), ("en-GB", "en-GB")]
        {
            assert_eq!(text.parse::<Locale>().unwrap().to_string(), spelled);
        }
        assert!("ar-MA".parse::<Locale>().unwrap().language().right_to_left());
        assert!(!Locale::DEFAULT.language().right_to_left());
    }

    #[test]
    fn languages_that_we_do_not_speak_are_refused() {
        for text in ["", "de", "arabic", "ar-", "ar-MAR", "ar-Arab-MA", "fr-1A", "ar-é"] {
            assert!(text.parse::<Locale>().is_err(), "{text}");
        }
        let no = "de".parse::<Language>().unwrap_err();
        assert_eq!(no.to_string(), "`de` is not a language; expected ar, fr or en");
        assert_eq!("ar".parse(), Ok(Language::Ar));
    }
}
