//! Which currencies are taken, in which smallest unit, and what amounts make sense in them.

use crate::error::ApiError;

/// The largest amount of one payment: eight digits in the smallest unit.
const AMOUNT_MAX: i64 = 99_999_999;

/// Two decimals.
const TWO: &[&str] = &[
    "usd", "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd",
    "bdt", "bgn", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf",
    "cny", "cop", "crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp",
    "gbp", "gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr",
    "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad",
    "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn",
    "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar", "ron", "rsd",
    "rub", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb",
    "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx", "uyu", "uzs", "wst", "xcd", "yer",
    "zar", "zmw",
];
/// No decimals.
const ZERO: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];
/// Three decimals, of which Stripe takes only two: the last digit must be 0.
const THREE: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// Smallest payments in the smallest unit; currencies not named here start at 1.
const LEAST: &[(&str, i64)] = &[
    ("usd", 50),
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1000),
];

/// Decimals of a currency Stripe takes; nothing for the others.
pub(crate) fn exponent(currency: &str) -> Option<u32> {
    let is_in = |list: &[&str]| list.contains(&currency);
    if is_in(TWO) {
        Some(2)
    } else if is_in(ZERO) {
        Some(0)
    } else if is_in(THREE) {
        Some(3)
    } else {
        None
    }
}

/// Reads a currency code as a client wrote it, in any case; answers in lower case as Stripe does.
pub(crate) fn read(code: &str) -> Result<String, ApiError> {
    let lower = code.to_ascii_lowercase();
    if exponent(&lower).is_some() {
        return Ok(lower);
    }
    let known: Vec<_> = TWO.iter().chain(ZERO).chain(THREE).copied().collect();
    Err(ApiError::invalid(
        format!(
            "Invalid currency: {code}. Stripe currently supports these currencies: {}",
            known.join(", ")
        ),
        "currency",
    ))
}

/// Refuses amounts that Stripe would not charge in this currency.
pub(crate) fn check_amount(amount: i64, currency: &str) -> Result<(), ApiError> {
    let least = LEAST.iter().find(|(code, _)| *code == currency).map_or(1, |(_, least)| *least);
    if amount < 1 {
        return Err(ApiError::invalid("This value must be greater than or equal to 1.", "amount")
            .code("parameter_invalid_integer"));
    }
    if amount < least {
        return Err(ApiError::invalid(
            format!("Amount must be at least {}", shown(least, currency)),
            "amount",
        )
        .code("amount_too_small"));
    }
    if amount > AMOUNT_MAX {
        return Err(ApiError::invalid(
            format!("Amount must be no more than {}", shown(AMOUNT_MAX, currency)),
            "amount",
        )
        .code("amount_too_large"));
    }
    let step = match currency {
        // Kept as two-decimal for old clients although the money has none.
        "isk" | "ugx" => 100,
        _ if exponent(currency) == Some(3) => 10,
        _ => 1,
    };
    if amount % step != 0 {
        return Err(ApiError::invalid(
            format!("Invalid amount: in {currency} the amount must be a multiple of {step}."),
            "amount",
        )
        .code("parameter_invalid_integer"));
    }
    Ok(())
}

/// An amount as a person reads it: `12.50 mad`.
pub(crate) fn shown(amount: i64, currency: &str) -> String {
    match exponent(currency) {
        Some(digits @ 1..) => {
            let unit = 10_i64.pow(digits);
            let width = usize::try_from(digits).unwrap_or_default();
            format!("{}.{:0width$} {currency}", amount / unit, amount % unit)
        }
        _ => format!("{amount} {currency}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_judged_by_their_currency() {
        for (amount, currency) in
            [(50, "usd"), (1, "mad"), (50, "jpy"), (12_340, "kwd"), (99_999_999, "mad")]
        {
            assert!(check_amount(amount, currency).is_ok(), "{amount} {currency}");
        }
        for (amount, currency, code) in [
            (0, "mad", "parameter_invalid_integer"),
            (-5, "mad", "parameter_invalid_integer"),
            (49, "usd", "amount_too_small"),
            (100_000_000, "mad", "amount_too_large"),
            (12_345, "kwd", "parameter_invalid_integer"),
        ] {
            let error = check_amount(amount, currency).unwrap_err();
            assert_eq!(error.code, Some(code), "{amount} {currency}");
        }
    }

    #[test]
    fn codes_are_read_in_any_case_and_unknown_ones_are_refused() {
        assert_eq!(read("MAD").unwrap(), "mad");
        assert_eq!(read("zzz").unwrap_err().param.as_deref(), Some("currency"));
    }

    #[test]
    fn amounts_are_shown_with_their_decimals() {
        assert_eq!(shown(1205, "mad"), "12.05 mad");
        assert_eq!(shown(1205, "jpy"), "1205 jpy");
        assert_eq!(shown(1205, "tnd"), "1.205 tnd");
    }
}
