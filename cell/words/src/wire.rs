//! Amounts, problems and counters in the words of the contract, and back.

use base_money::{Currency, Money, MoneyError};
use cell_kernel::Problem;
use souk_proto::souk::v1;

/// Not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    /// There is none.
    #[error("an amount is missing")]
    Missing,
    /// In no currency of ours.
    #[error(transparent)]
    Currency(#[from] MoneyError),
}

/// An amount.
pub fn money(amount: Money) -> v1::Money {
    v1::Money { currency: amount.currency.code().to_owned(), minor: amount.minor }
}

/// Reads an amount.
pub fn read_money(amount: Option<&v1::Money>) -> Result<Money, BadAmount> {
    let amount = amount.ok_or(BadAmount::Missing)?;
    Ok(Money::new(Currency::from_code(&amount.currency)?, amount.minor))
}

/// A problem.
pub fn problem(problem: &Problem) -> v1::Problem {
    let Problem { code, subject, text } = problem.clone();
    v1::Problem { code, subject, text }
}

/// Reads a problem.
pub fn read_problem(problem: &v1::Problem) -> Problem {
    let v1::Problem { code, subject, text } = problem.clone();
    Problem { code, subject, text }
}

/// A counter; the contract's numbers have a sign.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use base_money::{Currency, Money};
    use souk_proto::souk::v1;

    use super::{BadAmount, money, read_money};

    #[test]
    fn an_amount_reads_back_and_what_is_none_is_said() {
        let price = Money::new(Currency::MAD, 1250);
        assert_eq!(read_money(Some(&money(price))), Ok(price));
        assert_eq!(read_money(None), Err(BadAmount::Missing));
        let nowhere = v1::Money { currency: "XXX".to_owned(), minor: 1 };
        assert!(matches!(read_money(Some(&nowhere)), Err(BadAmount::Currency(_))));
    }
}
