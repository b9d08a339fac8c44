//! The same seed makes the same bytes, whoever asks and in whatever order.

use std::str::FromStr;

use loadtest_demo::{Catalogue, Edition, Scale, User, Vendor, write_catalogue, write_lines};

use crate::sized;

fn exported(catalogue: Catalogue) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_catalogue(catalogue, &mut bytes).expect("memory takes every line");
    bytes
}

/// FNV-1a, written out here so that no library's change can move the figure.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn a_seed_has_the_bytes_it_always_had() {
    let bytes = exported(sized("0.01"));
    assert_eq!((bytes.len(), hash(&bytes)), (117_366, 13_554_953_874_552_211_063));
}

#[test]
fn another_seed_has_other_bytes() {
    let scale = Scale::from_permille(10).unwrap();
    let (one, two) = (Catalogue::generate(1, scale), Catalogue::generate(2, scale));
    assert_eq!(exported(one), exported(one));
    assert_ne!(exported(one), exported(two));
}

#[test]
fn one_thing_asked_for_is_the_one_met_on_the_way() {
    let catalogue = sized("0.1");
    assert_eq!(catalogue.editions().nth(700), Some(catalogue.edition(700)));
    assert_eq!(catalogue.vendors().nth(7), Some(catalogue.vendor(7)));
    assert_eq!(catalogue.users().nth(77), Some(catalogue.user(77)));
    let on_the_way: Vec<_> = (0..60).flat_map(|edition| catalogue.offers_on(edition)).collect();
    assert!(catalogue.offers().take(on_the_way.len()).eq(on_the_way));
}

#[test]
fn vendors_and_users_are_the_same_at_every_scale() {
    let (small, large) = (sized("0.1"), sized("100"));
    assert_eq!(small.vendor(3), large.vendor(3));
    assert_eq!(small.user(3), large.user(3));
    assert_eq!(small.author(3), large.author(3));
}

#[test]
fn the_largest_catalogue_starts_at_once_and_ends_where_it_should() {
    let large = sized("100");
    assert_eq!(large.scale().offers(), 2_400_000);
    assert_eq!(large.offers().take(100).count(), 100);
    let last_three: usize = (899_997..900_000).map(|edition| large.offers_on(edition).len()).sum();
    assert_eq!(last_three, 8);
}

#[test]
fn lines_can_be_read_again() {
    let catalogue = sized("0.005");
    let mut bytes = Vec::new();
    assert_eq!(write_lines(catalogue.vendors(), &mut bytes).unwrap(), 10);
    let vendors: Vec<Vendor> = read(&bytes);
    assert!(catalogue.vendors().eq(vendors));

    bytes.clear();
    write_lines(catalogue.editions(), &mut bytes).unwrap();
    let editions: Vec<Edition> = read(&bytes);
    assert!(catalogue.editions().eq(editions));

    bytes.clear();
    write_lines(catalogue.users(), &mut bytes).unwrap();
    let users: Vec<User> = read(&bytes);
    assert!(catalogue.users().eq(users));
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Vec<T> {
    let text = std::str::from_utf8(bytes).expect("lines are UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line reads back")).collect()
}

#[test]
fn a_scale_is_read_as_it_is_written_and_refused_beyond_its_bounds() {
    for (text, permille) in
        [("0.1", 100), ("1", 1_000), ("2.5", 2_500), ("100", 100_000), ("0.001", 1)]
    {
        let scale = Scale::from_str(text).unwrap();
        assert_eq!((scale.permille(), scale.to_string().as_str()), (permille, text));
    }
    for text in
        ["", "0", "0.0001", "100.001", "-1", "1e3", ".5", "5.", "one", "4294967296", "1.2.3"]
    {
        let refused = Scale::from_str(text).unwrap_err().to_string();
        assert!(refused.contains(&format!("{text:?}")), "{refused}");
    }
    assert!(Scale::from_permille(0).is_err() && Scale::from_permille(100_001).is_err());
}
