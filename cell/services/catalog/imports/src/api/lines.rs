//! Reads a file of offers: each line is an offer to be carried out, or a list of what is wrong with it.

use std::collections::BTreeSet;

use base_fault::{Fault, FieldViolation};
use base_ids::ResourceId;
use base_jsonl::{Limits, Reader, wrong};
use cell_words::{
    Condition, Details, LineProblem, Price,
    import::Line,
    offer::{Draft, FirstStock, offer_of_sku},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    command::{FaultyLine, ReadLine},
    wire,
};

/// At most 8 MiB and so many lines with something on them.
const LIMITS: Limits = Limits { bytes_max: 8 << 20, lines_max: 10_000 };

/// A line as JSON has it: unknown and doubled fields are refused by name, values are read field by field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
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
pub(crate) fn read(import: &ResourceId, file: &[u8]) -> Result<Vec<ReadLine>, Fault> {
    let mut known = BTreeSet::new();
    let lines = LIMITS.lines(file)?;
    Ok(lines.iter().map(|line| read_line(import, line, &mut known)).collect())
}

fn read_line(
    import: &ResourceId,
    line: &base_jsonl::Line<'_>,
    known: &mut BTreeSet<ResourceId>,
) -> ReadLine {
    let faulty = |offer: &str, problems| {
        let offer = offer.chars().take(ResourceId::LEN_MAX).collect();
        FaultyLine { line: line.number, offer, problems }
    };
    let record: Record = line.record().map_err(|bad| {
        faulty("", vec![LineProblem::new(bad.code(), bad.field(), bad.to_string())])
    })?;
    let sku = record.sku.as_ref().and_then(Value::as_str).unwrap_or_default();
    let read = record.line(import, line.number).map_err(|mistakes| {
        let problem =
            |wrong: FieldViolation| LineProblem::new("invalid_field", &wrong.field, wrong.problem);
        faulty(sku, mistakes.into_iter().map(problem).collect())
    })?;
    if !known.insert(read.offer.clone()) {
        let text = "an earlier line of the file has the same SKU";
        return Err(faulty(sku, vec![LineProblem::new("duplicate_sku", "sku", text)]));
    }
    Ok(Box::new(read))
}

impl Record {
    fn line(&self, import: &ResourceId, number: u32) -> Result<Line, Vec<FieldViolation>> {
        let mut reader = Reader::default();
        let details = self.details(&mut reader);
        let stock = self.stock(&mut reader);
        let sku = reader.text("sku", self.sku.as_ref());
        let offer = reader.keep(offer_of_sku(&sku).map_err(|error| wrong("sku", error)));
        let isbn = reader.text("isbn", self.isbn.as_ref());
        let product = reader.parse("isbn", &isbn);
        let condition = reader.text("condition", self.condition.as_ref());
        let condition = Condition::or_new(&condition).map_err(|error| wrong("condition", error));
        let condition = reader.keep(condition);
        let price = self.price(&mut reader);
        let line = offer.zip(product).zip(condition.zip(price)).map(
            |((offer, product), (condition, price))| {
                let draft = Draft { product, condition, price, details: details.map(Box::new) };
                Line { import: import.clone(), line: number, offer, draft, stock }
            },
        );
        reader.finish(line)
    }

    fn price(&self, reader: &mut Reader) -> Option<Price> {
        let money = reader.money("price", self.price.as_ref())?;
        reader.keep(Price::try_from(money).map_err(|error| wrong("price", error)))
    }

    fn stock(&self, reader: &mut Reader) -> Option<FirstStock> {
        let location = reader.text("location", self.location.as_ref());
        let location = if location.is_empty() { "main" } else { &location };
        let location = reader.parse("location", location)?;
        let given = reader.whole("stock", self.stock.as_ref());
        let quantity = u32::try_from(given).ok().filter(|given| *given <= FirstStock::MAX);
        let missed = || wrong("stock", format!("is {given}; expected 0 to {}", FirstStock::MAX));
        let quantity = reader.keep(quantity.ok_or_else(missed))?;
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
        let before = reader.wrong().len();
        let [ar, fr, en] = reader.texts_under("titles", ["ar", "fr", "en"], self.titles.as_ref());
        let given = wire::ProductDetails {
            title: Some(wire::LocalText { ar, fr, en }),
            authors: reader.texts("authors", self.authors.as_ref()),
            language: reader.text("language", self.language.as_ref()),
            publisher: reader.text("publisher", self.publisher.as_ref()),
            year: reader.whole("year", self.year.as_ref()),
            subject: reader.text("subject", self.subject.as_ref()),
            format: reader.text("format", self.format.as_ref()),
            pages: reader.whole("pages", self.pages.as_ref()),
            weight_grams: reader.whole("weight_grams", self.weight_grams.as_ref()),
        };
        // A field of a wrong type is told once, not again as empty.
        if reader.wrong().len() > before {
            return None;
        }
        let renamed = |mut wrong: FieldViolation| {
            wrong.field = wrong.field.replacen("title", "titles", 1);
            wrong
        };
        let read = Details::read(&given);
        read.map_err(|mistakes| reader.note(mistakes.into_iter().map(renamed))).ok()
    }
}
