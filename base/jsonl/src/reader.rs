//! Reads the values of a record, and gathers what is wrong with them by field.

use std::{fmt::Display, str::FromStr};

use base_fault::FieldViolation;
use base_money::{Currency, Money};
use serde_json::{Map, Value};

/// What a price may look like.
const MONEY: &str = "expected {\"currency\": \"MAD\", \"minor\": 4900} or \"49.00 MAD\"";

/// Reads the values of one record. What cannot be read is noted, and reading goes on.
#[derive(Debug, Default)]
pub struct Reader {
    wrong: Vec<FieldViolation>,
}

/// A field that holds what it must not.
pub fn wrong(field: impl Into<String>, problem: impl Display) -> FieldViolation {
    FieldViolation { field: field.into(), problem: problem.to_string() }
}

impl Reader {
    /// A text; empty where there is none.
    pub fn text(&mut self, field: &str, value: Option<&Value>) -> String {
        let read = match present(value) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(wrong(field, format!("is {}; expected text", kind(other)))),
        };
        self.keep(read).unwrap_or_default()
    }

    /// A whole number; 0 where there is none.
    pub fn whole(&mut self, field: &str, value: Option<&Value>) -> i32 {
        let Some(value) = present(value) else { return 0 };
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        let missed = || wrong(field, format!("is {}; expected a whole number", kind(value)));
        self.keep(number.ok_or_else(missed)).unwrap_or_default()
    }

    /// A list of texts; empty where there is none.
    pub fn texts(&mut self, field: &str, value: Option<&Value>) -> Vec<String> {
        let missed = |value: &Value| {
            wrong(field, format!("is or holds {}; expected a list of texts", kind(value)))
        };
        let read = match present(value) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| missed(item)))
                .collect(),
            Some(other) => Err(missed(other)),
        };
        self.keep(read).unwrap_or_default()
    }

    /// An object that may have a text under each of `keys`; empty where there is none.
    pub fn texts_under<const KEYS: usize>(
        &mut self,
        field: &str,
        keys: [&str; KEYS],
        value: Option<&Value>,
    ) -> [String; KEYS] {
        let read = match present(value) {
            None => return keys.map(|_| String::new()),
            Some(Value::Object(object)) => texts_under(field, keys, object),
            Some(other) => Err(wrong(field, format!("is {}; expected an object", kind(other)))),
        };
        self.keep(read).unwrap_or_else(|| keys.map(|_| String::new()))
    }

    /// An amount: `{"currency": "MAD", "minor": 4900}`, `{"currency": "MAD", "amount": "49.00"}` or `"49.00 MAD"`.
    pub fn money(&mut self, field: &str, value: Option<&Value>) -> Option<Money> {
        self.keep(money(field, value))
    }

    /// A text as a `T`, which says what is wrong.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        self.keep(text.parse().map_err(|error| wrong(field, error)))
    }

    /// What was read; what is wrong is noted.
    pub fn keep<T>(&mut self, read: Result<T, FieldViolation>) -> Option<T> {
        read.map_err(|wrong| self.wrong.push(wrong)).ok()
    }

    /// Notes what else is wrong.
    pub fn note(&mut self, wrong: impl IntoIterator<Item = FieldViolation>) {
        self.wrong.extend(wrong);
    }

    /// What is wrong so far, in the order in which it was read.
    pub fn wrong(&self) -> &[FieldViolation] {
        &self.wrong
    }

    /// What was read, if nothing is wrong. Errors: all that is.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Vec<FieldViolation>> {
        read.filter(|_| self.wrong.is_empty()).ok_or(self.wrong)
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn texts_under<const KEYS: usize>(
    field: &str,
    keys: [&str; KEYS],
    object: &Map<String, Value>,
) -> Result<[String; KEYS], FieldViolation> {
    let mut texts = keys.map(|_| String::new());
    for (key, value) in object {
        let at = format!("{field}.{key}");
        let Some(place) = keys.iter().position(|known| known == key) else {
            return Err(wrong(at, format!("is not known; expected {}", keys.join(", "))));
        };
        let missed = || wrong(at, format!("is {}; expected text", kind(value)));
        value.as_str().ok_or_else(missed)?.clone_into(&mut texts[place]);
    }
    Ok(texts)
}

fn money(field: &str, value: Option<&Value>) -> Result<Money, FieldViolation> {
    match present(value) {
        None => Err(wrong(field, format!("is missing; {MONEY}"))),
        Some(Value::String(text)) => {
            let (amount, code) = text.trim().rsplit_once(' ').ok_or_else(|| wrong(field, MONEY))?;
            let read = Money::parse(amount, currency(field, code)?);
            read.map_err(|error| wrong(field, error))
        }
        Some(Value::Object(object)) => money_of(field, object),
        Some(other) => Err(wrong(field, format!("is {}; {MONEY}", kind(other)))),
    }
}

