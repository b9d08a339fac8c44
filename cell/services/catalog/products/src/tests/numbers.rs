//! Products' numbers, and the shards that they fall into.

use std::collections::BTreeMap;

use super::{EAN, ean};
use crate::command::{ProductId, ean::InvalidProductId};

fn read(text: &str) -> Result<String, InvalidProductId> {
    text.parse::<ProductId>().map(|product| product.to_string())
}

#[test]
fn every_way_to_write_a_number_is_one_number() {
    assert_eq!(ean().as_str(), EAN);
    for text in
        ["9782070408504", "978-2-07-040850-4", "978 2 07 040850 4", "2070408507", "2-07-040850-7"]
    {
        assert_eq!(read(text), Ok("9782070408504".to_owned()), "{text}");
    }
    assert_eq!(read("080442957X"), Ok("9780804429573".to_owned()), "X is ten");
    assert_eq!(read("080442957x"), read("080442957X"));
    assert_eq!(read("2000000300009"), Ok("2000000300009".to_owned()), "not every EAN is a book's");
}

#[test]
fn what_is_not_a_number_is_told_from_what_is_mistyped() {
    for text in
        ["", "978", "97820704085041", "978207040850X", "20704085X7", "٩٧٨٢٠٧٠٤٠٨٥٠٤", "vendors/a"]
    {
        assert_eq!(read(text), Err(InvalidProductId::Form), "{text}");
    }
    for text in ["9782070408505", "2070408508"] {
        assert_eq!(read(text), Err(InvalidProductId::CheckDigit), "{text}");
    }
}

#[test]
fn any_one_mistyped_digit_is_noticed() {
    for at in 0..EAN.len() {
        for digit in '0'..='9' {
            let mut typed = EAN.to_owned();
            typed.replace_range(at..=at, &digit.to_string());
            assert_eq!(read(&typed).is_ok(), typed == EAN, "{typed}");
        }
    }
}

#[test]
fn shards_are_pinned_so_that_two_builds_never_disagree() {
    let shard = |text: &str| text.parse::<ProductId>().unwrap().shard().to_string();
    assert_eq!(shard(EAN), "platform/catalog-290");
    assert_eq!(shard("9782070408504"), "platform/catalog-18f");
    assert_eq!(shard("2070408507"), shard("9782070408504"));
}

#[test]
fn a_large_catalogue_spreads_evenly_over_shards_and_slots() {
    let mut shards: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..50_000u32 {
        let body = format!("200{number:09}");
        let product = (0..10).find_map(|check| format!("{body}{check}").parse::<ProductId>().ok());
        *shards.entry(product.unwrap().shard().to_string()).or_default() += 1;
    }
    let (least, most) = (shards.values().min().unwrap(), shards.values().max().unwrap());
    assert!(shards.len() > 4_090, "{} of 4,096 shards are used", shards.len());
    assert!(*least >= 1 && *most <= 40, "a shard has {least} to {most} of 50,000, on average 12");
    // The shards themselves lie all over the slots, so that every cell gets its share.
    let mut quarters = [0_u32; 4];
    for shard in shards.keys() {
        quarters[usize::from(base_ids::Slot::of(shard).0 >> 14)] += 1;
    }
    assert!(quarters.iter().all(|quarter| (800..1_250).contains(quarter)), "{quarters:?}");
}
