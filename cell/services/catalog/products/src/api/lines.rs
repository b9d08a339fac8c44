//! Reads a file of offers line by line: each line is an offer to be carried out, or a list of what is wrong with it.

use std::collections::BTreeSet;

use base_fault::{Code, Fault};
use base_ids::ResourceId;
use base_money::{Currency, Money};
use serde::Deserialize;
use serde_json::Value;

use super::read::sku;
use crate::{
    command::{
        Condition, Details, Draft, FaultyLine, FirstStock, Line, LineProblem, Price, ReadLine,
        details::Mistake,
    },
    wire,
};

/// The largest file, in bytes.
const BYTES_MAX: usize = 8 << 20;
/// Most lines with something on them.
const LINES_MAX: usize = 10_000;

/// A line as JSON has it: unknown and doubled fields are refused by name, types are looked at field by field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    sku: Option<Value>,
    isbn: Option<Value>,
    price: Option<Value>,
    condition: Option<Value>,
    stock: Option<Value>,
    location: Option<Value>,
    titles: Option<Value>,
    authors: Option<Value>,
    language: Option<Value>,
    publisher: Option<Value>,
    year: Option<Value>,
    subject: Option<Value>,
    format: Option<Value>,
    pages: Option<Value>,
    weight_grams: Option<Value>,
}

