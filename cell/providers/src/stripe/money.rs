//! Amounts as Stripe counts them: in the smallest unit, except two currencies that it counts in hundredths nobody has.

use base_fault::{Code, Fault};
use base_money::{Currency, Money};

/// Stripe kept two decimals for these when the world gave theirs up.
const IN_HUNDREDTHS: [&str; 2] = ["ISK", "UGX"];

/// How many of Stripe's units one of ours is.
fn scale(currency: Currency) -> i64 {
    if IN_HUNDREDTHS.contains(&currency.code()) { 100 } else { 1 }
}

/// An amount in Stripe's units.
pub(super) fn to_stripe(amount: Money) -> Result<i64, Fault> {
    amount.minor.checked_mul(scale(amount.currency)).ok_or_else(|| {
        Fault::ours(Code::Internal, format!("{amount} is more than Stripe can count"))
    })
}

/// What Stripe says, in our units.
pub(super) fn from_stripe(currency: &str, amount: i64) -> Result<Money, Fault> {
    let unknown = |error| {
        Fault::ours(Code::Internal, "Stripe names a currency that is not known").because(error)
    };
    let currency = Currency::from_code(&currency.to_ascii_uppercase()).map_err(unknown)?;
    let scale = scale(currency);
    if amount % scale != 0 {
        let context = format!("Stripe has {amount} hundredths of {currency}, which has none");
        return Err(Fault::ours(Code::Internal, context));
    }
    Ok(Money::new(currency, amount / scale))
}

#[cfg(test)]
mod tests {
    use base_money::{Currency, Money};

    use super::{from_stripe, to_stripe};

    #[test]
    fn amounts_come_back_as_they_went() {
        for (code, minor, there) in
            [("MAD", 1_999, 1_999), ("JPY", 500, 500), ("TND", 1_230, 1_230), ("ISK", 7, 700)]
        {
            let amount = Money::new(Currency::from_code(code).unwrap(), minor);
            assert_eq!(to_stripe(amount).unwrap(), there, "{code}");
            assert_eq!(from_stripe(&code.to_lowercase(), there).unwrap(), amount, "{code}");
        }
        assert!(from_stripe("isk", 750).is_err());
        assert!(from_stripe("zzz", 1).is_err());
        assert!(to_stripe(Money::new(Currency::from_code("UGX").unwrap(), i64::MAX)).is_err());
    }
}
