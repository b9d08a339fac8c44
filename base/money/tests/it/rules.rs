//! Rules with chosen amounts, in a currency of each exponent.

use std::cmp::Ordering;

use base_money::{Currency, Money, MoneyError};

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn minors(parts: &[Money]) -> Vec<i64> {
    parts.iter().map(|part| part.minor).collect()
}

#[test]
fn a_hundred_over_three_gives_the_first_the_odd_unit() {
    let parts = mad(10_000).split(&[1, 1, 1]).unwrap();
    assert_eq!(minors(&parts), [3_334, 3_333, 3_333]);
}

#[test]
fn a_refund_is_divided_as_its_payment_was() {
    let parts = mad(-10_000).split(&[1, 1, 1]).unwrap();
    assert_eq!(minors(&parts), [-3_334, -3_333, -3_333]);
}

#[test]
fn a_unit_left_over_goes_to_the_largest_remainder() {
    // Ideal shares are 1.4, 2.8 and 5.8 (of 10, by 7 : 14 : 29).
    let parts = mad(10).split(&[7, 14, 29]).unwrap();
    assert_eq!(minors(&parts), [1, 3, 6]);
}

#[test]
fn weights_of_nothing_divide_evenly_and_one_zero_gets_nothing() {
    assert_eq!(minors(&mad(5).split(&[0, 0, 0]).unwrap()), [2, 2, 1]);
    assert_eq!(minors(&mad(5).split(&[0, 1, 1]).unwrap()), [0, 3, 2]);
}

#[test]
fn a_split_over_no_parts_is_refused() {
    assert_eq!(mad(1).split(&[]), Err(MoneyError::NoParts));
    assert_eq!(mad(0).split(&[]), Err(MoneyError::NoParts));
}

#[test]
fn the_extremes_split_without_overflow() {
    for minor in [i64::MIN, i64::MAX] {
        let parts = mad(minor).split(&[u64::MAX, u64::MAX, 1]).unwrap();
        assert_eq!(Money::sum(parts, Currency::MAD), Ok(mad(minor)));
    }
}

#[test]
fn a_commission_rounds_half_away_from_zero() {
    assert_eq!(mad(19_99).share(1_250), Ok(mad(2_50)));
    assert_eq!(mad(5).share(1_000), Ok(mad(1)));
    assert_eq!(mad(4).share(1_000), Ok(mad(0)));
    assert_eq!(mad(-5).share(1_000), Ok(mad(-1)));
    assert_eq!(mad(i64::MIN).share(10_000), Ok(mad(i64::MIN)));
    assert_eq!(mad(i64::MAX).share(10_001), Err(MoneyError::Overflow));
}

#[test]
fn each_currency_writes_its_own_decimals() {
    let written = [
        (Currency::MAD, 1999, "19.99 MAD"),
        (Currency::MAD, -5, "-0.05 MAD"),
        (Currency::TND, 1999, "1.999 TND"),
        (Currency::TND, 7, "0.007 TND"),
        (Currency::JPY, 1999, "1999 JPY"),
        (Currency::JPY, -3, "-3 JPY"),
        (Currency::KWD, i64::MIN, "-9223372036854775.808 KWD"),
    ];
    for (currency, minor, text) in written {
        assert_eq!(Money::new(currency, minor).to_string(), text);
    }
}

#[test]
fn text_needs_exactly_the_decimals_of_its_currency() {
    assert_eq!(Money::parse("19.99", Currency::MAD), Ok(mad(1999)));
    assert_eq!(Money::parse("19.990", Currency::TND), Ok(Money::new(Currency::TND, 19_990)));
    assert_eq!(Money::parse("19", Currency::JPY), Ok(Money::new(Currency::JPY, 19)));
    for (text, currency) in [
        ("19", Currency::MAD),
        ("19.9", Currency::MAD),
        ("19.990", Currency::MAD),
        ("19.99", Currency::TND),
        ("19.0", Currency::JPY),
        ("19.", Currency::JPY),
    ] {
        let refused = Money::parse(text, currency).unwrap_err();
        assert!(matches!(refused, MoneyError::Malformed { .. }), "{text}: {refused}");
    }
}

