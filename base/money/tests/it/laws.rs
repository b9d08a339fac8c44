//! Laws that hold for any amount.

use base_money::{Currency, Money, MoneyError};
use proptest::prelude::*;

fn any_currency() -> impl Strategy<Value = Currency> {
    proptest::sample::select(Currency::all().collect::<Vec<_>>())
}

fn any_money() -> impl Strategy<Value = Money> {
    (any_currency(), any::<i64>()).prop_map(|(currency, minor)| Money::new(currency, minor))
}

fn any_weights() -> impl Strategy<Value = Vec<u64>> {
    let weight = prop_oneof![Just(0_u64), 0..100_u64, any::<u64>()];
    proptest::collection::vec(weight, 1..40)
}

/// The distance between a part and its ideal share is under one unit: |part·W − amount·w| < W.
fn is_near_its_share(amount: i64, part: i64, weight: u64, total: i128) -> bool {
    let got = i128::from(part).checked_mul(total);
    let ideal = i128::from(amount).checked_mul(i128::from(weight));
    match (got, ideal) {
        (Some(got), Some(ideal)) => (got - ideal).abs() < total,
        _ => false,
    }
}

proptest! {
    #[test]
    fn parts_add_up_to_the_whole(money in any_money(), weights in any_weights()) {
        let parts = money.split(&weights).unwrap();
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(Money::sum(parts, money.currency), Ok(money));
    }

    #[test]
    fn each_part_is_less_than_a_unit_from_its_share(
        minor in -1_000_000_000_000..1_000_000_000_000_i64,
        weights in proptest::collection::vec(0..1_000_000_000_u64, 1..40),
    ) {
        let parts = Money::new(Currency::MAD, minor).split(&weights).unwrap();
        let even = weights.iter().all(|weight| *weight == 0);
        let weights: Vec<u64> = if even { vec![1; weights.len()] } else { weights };
        let total = weights.iter().map(|weight| i128::from(*weight)).sum();
        for (part, weight) in parts.iter().zip(weights) {
            prop_assert!(is_near_its_share(minor, part.minor, weight, total));
        }
    }

    #[test]
    fn a_part_never_has_the_other_sign_and_zero_weight_gets_nothing(
        money in any_money(),
        weights in any_weights(),
    ) {
        let parts = money.split(&weights).unwrap();
        let even = weights.iter().all(|weight| *weight == 0);
        for (part, weight) in parts.iter().zip(weights) {
            prop_assert!(part.is_zero() || part.is_negative() == money.is_negative());
            prop_assert!(even || weight > 0 || part.is_zero());
        }
    }

    #[test]
    fn equal_weights_differ_by_one_unit_and_favour_the_earliest(
        money in any_money(),
        weight in any::<u64>(),
        parts in 1..50_usize,
    ) {
        let sizes: Vec<u64> = money.split(&vec![weight; parts]).unwrap()
            .iter().map(|part| part.minor.unsigned_abs()).collect();
        prop_assert!(sizes.is_sorted_by(|earlier, later| earlier >= later));
        prop_assert!(sizes[0] - sizes[parts - 1] <= 1);
    }

    #[test]
    fn a_share_is_the_nearest_unit_and_mirrors(
        minor in -1_000_000_000_000_000..1_000_000_000_000_000_i64,
        basis_points in 0..20_000_u32,
    ) {
        let money = Money::new(Currency::TND, minor);
        let share = money.share(basis_points).unwrap();
        let exact = i128::from(minor) * i128::from(basis_points);
        prop_assert!((i128::from(share.minor) * 10_000 - exact).abs() <= 5_000);
        prop_assert_eq!(money.checked_neg().unwrap().share(basis_points), share.checked_neg());
    }

    #[test]
    fn a_share_never_panics(money in any_money(), basis_points in any::<u32>()) {
        let share = money.share(basis_points);
        prop_assert!(basis_points > 10_000 || share.is_ok());
    }

    #[test]
    fn adding_and_taking_away_agree(one in any_money(), minor in any::<i64>()) {
        let other = Money::new(one.currency, minor);
        match one.checked_add(other) {
            Ok(total) => prop_assert_eq!(total.checked_sub(other), Ok(one)),
            Err(refused) => prop_assert_eq!(refused, MoneyError::Overflow),
        }
    }

    #[test]
    fn what_is_written_is_read_again(money in any_money()) {
        prop_assert_eq!(Money::parse(&money.decimal(), money.currency), Ok(money));
        let wire = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(serde_json::from_str::<Money>(&wire).unwrap(), money);
    }

    #[test]
    fn what_is_read_has_one_spelling(text in "-?[0-9]{0,4}[.]?[0-9]{0,4}", currency in any_currency()) {
        if let Ok(money) = Money::parse(&text, currency) {
            prop_assert_eq!(money.decimal(), text);
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>(), currency in any_currency()) {
        let _ = Money::parse(&text, currency);
        let _ = Currency::from_code(&text);
    }
}
