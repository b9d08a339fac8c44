//! A title in the platform's languages.

use serde::{Deserialize, Serialize};
use souk_proto::souk::v1::LocalText;

/// A title in the platform's languages; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// In Arabic.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ar: String,
    /// In French.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fr: String,
    /// In English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Title {
    /// Whichever there is, for texts about what has it.
    pub fn any(&self) -> &str {
        [&self.en, &self.fr, &self.ar].into_iter().find(|title| !title.is_empty()).map_or("", |t| t)
    }

    /// As it was told; empty if nothing was.
    pub fn read(told: Option<&LocalText>) -> Self {
        let LocalText { ar, fr, en } = told.cloned().unwrap_or_default();
        Self { ar, fr, en }
    }
}

impl From<&Title> for LocalText {
    fn from(title: &Title) -> Self {
        let Title { ar, fr, en } = title.clone();
        Self { ar, fr, en }
    }
}

#[cfg(test)]
mod tests {
    use souk_proto::souk::v1::LocalText;

    use super::Title;

    #[test]
    fn a_title_keeps_its_form_and_reads_back() {
        let title = Title { fr: "Contes".to_owned(), ..Title::default() };
        assert_eq!(serde_json::to_string(&title).unwrap(), r#"{"fr":"Contes"}"#);
        let whole = r#"{"ar":"","fr":"Contes","en":""}"#;
        assert_eq!(serde_json::from_str::<Title>(whole).unwrap(), title);
        assert_eq!(Title::read(Some(&LocalText::from(&title))), title);
        assert_eq!((title.any(), Title::read(None).any()), ("Contes", ""));
    }
}
