//! Reads parameters out of a form, word for word as strict as Stripe: unknown ones are refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ApiError;
use crate::form::{Form, Node, in_list_order};

const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_LEN_MAX: usize = 40;
const METADATA_VALUE_LEN_MAX: usize = 500;
const TEXT_LEN_MAX: usize = 5_000;

/// A form being read; remembers which names have been asked for.
#[derive(Debug)]
pub(crate) struct Params<'a> {
    form: &'a Form,
    known: BTreeSet<&'static str>,
}

impl<'a> Params<'a> {
    pub(crate) fn new(form: &'a Form) -> Self {
        Self { form, known: BTreeSet::new() }
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.form.names().find(|name| !self.known.contains(name)) {
            None => Ok(()),
            Some(name) => {
                Err(ApiError::invalid(format!("Received unknown parameter: {name}"), name)
                    .code("parameter_unknown"))
            }
        }
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, ApiError> {
        match self.node(name) {
            None => Ok(None),
            Some(Node::Tree(_)) => Err(ApiError::invalid("Invalid string: {}", name)),
            Some(Node::Text(text)) if text.is_empty() => Err(ApiError::invalid(
                format!(
                    "You passed an empty string for '{name}'. We assume empty values are an \
                     attempt to unset a parameter; however '{name}' cannot be unset. You should \
                     remove '{name}' from your request or supply a non-empty value."
                ),
                name,
            )
            .code("parameter_invalid_empty")),
            Some(Node::Text(text)) if text.chars().count() > TEXT_LEN_MAX => {
                Err(ApiError::invalid(
                    format!("Invalid string: must be at most {TEXT_LEN_MAX} characters"),
                    name,
                ))
            }
            Some(Node::Text(text)) => Ok(Some(text)),
        }
    }

    pub(crate) fn required_text(&mut self, name: &'static str) -> Result<&'a str, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// An owned text, for what is only stored.
    pub(crate) fn string(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    pub(crate) fn integer(&mut self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid(format!("Invalid integer: {text}"), name)
                .code("parameter_invalid_integer")
        })
    }

    pub(crate) fn required_integer(&mut self, name: &'static str) -> Result<i64, ApiError> {
        self.integer(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn boolean(&mut self, name: &'static str) -> Result<bool, ApiError> {
        match self.text(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(ApiError::invalid(format!("Invalid boolean: {other}"), name)),
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        found.map(Some).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            ApiError::invalid(format!("Invalid {name}: must be one of {}", words.join(", ")), name)
        })
    }

    pub(crate) fn list(&mut self, name: &'static str) -> Result<Option<Vec<String>>, ApiError> {
        match self.node(name) {
            None => Ok(None),
            Some(Node::Text(_)) => Err(ApiError::invalid("Invalid array", name)),
            Some(Node::Tree(children)) => in_list_order(children)
                .into_iter()
                .map(|node| match node {
                    Node::Text(text) => Ok(text.clone()),
                    Node::Tree(_) => Err(ApiError::invalid("Invalid string: {}", name)),
                })
                .collect::<Result<_, _>>()
                .map(Some),
        }
    }

    /// Named texts within brackets; nothing when the name is absent.
    pub(crate) fn map(
        &mut self,
        name: &'static str,
    ) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        match self.node(name) {
            None => Ok(None),
            Some(Node::Text(_)) => Err(ApiError::invalid("Invalid object", name)),
            Some(Node::Tree(children)) => {
                let texts = self.form.texts(name);
                if texts.len() < children.len() {
                    return Err(ApiError::invalid("Invalid string: {}", name));
                }
                Ok(Some(texts))
            }
        }
    }

    /// Metadata within Stripe's bounds; keys with empty values are left out.
    pub(crate) fn metadata(&mut self) -> Result<BTreeMap<String, String>, ApiError> {
        let mut metadata = self.map("metadata")?.unwrap_or_default();
        if metadata.len() > METADATA_KEYS_MAX {
            return Err(ApiError::invalid(
                format!("You can have up to {METADATA_KEYS_MAX} metadata keys on an object."),
                "metadata",
            ));
        }
        for (key, value) in &metadata {
            let (what, length, most) = if key.chars().count() > METADATA_KEY_LEN_MAX {
                ("keys", key.chars().count(), METADATA_KEY_LEN_MAX)
            } else if value.chars().count() > METADATA_VALUE_LEN_MAX {
                ("values", value.chars().count(), METADATA_VALUE_LEN_MAX)
            } else {
                continue;
            };
            return Err(ApiError::invalid(
                format!(
                    "Metadata {what} can have up to {most} characters, but you passed in one of \
                     {length} characters: {key}"
                ),
                "metadata",
            ));
        }
        metadata.retain(|_, value| !value.is_empty());
        Ok(metadata)
    }

    fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.insert(name);
        self.form.get(name)
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {name}."), name).code("parameter_missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
        result.unwrap_err().code.unwrap_or_default().to_owned()
    }

    #[test]
    fn each_mistake_has_its_code() {
        let form = Form::parse("amount=ten&currency=&extra=1&big=99999999999999999999").unwrap();
        let mut params = Params::new(&form);
        assert_eq!(code(params.required_integer("amount")), "parameter_invalid_integer");
        assert_eq!(code(params.required_integer("big")), "parameter_invalid_integer");
        assert_eq!(code(params.required_text("currency")), "parameter_invalid_empty");
        assert_eq!(code(params.required_text("payment_intent")), "parameter_missing");
        let error = params.finish().unwrap_err();
        assert_eq!(error.param.as_deref(), Some("extra"));
    }

    #[test]
    fn metadata_has_bounds() {
        let long = "x".repeat(501);
        for text in [format!("metadata[k]={long}"), format!("metadata[{}]=1", &long[..41])] {
            let form = Form::parse(&text).unwrap();
            assert!(Params::new(&form).metadata().is_err());
        }
        let many: Vec<_> = (0..51).map(|n| format!("metadata[k{n}]=1")).collect();
        let form = Form::parse(&many.join("&")).unwrap();
        assert!(Params::new(&form).metadata().is_err());
        let form = Form::parse("metadata[a]=1&metadata[b]=").unwrap();
        assert_eq!(Params::new(&form).metadata().unwrap().len(), 1);
    }
}