/// Reads the file. Only a file that is no list of lines at all is refused as a whole.
pub(crate) fn read(import: &ResourceId, body: &[u8]) -> Result<Vec<ReadLine>, Fault> {
    if body.len() > BYTES_MAX {
        let text = format!("the file has {} bytes; expected at most {BYTES_MAX}", body.len());
        return Err(Fault::caller(Code::BodyTooLarge, text));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let numbered = (1..).zip(body.split(|byte| *byte == b'\n'));
    let filled = numbered.filter(|(_, line)| !line.trim_ascii().is_empty());
    let filled: Vec<(u32, &[u8])> = filled.take(LINES_MAX + 1).collect();
    if filled.is_empty() || filled.len() > LINES_MAX {
        let problem = format!("expected 1 to {LINES_MAX} lines, one JSON object each");
        return Err(Fault::invalid_field("body", problem));
    }
    let mut known = BTreeSet::new();
    Ok(filled
        .into_iter()
        .map(|(number, line)| read_line(import, number, line, &mut known))
        .collect())
}

fn read_line(
    import: &ResourceId,
    number: u32,
    line: &[u8],
    known: &mut BTreeSet<ResourceId>,
) -> ReadLine {
    let faulty = |offer: String, problems| FaultyLine { line: number, offer, problems };
    let raw = parse(line).map_err(|problem| faulty(String::new(), vec![problem]))?;
    let named = raw.sku.as_ref().and_then(Value::as_str).unwrap_or_default();
    let named: String = named.chars().take(ResourceId::LEN_MAX).collect();
    let read = raw.into_line(import, number).map_err(|mistakes| {
        let problems =
            mistakes.iter().map(|wrong| problem("invalid_field", &wrong.field, &wrong.text));
        faulty(named.clone(), problems.collect())
    })?;
    if !known.insert(read.offer.clone()) {
        let text = "an earlier line of the file has the same SKU";
        return Err(faulty(named, vec![problem("duplicate_sku", "sku", text)]));
    }
    Ok(Box::new(read))
}

fn parse(line: &[u8]) -> Result<Raw, LineProblem> {
    let malformed = |text: &str| problem("malformed_line", "", text);
    let text = std::str::from_utf8(line).map_err(|_| malformed("the line is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        let text = error.to_string();
        let field = text.split('`').nth(1).unwrap_or_default();
        match text.split(' ').next() {
            Some("unknown") => problem("unknown_field", field, &text),
            Some("duplicate") => problem("duplicate_field", field, &text),
            _ => malformed(&format!("the line is not a JSON object that we know: {text}")),
        }
    })
}

fn problem(code: &str, field: &str, text: &str) -> LineProblem {
    LineProblem { code: code.to_owned(), field: field.to_owned(), text: text.to_owned() }
}

/// Reads fields and gathers what is wrong with them.
struct Reader(Vec<Mistake>);

impl Reader {
    fn ok<T>(&mut self, read: Result<T, Mistake>) -> Option<T> {
        read.map_err(|mistake| self.0.push(mistake)).ok()
    }

    fn text(&mut self, field: &str, value: Option<&Value>) -> String {
        let text = match value {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(Mistake::new(field, format!("is {}; expected text", kind(other)))),
        };
        self.ok(text).unwrap_or_default()
    }

    fn whole(&mut self, field: &str, value: Option<&Value>) -> i32 {
        let number = match value {
            None | Some(Value::Null) => Ok(0),
            Some(other) => {
                let number = other.as_i64().and_then(|number| i32::try_from(number).ok());
                number.ok_or_else(|| {
                    Mistake::new(field, format!("is {}; expected a whole number", kind(other)))
                })
            }
        };
        self.ok(number).unwrap_or_default()
    }
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

impl Raw {
    fn into_line(self, import: &ResourceId, number: u32) -> Result<Line, Vec<Mistake>> {
        let mut reader = Reader(Vec::new());
        let details = self.details(&mut reader);
        let stock = self.stock(&mut reader);
        let sku_text = reader.text("sku", self.sku.as_ref());
        let offer = reader.ok(sku(&sku_text).map_err(|problem| Mistake::new("sku", problem)));
        let isbn = reader.text("isbn", self.isbn.as_ref());
        let product = reader.ok(isbn.parse().map_err(|error| Mistake::new("isbn", error)));
        let condition = match reader.text("condition", self.condition.as_ref()).as_str() {
            "" => Some(Condition::New),
            text => reader.ok(text.parse().map_err(|_| {
                Mistake::new(
                    "condition",
                    format!("`{text}` is not a condition; expected new, good or fair"),
                )
            })),
        };
        let price = reader.ok(price(self.price.as_ref()));
        match (offer, product, condition, price) {
            (Some(offer), Some(product), Some(condition), Some(price)) if reader.0.is_empty() => {
                let draft = Draft { product, condition, price, details: details.map(Box::new) };
                Ok(Line { import: import.clone(), line: number, offer, draft, stock })
            }
            _ => Err(reader.0),
        }
    }

    fn stock(&self, reader: &mut Reader) -> Option<FirstStock> {
        let text = reader.text("location", self.location.as_ref());
        let text = if text.is_empty() { "main" } else { &text };
        let location = reader.ok(text.parse().map_err(|error| Mistake::new("location", error)))?;
        let given = reader.whole("stock", self.stock.as_ref());
        let quantity = u32::try_from(given).ok().filter(|given| *given <= FirstStock::MAX);
        let quantity = reader.ok(quantity.ok_or_else(|| {
            Mistake::new("stock", format!("is {given}; expected 0 to {}", FirstStock::MAX))
        }))?;
        (quantity > 0).then_some(FirstStock { quantity, location })
    }

    /// What the line says about the product, if it says anything.
    fn details(&self, reader: &mut Reader) -> Option<Details> {
        let said = [
            &self.titles,
            &self.authors,
            &self.language,
            &self.publisher,
            &self.year,
            &self.subject,
            &self.format,
            &self.pages,
            &self.weight_grams,
        ];
        if said.iter().all(|field| field.is_none()) {
            return None;
        }
        let before = reader.0.len();
        let given = wire::ProductDetails {
            title: reader.ok(titles(self.titles.as_ref())),
            authors: reader.ok(authors(self.authors.as_ref())).unwrap_or_default(),
            language: reader.text("language", self.language.as_ref()),
            publisher: reader.text("publisher", self.publisher.as_ref()),
            year: reader.whole("year", self.year.as_ref()),
            subject: reader.text("subject", self.subject.as_ref()),
            format: reader.text("format", self.format.as_ref()),
            pages: reader.whole("pages", self.pages.as_ref()),
            weight_grams: reader.whole("weight_grams", self.weight_grams.as_ref()),
        };
        // A field of a wrong type is told once, not again as empty.
        if reader.0.len() > before {
            return None;
        }
        let renamed = |mut wrong: Mistake| {
            wrong.field = wrong.field.replacen("title", "titles", 1);
            wrong
        };
        let read = Details::read(&given);
        read.map_err(|mistakes| reader.0.extend(mistakes.into_iter().map(renamed))).ok()
    }
}

fn titles(given: Option<&Value>) -> Result<wire::LocalText, Mistake> {
    let mut titles = wire::LocalText::default();
    let object = match given {
        None | Some(Value::Null) => return Ok(titles),
        Some(Value::Object(object)) => object,
        Some(other) => {
            return Err(Mistake::new("titles", format!("is {}; expected an object", kind(other))));
        }
    };
    for (language, title) in object {
        let at = format!("titles.{language}");
        let place = match language.as_str() {
            "ar" => &mut titles.ar,
            "fr" => &mut titles.fr,
            "en" => &mut titles.en,
            _ => {
                return Err(Mistake::new(&at, "is not a language of ours; expected ar, fr and en"));
            }
        };
        let text = title.as_str();
        let text =
            text.ok_or_else(|| Mistake::new(&at, format!("is {}; expected text", kind(title))))?;
        text.clone_into(place);
    }
    Ok(titles)
}

fn authors(given: Option<&Value>) -> Result<Vec<String>, Mistake> {
    let wrong = |value: &Value| {
        Mistake::new("authors", format!("is or holds {}; expected a list of texts", kind(value)))
    };
    match given {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| wrong(name)))
            .collect(),
        Some(other) => Err(wrong(other)),
    }
}

