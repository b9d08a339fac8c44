//! The demo catalogue in the platform's words: what is sent to it, field by field.

use loadtest_demo::{Edition, Language};
use serde_json::{Value, json};

use crate::people::Application;

/// What a vendor of the catalogue applies with.
pub fn application(vendor: &loadtest_demo::Vendor) -> Application {
    Application {
        handle: short(&vendor.handle),
        latin: vendor.names.latin.clone(),
        arabic: vendor.names.ar.clone(),
        tifinagh: vendor.names.tifinagh.clone(),
        city: vendor.city.clone(),
        ice: vendor.ice.clone(),
        tax_number: vendor.tax_number.clone(),
        rib: vendor.rib.clone(),
    }
}

/// A handle of at most 30 characters: the end, which holds the number, is kept.
fn short(handle: &str) -> String {
    let cut = handle.len().saturating_sub(30);
    handle[cut..].trim_start_matches('-').to_owned()
}

/// What a product is, as `ProductDetails`.
pub fn details(edition: &Edition) -> Value {
    let title: serde_json::Map<String, Value> = Language::ALL
        .iter()
        .filter_map(|language| {
            Some((language.tag().to_owned(), json!(edition.titles.get(language.tag())?)))
        })
        .collect();
    let authors: Vec<&str> = edition
        .authors
        .iter()
        .map(|author| match edition.language {
            Language::Arabic => author.name_ar.as_str(),
            _ => author.name_latin.as_str(),
        })
        .collect();
    json!({
        "title": title, "authors": authors, "language": edition.language.tag(), "publisher": edition.publisher, "year": edition.year,
        "subject": edition.subject, "format": edition.format, "pages": edition.pages, "weightGrams": edition.weight_grams,
    })
}

/// A line of an import, from what a product is.
pub fn import_line(
    sku: &str,
    isbn: &str,
    details: &Value,
    (currency, minor): (&str, i64),
    condition: &str,
    stock: i64,
) -> Value {
    json!({
        "sku": sku, "isbn": isbn, "price": {"currency": currency, "minor": minor}, "condition": condition, "stock": stock,
        "location": "main", "titles": details["title"], "authors": details["authors"], "language": details["language"],
        "publisher": details["publisher"], "year": details["year"], "subject": details["subject"], "format": details["format"],
        "pages": details["pages"], "weight_grams": details["weightGrams"],
    })
}

#[cfg(test)]
mod tests {
    use loadtest_demo::{Catalogue, Scale};

    #[test]
    fn every_application_and_every_line_is_one_that_the_platform_takes() {
        let catalogue = Catalogue::generate(7, Scale::from_permille(20).unwrap());
        for vendor in catalogue.vendors() {
            let handle = super::application(&vendor).handle;
            assert!((3..=30).contains(&handle.len()) && !handle.starts_with('-'), "{handle}");
        }
        for edition in catalogue.editions() {
            let details = super::details(&edition);
            assert!(!details["title"].as_object().unwrap().is_empty());
            assert!(!details["authors"][0].as_str().unwrap().is_empty());
        }
    }
}