fn money_of(field: &str, object: &Map<String, Value>) -> Result<Money, FieldViolation> {
    let known = |key: &&String| ["currency", "minor", "amount"].contains(&key.as_str());
    if let Some(other) = object.keys().find(|key| !known(key)) {
        return Err(wrong(format!("{field}.{other}"), format!("is not known; {MONEY}")));
    }
    let code = object.get("currency").and_then(Value::as_str).unwrap_or_default();
    let currency = currency(field, code)?;
    match (object.get("minor"), object.get("amount").and_then(Value::as_str)) {
        (Some(minor), None) => {
            // JSON numbers of JavaScript lose digits beyond 2⁵³: text is taken too.
            let text = || minor.as_str().and_then(|text| text.parse().ok());
            let missed =
                || wrong(format!("{field}.minor"), "expected a whole number of minor units");
            Ok(Money::new(currency, minor.as_i64().or_else(text).ok_or_else(missed)?))
        }
        (None, Some(amount)) => {
            Money::parse(amount, currency).map_err(|error| wrong(format!("{field}.amount"), error))
        }
        _ => Err(wrong(field, MONEY)),
    }
}

fn currency(field: &str, code: &str) -> Result<Currency, FieldViolation> {
    code.parse().map_err(|error| wrong(format!("{field}.currency"), error))
}

#[cfg(test)]
mod tests {
    use base_money::{Currency, Money};
    use serde_json::{Value, json};

    use super::{Reader, wrong};

    /// The fields that are wrong after reading so.
    fn missed<T>(read: impl FnOnce(&mut Reader) -> T) -> Vec<String> {
        let mut reader = Reader::default();
        read(&mut reader);
        reader.wrong().iter().map(|wrong| wrong.field.clone()).collect()
    }

    #[test]
    fn an_amount_is_written_in_several_ways_and_never_as_a_fraction() {
        for price in [
            json!({"currency": "MAD", "minor": 4900}),
            json!({"currency": "MAD", "minor": "4900"}),
            json!({"currency": "MAD", "amount": "49.00"}),
            json!("49.00 MAD"),
        ] {
            let read = Reader::default().money("price", Some(&price));
            assert_eq!(read, Some(Money::new(Currency::MAD, 4_900)), "{price}");
        }
        let bad = [
            (json!(49.00), "price"),
            (json!("49 MAD"), "price"),
            (json!("49.00"), "price"),
            (json!("49.000 MAD"), "price"),
            (json!("99999999999999999999.00 MAD"), "price"),
            (json!("49.00 XXX"), "price.currency"),
            (json!({"currency": "MAD", "minor": 49.5}), "price.minor"),
            (json!({"currency": "MAD", "minor": 4900, "amount": "49.00"}), "price"),
            (json!({"currency": "MAD", "cents": 4900}), "price.cents"),
            (Value::Null, "price"),
        ];
        for (price, field) in bad {
            let found = missed(|reader| reader.money("price", Some(&price)));
            assert_eq!(found, [field], "{price}");
        }
    }

    #[test]
    fn values_of_another_kind_are_told_and_missing_ones_are_empty() {
        let mut reader = Reader::default();
        assert_eq!(
            (reader.text("a", None), reader.whole("b", Some(&Value::Null))),
            (String::new(), 0)
        );
        assert!(reader.texts("c", None).is_empty());
        assert_eq!(reader.texts_under("d", ["ar", "fr"], Some(&json!({"fr": "x"}))), ["", "x"]);
        assert_eq!(reader.finish(Some(())), Ok(()));
        for (value, field) in [
            (json!({"de": "x"}), "titles.de"),
            (json!({"fr": 5}), "titles.fr"),
            (json!([]), "titles"),
        ] {
            let found = missed(|reader| reader.texts_under("titles", ["ar", "fr"], Some(&value)));
            assert_eq!(found, [field], "{value}");
        }
        assert_eq!(missed(|reader| reader.whole("year", Some(&json!("2020")))), ["year"]);
        assert_eq!(missed(|reader| reader.whole("year", Some(&json!(1.5)))), ["year"]);
        assert_eq!(missed(|reader| reader.text("sku", Some(&json!(1)))), ["sku"]);
        assert_eq!(missed(|reader| reader.texts("authors", Some(&json!("Aya")))), ["authors"]);
        assert_eq!(missed(|reader| reader.texts("authors", Some(&json!(["Aya", 1])))), ["authors"]);
    }

    #[test]
    fn nothing_is_read_while_anything_is_wrong() {
        let mut reader = Reader::default();
        let read = reader.parse::<u8>("count", "7");
        assert_eq!(reader.parse::<u8>("size", "x"), None);
        reader.note([wrong("colour", "is odd")]);
        let fields: Vec<String> =
            reader.finish(read).unwrap_err().into_iter().map(|wrong| wrong.field).collect();
        assert_eq!(fields, ["size", "colour"]);
    }
}
