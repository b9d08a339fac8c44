//! A short text for people: bounded, without control characters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text of `MIN` (1 unless said otherwise) to `MAX` characters, without control characters and without blanks around it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize, const MIN: usize = 1>(String);

/// Why a text is not such a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {min} to {max} characters, none of them a control character")]
pub struct InvalidText {
    min: usize,
    max: usize,
}

impl<const MAX: usize, const MIN: usize> Text<MAX, MIN> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Default for Text<MAX, 0> {
    /// The empty text.
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MAX: usize, const MIN: usize> FromStr for Text<MAX, MIN> {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        let plain = !text.chars().any(char::is_control);
        if plain && (MIN..=MAX).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidText { min: MIN, max: MAX })
        }
    }
}

impl<const MAX: usize, const MIN: usize> fmt::Display for Text<MAX, MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize, const MIN: usize> fmt::Debug for Text<MAX, MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidText, Text};

    #[test]
    fn a_text_is_bounded_in_characters_and_shows_everything_it_holds() {
        assert_eq!(" كتاب ".parse::<Text<4>>().unwrap().as_str(), "كتاب");
        for text in ["", "  ", "five!", "a\u{7}"] {
            let error = InvalidText { min: 1, max: 4 };
            assert_eq!(text.parse::<Text<4>>(), Err(error), "{text:?}");
        }
        assert_eq!(" ".parse::<Text<4, 0>>(), Ok(Text::default()));
    }
}