#[test]
fn text_that_is_almost_an_amount_is_refused() {
    for text in [
        "",
        "-",
        ".",
        ".99",
        "-.99",
        "+1.00",
        " 1.00",
        "1.00 ",
        "01.00",
        "00.00",
        "-0.00",
        "1,00",
        "1 000.00",
        "1.0.0",
        "--1.00",
        "1e2.00",
        "0x1.00",
        "1.-1",
        "١٩.٩٩",
        "NaN",
    ] {
        assert!(Money::parse(text, Currency::MAD).is_err(), "{text:?} was read");
    }
    assert_eq!(Money::parse("92233720368547758.08", Currency::MAD), Err(MoneyError::Overflow));
    assert_eq!(Money::parse("-92233720368547758.08", Currency::MAD), Ok(mad(i64::MIN)));
}

#[test]
fn currencies_never_mix() {
    let (dirham, dinar) = (mad(1), Money::new(Currency::TND, 1));
    let mismatch = MoneyError::CurrencyMismatch { left: Currency::MAD, right: Currency::TND };
    assert_eq!(dirham.checked_add(dinar), Err(mismatch.clone()));
    assert_eq!(dirham.checked_sub(dinar), Err(mismatch.clone()));
    assert_eq!(dirham.compare(dinar), Err(mismatch.clone()));
    assert_eq!(Money::sum([dirham, dinar], Currency::MAD), Err(mismatch));
    assert_eq!(dirham.partial_cmp(&dinar), None);
    assert_eq!(mad(1).partial_cmp(&mad(2)), Some(Ordering::Less));
}

#[test]
fn arithmetic_that_leaves_64_bits_is_refused() {
    assert_eq!(mad(i64::MAX).checked_add(mad(1)), Err(MoneyError::Overflow));
    assert_eq!(mad(i64::MIN).checked_sub(mad(1)), Err(MoneyError::Overflow));
    assert_eq!(mad(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
    assert_eq!(mad(i64::MAX).times(2), Err(MoneyError::Overflow));
    assert_eq!(Money::sum([mad(i64::MAX), mad(1)], Currency::MAD), Err(MoneyError::Overflow));
    assert_eq!(
        Money::sum([mad(i64::MAX), mad(1), mad(-1)], Currency::MAD),
        Ok(mad(i64::MAX)),
        "only the total must fit"
    );
    assert_eq!(Money::sum([], Currency::JPY), Ok(Money::zero(Currency::JPY)));
}

#[test]
fn currencies_are_found_by_code_and_unknown_ones_refused_by_name() {
    let codes: Vec<_> = Currency::all().map(Currency::code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "the table is searched by halves");
    for currency in Currency::all() {
        assert_eq!(Currency::from_code(currency.code()), Ok(currency));
    }
    for (code, exponent) in [
        ("MAD", 2),
        ("EUR", 2),
        ("USD", 2),
        ("GBP", 2),
        ("AED", 2),
        ("SAR", 2),
        ("EGP", 2),
        ("DZD", 2),
        ("TND", 3),
        ("KWD", 3),
        ("BHD", 3),
        ("IQD", 3),
        ("JOD", 3),
        ("LYD", 3),
        ("OMR", 3),
        ("JPY", 0),
        ("KRW", 0),
        ("CLP", 0),
        ("ISK", 0),
    ] {
        assert_eq!(Currency::from_code(code).map(Currency::exponent), Ok(exponent), "{code}");
    }
    for constant in
        [Currency::MAD, Currency::EUR, Currency::USD, Currency::TND, Currency::KWD, Currency::JPY]
    {
        assert_eq!(Currency::from_code(constant.code()), Ok(constant));
    }
    for code in ["", "mad", "MADX", "XXX"] {
        assert_eq!(code.parse::<Currency>(), Err(MoneyError::UnknownCurrency(code.to_owned())));
    }
}

#[test]
fn money_on_the_wire_is_a_code_and_minor_units() {
    let wire = r#"{"currency":"MAD","minor":1999}"#;
    assert_eq!(serde_json::to_string(&mad(1999)).unwrap(), wire);
    assert_eq!(serde_json::from_str::<Money>(wire).unwrap(), mad(1999));
    for (wrong, said) in [
        (r#"{"currency":"XXX","minor":1}"#, "XXX"),
        (r#"{"currency":"MAD","minor":1.5}"#, "1.5"),
        (r#"{"currency":"MAD","minor":"1"}"#, "string"),
        (r#"{"currency":"MAD","minor":9223372036854775808}"#, "9223372036854775808"),
        (r#"{"currency":"MAD","minor":1,"major":2}"#, "major"),
        (r#"{"currency":"MAD"}"#, "minor"),
        (r#"{"currency":504,"minor":1}"#, "504"),
    ] {
        let refused = serde_json::from_str::<Money>(wrong).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused} does not name {said}");
    }
}
