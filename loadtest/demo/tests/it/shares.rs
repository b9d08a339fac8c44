//! Shares in the full catalogue, counted, against what was meant, within two in a hundred.

use std::collections::BTreeMap;

use loadtest_demo::{
    CITIES, Condition, Format, Language, Locale, PaymentChoice, Spelling, Subject, VendorStatus,
};

use crate::full;

/// Counts how often each key comes, in thousandths of all.
fn permille<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    let mut total = 0;
    for key in keys {
        *counts.entry(key).or_insert(0) += 1_000;
        total += 1;
    }
    counts.into_iter().map(|(key, count)| (key, count / total)).collect()
}

fn assert_shares<K: Ord + std::fmt::Debug>(found: &BTreeMap<K, u64>, meant: &[(K, u64)]) {
    for (key, share) in meant {
        let got = found.get(key).copied().unwrap_or(0);
        assert!(got.abs_diff(share * 10) <= 20, "{key:?} has {got} ‰ and was to have {share} %");
    }
}

#[test]
fn the_full_catalogue_has_the_counts_that_were_meant() {
    let catalogue = full();
    assert_eq!(catalogue.authors().count(), 1_500);
    assert_eq!(catalogue.vendors().count(), 120);
    assert_eq!(catalogue.editions().count(), 9_000);
    assert_eq!(catalogue.offers().count(), 24_000);
    assert_eq!(catalogue.users().count(), 8_000);
    let works: std::collections::BTreeSet<_> = catalogue.editions().map(|e| e.work).collect();
    assert_eq!(works.len(), 6_000);
}

#[test]
fn books_are_shared_between_languages_formats_and_subjects() {
    let languages = permille(full().editions().map(|edition| edition.language));
    assert_shares(
        &languages,
        &[(Language::Arabic, 45), (Language::French, 40), (Language::English, 15)],
    );
    let formats = permille(full().editions().map(|edition| edition.format));
    assert_shares(
        &formats,
        &[(Format::Paperback, 70), (Format::Hardcover, 20), (Format::Pocket, 10)],
    );
    let subjects = permille(full().editions().map(|edition| edition.subject));
    assert_shares(&subjects, &Subject::ALL.map(|subject| (subject, 11)));
}

#[test]
fn four_vendors_in_five_are_approved_and_each_other_state_is_seen() {
    let states = permille(full().vendors().map(|vendor| vendor.status));
    assert_eq!(states[&VendorStatus::Approved], 800);
    assert_eq!(states.len(), 6);
    let cities = permille(full().vendors().map(|vendor| vendor.city));
    assert_eq!(cities.len(), CITIES.len());
}

#[test]
fn offers_are_mostly_new_and_a_few_vendors_have_many() {
    let conditions = permille(full().offers().map(|offer| offer.condition));
    assert_shares(
        &conditions,
        &[(Condition::New, 60), (Condition::Good, 28), (Condition::Fair, 12)],
    );
    let endings = permille(full().offers().map(|offer| offer.price.minor % 100));
    assert!(endings[&99] > 250, "{} ‰ of prices end in .99", endings[&99]);
    assert!(endings[&0] > 350, "{} ‰ of prices are whole", endings[&0]);
    let mut vendors: Vec<_> = permille(full().offers().map(|o| o.vendor)).into_values().collect();
    vendors.sort_unstable();
    assert!(vendors[vendors.len() - 1] > 50, "the largest vendor is large");
    assert_eq!(vendors.len(), 96, "every approved vendor sells something");
}

#[test]
fn users_pay_and_read_and_live_as_meant() {
    let payments = permille(full().users().map(|user| user.preferred_payment));
    assert_shares(
        &payments,
        &[
            (PaymentChoice::CashOnDelivery, 65),
            (PaymentChoice::Cmi, 25),
            (PaymentChoice::Stripe, 7),
            (PaymentChoice::Paypal, 3),
        ],
    );
    let locales = permille(full().users().map(|user| user.locale));
    assert_shares(&locales, &[(Locale::Arabic, 50), (Locale::French, 40), (Locale::English, 10)]);
    let postcodes = permille(full().users().map(|user| user.address.postcode.is_some()));
    assert_shares(&postcodes, &[(true, 55), (false, 45)]);
}

#[test]
fn every_way_of_spelling_and_both_kinds_of_digits_are_there_to_be_searched() {
    let spellings = permille(full().editions().map(|edition| edition.spelling));
    for spelling in [
        Spelling::Plain,
        Spelling::Vocalised,
        Spelling::BareAlef,
        Spelling::TehAsHeh,
        Spelling::Tatweel,
        Spelling::Unaccented,
        Spelling::Decomposed,
        Spelling::CurlyApostrophe,
    ] {
        assert!(spellings[&spelling] >= 5, "{spelling:?} is rare");
    }
    assert!(full().editions().filter(|e| e.spelling == Spelling::OpenLigature).count() >= 10);
    let arabic = |edition: &loadtest_demo::Edition| edition.titles.get("ar").cloned();
    let titles: Vec<String> = full().editions().filter_map(|edition| arabic(&edition)).collect();
    let with = |digits: std::ops::RangeInclusive<char>| {
        titles.iter().filter(|title| title.chars().any(|c| digits.contains(&c))).count()
    };
    assert!(with('0'..='9') > 300 && with('٠'..='٩') > 300);
    assert!(
        full().editions().filter(|edition| edition.titles.contains_key("ar-Latn")).count() > 1_000
    );
    assert!(full().editions().filter(|edition| edition.titles.len() > 1).count() > 4_000);
}