/// `{"currency": "MAD", "minor": 4900}`, `{"currency": "MAD", "amount": "49.00"}` or `"49.00 MAD"`.
fn price(given: Option<&Value>) -> Result<Price, Mistake> {
    let wrong = |field: &str, text: String| Mistake::new(field, text);
    let currency = |text: &str| {
        text.parse::<Currency>().map_err(|error| wrong("price.currency", error.to_string()))
    };
    let expected = "expected {\"currency\": \"MAD\", \"minor\": 4900} or \"49.00 MAD\"";
    let money = match given {
        None | Some(Value::Null) => return Err(wrong("price", format!("is missing; {expected}"))),
        Some(Value::String(text)) => {
            let (amount, code) =
                text.trim().rsplit_once(' ').ok_or_else(|| wrong("price", expected.to_owned()))?;
            Money::parse(amount, currency(code)?)
                .map_err(|error| wrong("price", error.to_string()))?
        }
        Some(Value::Object(object)) => {
            if let Some(other) =
                object.keys().find(|key| !["currency", "minor", "amount"].contains(&key.as_str()))
            {
                return Err(wrong(&format!("price.{other}"), format!("is not known; {expected}")));
            }
            let code = object.get("currency").and_then(Value::as_str).unwrap_or_default();
            let currency = currency(code)?;
            match (object.get("minor"), object.get("amount").and_then(Value::as_str)) {
                (Some(minor), None) => {
                    let text = minor.as_str().and_then(|text| text.parse().ok());
                    let minor = minor.as_i64().or(text);
                    Money::new(
                        currency,
                        minor.ok_or_else(|| {
                            wrong(
                                "price.minor",
                                "expected a whole number of minor units".to_owned(),
                            )
                        })?,
                    )
                }
                (None, Some(amount)) => Money::parse(amount, currency)
                    .map_err(|error| wrong("price.amount", error.to_string()))?,
                _ => return Err(wrong("price", expected.to_owned())),
            }
        }
        Some(other) => return Err(wrong("price", format!("is {}; {expected}", kind(other)))),
    };
    Price::try_from(money).map_err(|error| wrong("price", error.to_string()))
}
