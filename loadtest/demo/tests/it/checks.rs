//! Every number with a check digit checks, and every reference leads somewhere.

use std::collections::BTreeSet;

use base_money::{Currency, Money};
use loadtest_demo::{CITIES, Condition, VendorStatus, cover_svg, foreign_stores};

use crate::{full, sized};

fn ean_checks(number: &str) -> bool {
    let digits: Vec<u32> = number.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let sum: u32 =
        digits.iter().step_by(2).sum::<u32>() + 3 * digits.iter().skip(1).step_by(2).sum::<u32>();
    digits.len() == 13 && number.len() == 13 && sum.is_multiple_of(10)
}

/// Divisible by 97, computed in one piece: 24 digits fit 128 bits.
fn divides_by_97(number: &str, length: usize) -> bool {
    number.len() == length && number.parse::<u128>().is_ok_and(|number| number % 97 == 0)
}

#[test]
fn every_isbn_checks_and_lies_in_a_sample_block() {
    let blocks = ["978995490", "978995499", "978998190", "978998199", "978992090", "978992099"];
    let mut seen = BTreeSet::new();
    for edition in full().editions() {
        let isbn = edition.isbn13;
        assert!(ean_checks(&isbn), "{isbn}");
        let group = &isbn[..7];
        assert!(["9789954", "9789981", "9789920"].contains(&group), "{isbn}");
        assert_eq!(&isbn[7..8], "9", "{isbn} is not of a sample registrant");
        assert!(seen.insert(isbn), "an ISBN was given twice");
    }
    for block in blocks {
        assert!(seen.iter().any(|isbn| isbn.starts_with(block)), "no book in block {block}");
    }
}

#[test]
fn numbers_go_on_within_the_firm_when_the_sample_blocks_are_used_up() {
    let large = sized("100");
    assert_eq!(&large.edition(29_999).isbn13[..3], "978");
    for index in [30_000, 30_001, 899_999] {
        let number = large.edition(index).isbn13;
        assert!(number.starts_with("20") && ean_checks(&number), "{number}");
    }
}

#[test]
fn every_firm_and_account_number_of_a_vendor_checks() {
    let mut handles = BTreeSet::new();
    for vendor in sized("10").vendors() {
        assert!(divides_by_97(&vendor.ice, 15), "ICE {}", vendor.ice);
        assert!(divides_by_97(&vendor.rib, 24), "RIB {}", vendor.rib);
        let key: u32 = vendor.rib[22..].parse().unwrap();
        assert!((1..=97).contains(&key), "RIB {} has no such key", vendor.rib);
        assert!([7, 8].contains(&vendor.tax_number.len()), "IF {}", vendor.tax_number);
        assert!(!vendor.tax_number.starts_with('0'));
        assert!(CITIES.iter().any(|city| city.handle == vendor.city));
        assert!((800..=1_500).contains(&vendor.commission_bp));
        assert!(vendor.holiday.is_none_or(|closed| closed.from < closed.until));
        assert!(vendor.names.tifinagh.chars().any(|c| ('\u{2d30}'..='\u{2d7f}').contains(&c)));
        assert!(vendor.handle.len() <= 40);
        assert!(
            vendor
                .handle
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        );
        assert!(handles.insert(vendor.handle), "a handle was given twice");
    }
}

#[test]
fn every_offer_names_an_approved_vendor_and_an_edition() {
    for catalogue in [sized("0.001"), sized("0.1")] {
        let approved: BTreeSet<_> = catalogue
            .vendors()
            .filter(|vendor| vendor.status == VendorStatus::Approved)
            .map(|vendor| vendor.handle)
            .collect();
        let isbns: BTreeSet<_> = catalogue.editions().map(|edition| edition.isbn13).collect();
        let (mut pairs, mut skus, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
        for offer in catalogue.offers() {
            assert!(approved.contains(&offer.vendor), "{}", offer.vendor);
            assert!(isbns.contains(&offer.isbn), "{}", offer.isbn);
            assert!(pairs.insert((offer.vendor, offer.isbn)), "a vendor offers a book twice");
            assert!(skus.insert(offer.sku), "a SKU was given twice");
            count += 1;
        }
        assert_eq!(count, catalogue.scale().offers());
    }
}

#[test]
fn every_price_lies_between_25_and_450_dirhams() {
    let bounds = (Money::new(Currency::MAD, 2_500), Money::new(Currency::MAD, 45_000));
    for offer in full().offers() {
        assert!(bounds.0 <= offer.price && offer.price <= bounds.1, "{}", offer.price);
        assert!(offer.condition == Condition::New || (1..=3).contains(&offer.stock));
    }
}

#[test]
fn no_user_can_be_reached_and_no_two_are_one() {
    let (mut emails, mut phones) = (BTreeSet::new(), BTreeSet::new());
    for user in full().users() {
        assert!(user.email.ends_with(".example"), "{}", user.email);
        assert!(
            user.email
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".@".contains(&b))
        );
        assert!(
            user.phone.starts_with("+212600") || user.phone.starts_with("+212700"),
            "{}",
            user.phone
        );
        assert_eq!(user.phone.len(), 13);
        assert!(user.address.postcode.is_none_or(|code| code.len() == 5));
        assert!(
            emails.insert(user.email) && phones.insert(user.phone),
            "two users share an address"
        );
    }
    assert_eq!(sized("100").user(799_999).phone.len(), 13);
}

#[test]
fn every_edition_has_a_title_in_its_language_with_no_mark_left_in() {
    for edition in full().editions() {
        assert!(!edition.title().is_empty());
        for title in edition.titles.values() {
            assert!(!title.contains(['{', '}']), "{title}");
            assert!(!title.contains(" de le ") && !title.contains(" de les "), "{title}");
            assert!(!title.contains(" à le ") && !title.contains(" à les "), "{title}");
        }
        assert!((1..=2).contains(&edition.authors.len()));
        assert!((1975..=2026).contains(&edition.year));
        assert!(edition.weight_grams > 40);
    }
}

#[test]
fn foreign_stores_sell_in_their_own_currency_at_every_scale() {
    let stores = foreign_stores();
    let exponents: Vec<_> = stores.iter().map(|store| store.currency.exponent()).collect();
    assert_eq!(exponents, [3, 3, 0]);
    let smallest = sized("0.001");
    let isbns: BTreeSet<_> = smallest.editions().map(|edition| edition.isbn13).collect();
    for store in &stores {
        for offer in &store.offers {
            assert_eq!(offer.price.currency, store.currency);
            assert_eq!(offer.vendor, store.handle);
            assert!(isbns.contains(&offer.isbn));
        }
    }
}

#[test]
fn a_cover_is_safe_to_show_and_reads_in_the_right_direction() {
    let hostile = cover_svg("<script>alert('1') & \"2\"\u{7}</script>", "x");
    assert!(!hostile.contains("<script") && !hostile.contains('\u{7}'), "{hostile}");
    assert!(hostile.contains("&lt;script&gt;") && hostile.contains("&amp;"));
    assert!(cover_svg("تاريخ المغرب", "x").contains("direction=\"rtl\""));
    assert!(cover_svg("Histoire du Maroc", "x").contains("direction=\"ltr\""));
    assert_eq!(cover_svg("A", "1"), cover_svg("A", "1"));
    assert_ne!(cover_svg("A", "1"), cover_svg("A", "2"), "the colour follows from the key");
    assert!(cover_svg(&"mot long ".repeat(40), "x").contains('…'));
    for edition in sized("0.01").editions() {
        let svg = cover_svg(edition.title(), &edition.isbn13);
        assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    }
}
