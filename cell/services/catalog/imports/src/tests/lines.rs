//! Lines of an import as they are read: what is wrong with each, by code and field.

use base_money::{Currency, Money};
use cell_words::Condition;

use super::{EAN, id};
use crate::{api::read_file as read, command::ReadLine};

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn read_all(body: &str) -> Vec<ReadLine> {
    read(&id("i1"), body.as_bytes()).unwrap()
}

fn faults(line: &str) -> Vec<(String, String)> {
    let read = read_all(line);
    let [Err(faulty)] = &read[..] else { panic!("{line}: {read:?}") };
    faulty.problems.iter().map(|wrong| (wrong.code.clone(), wrong.field.clone())).collect()
}

fn line(rest: &str) -> String {
    format!(r#"{{"sku": "B-1", "isbn": "{EAN}", {rest}}}"#)
}

const PRICE: &str = r#""price": "49.00 MAD""#;
const DETAILS: &str = r#""titles": {"ar": "المرينيون", "fr": "Les Mérinides"}, "authors": ["Aya Idrissi"], "language": "ar", "subject": "history", "format": "pocket""#;

#[test]
fn a_good_line_says_everything() {
    let rest = format!(
        r#"{PRICE}, {DETAILS}, "condition": "good", "stock": 5, "location": "rabat", "publisher": "Dar Argan", "year": 2020, "pages": 210, "weight_grams": 300"#
    );
    let read = read_all(&line(&rest));
    let [Ok(line)] = &read[..] else { panic!("{read:?}") };
    assert_eq!((line.line, line.offer.as_str()), (1, "b-1"));
    assert_eq!((line.draft.price.get(), line.draft.condition), (mad(4_900), Condition::Good));
    let stock = line.stock.as_ref().unwrap();
    assert_eq!((stock.quantity, stock.location.as_str()), (5, "rabat"));
    let details = line.draft.details.as_ref().unwrap();
    assert_eq!((details.title.fr.as_str(), details.year), ("Les Mérinides", 2020));
}

#[test]
fn a_price_is_an_amount_of_more_than_nothing() {
    let priced = |price: &str| line(&format!(r#""price": {price}"#));
    let read = read_all(&priced(r#"{"currency": "MAD", "amount": "49.00"}"#));
    let [Ok(good)] = &read[..] else { panic!("{read:?}") };
    assert_eq!(good.draft.price.get(), mad(4_900));
    for price in [r#""0.00 MAD""#, r#""-1.00 MAD""#, r#""49.00""#, "49.00", "null"] {
        let expected = [("invalid_field".to_owned(), "price".to_owned())];
        assert_eq!(faults(&priced(price)), expected, "{price}");
    }
}

#[test]
fn every_mistake_of_a_line_is_told_with_its_field() {
    let bad = format!(
        r#"{{"sku": "B 1", "isbn": "9789954900001", {PRICE}, "condition": "torn", "stock": -1, "location": "Rabat!"}}"#
    );
    let fields: Vec<String> = faults(&bad).into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, ["location", "sku", "isbn", "condition"]);
    for (rest, expected) in [
        (r#""stock": 2000000"#, vec!["stock"]),
        (r#""stock": "5""#, vec!["stock"]),
        (r#""stock": 1.5"#, vec!["stock"]),
        (r#""titles": {"de": "Die Meriniden"}"#, vec!["titles.de"]),
        (r#""titles": {"fr": 5}"#, vec!["titles.fr"]),
        (r#""titles": []"#, vec!["titles"]),
        (r#""authors": "Aya""#, vec!["authors"]),
        (r#""year": "2020""#, vec!["year"]),
        (r#""year": 2020"#, vec!["titles", "authors", "language", "subject", "format"]),
    ] {
        let faults = faults(&line(&format!("{PRICE}, {rest}")));
        let fields: Vec<String> = faults.into_iter().map(|(_, field)| field).collect();
        assert_eq!(fields, expected, "{rest}");
    }
}

#[test]
fn a_line_that_is_no_offer_at_all_is_told_so() {
    let code = |line: &str| faults(line).remove(0);
    let at = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(code("not json"), at("malformed_line", ""));
    assert_eq!(code("[1, 2]"), at("malformed_line", "").clone());
    assert_eq!(code(&line(&format!(r#"{PRICE}, "colour": "red""#))), at("unknown_field", "colour"));
    assert_eq!(code(&line(&format!(r#"{PRICE}, "sku": "B-2""#))), at("duplicate_field", "sku"));
    let deep = "[".repeat(10_000);
    assert_eq!(code(&deep), at("malformed_line", ""));
    let read = read(&id("i1"), b"\xff\xfe{}\n").unwrap();
    assert!(read[0].as_ref().is_err_and(|faulty| faulty.problems[0].code == "malformed_line"));
}

#[test]
fn lines_keep_their_numbers_and_a_sku_comes_once() {
    let good = |sku: &str| format!(r#"{{"sku": "{sku}", "isbn": "{EAN}", {PRICE}}}"#);
    let body = format!("\u{feff}{}\r\n\n  \nnot json\n{}\n{}", good("a"), good("A"), good("b"));
    let read = read_all(&body);
    let ends: Vec<(u32, &str)> = read
        .iter()
        .map(|line| match line {
            Ok(line) => (line.line, "good"),
            Err(faulty) => (faulty.line, faulty.problems[0].code.as_str()),
        })
        .collect();
    assert_eq!(ends, [(1, "good"), (4, "malformed_line"), (5, "duplicate_sku"), (6, "good")]);
}

#[test]
fn a_file_that_is_no_list_of_lines_is_refused_as_a_whole() {
    assert!(read(&id("i1"), b"").is_err());
    assert!(read(&id("i1"), b"\n \r\n").is_err());
    assert!(read(&id("i1"), "{}\n".repeat(10_001).as_bytes()).is_err());
    assert!(read(&id("i1"), &vec![b' '; (8 << 20) + 1]).is_err());
    assert_eq!(read(&id("i1"), "{}\n".repeat(10_000).as_bytes()).unwrap().len(), 10_000);
}
