//! Reads the fields of a request; what is wrong is said by field.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use base_fault::{Code, Fault, FieldViolation};
use base_money::Money;
use cell_kernel::{Versioned, field};
use souk_proto::souk::{checkout, products::v1::ProductDetails, v1};

use crate::{Details, Payment, PaymentMethod, PostalAddress, Price, WrongAddress, read_money};

/// A field that must be there.
pub fn present<'a, T>(name: &str, given: Option<&'a T>) -> Result<&'a T, Fault> {
    given.ok_or_else(|| Fault::invalid_field(name, "is missing"))
}

/// A text that may be left out: empty is none.
pub fn optional<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<Option<T>, Fault> {
    if text.is_empty() { Ok(None) } else { field(name, text).map(Some) }
}

/// The answer to who asks for one resource, such as the `order` of that name: how its row is shown, if there is one.
pub fn found<Row, Shown>(
    (kind, name): (&str, &str),
    row: Option<Versioned<Row>>,
    show: impl FnOnce(&Row) -> Shown,
) -> Result<Versioned<Shown>, Fault> {
    let missing = || Fault::caller(Code::NotFound, format!("there is no {kind} `{name}`"));
    let Versioned { row, version } = row.ok_or_else(missing)?;
    Ok(Versioned { row: show(&row), version })
}

/// A postal address.
pub fn address(name: &str, given: Option<&v1::Address>) -> Result<PostalAddress, Fault> {
    let wrong = |wrong: WrongAddress| {
        Fault::invalid_field(format!("{name}.{}", wrong.field), wrong.problem)
    };
    PostalAddress::read(present(name, given)?).map_err(wrong)
}

/// An amount.
pub fn money(name: &str, given: Option<&v1::Money>) -> Result<Money, Fault> {
    read_money(Some(present(name, given)?))
        .map_err(|wrong| Fault::invalid_field(name, wrong.to_string()))
}

/// An amount of so many minor units.
pub fn money_within(
    name: &str,
    given: Option<&v1::Money>,
    minor: RangeInclusive<i64>,
) -> Result<Money, Fault> {
    let amount = money(name, given)?;
    if minor.contains(&amount.minor) {
        return Ok(amount);
    }
    let problem = format!("is {}; expected {} to {}", amount.minor, minor.start(), minor.end());
    Err(Fault::invalid_field(format!("{name}.minor"), problem))
}

/// What one copy costs.
pub fn price(name: &str, given: Option<&v1::Money>) -> Result<Price, Fault> {
    Price::try_from(money(name, given)?)
        .map_err(|error| Fault::invalid_field(format!("{name}.minor"), error.to_string()))
}

/// What is known of a product.
pub fn details(name: &str, given: Option<&ProductDetails>) -> Result<Box<Details>, Fault> {
    Details::read(present(name, given)?).map(Box::new).map_err(|wrong| all_of(name, wrong))
}

/// Everything that is wrong with the fields of a message that a request holds in `name`.
pub fn all_of(name: &str, wrong: impl IntoIterator<Item = FieldViolation>) -> Fault {
    let mut wrong = wrong.into_iter().map(|FieldViolation { field, problem }| FieldViolation {
        // A mask stands beside what it masks.
        field: if field == "update_mask" { field } else { format!("{name}.{field}") },
        problem,
    });
    let first = match wrong.next() {
        Some(FieldViolation { field, problem }) => Fault::invalid_field(field, problem),
        None => Fault::invalid_field(name, "is wrong"),
    };
    wrong.fold(first, Fault::with_field)
}

/// How to pay.
pub fn payment(name: &str, given: Option<&checkout::v1::Payment>) -> Result<Payment, Fault> {
    let given = present(name, given)?;
    let (at, instrument) = (format!("{name}.instrument"), given.instrument.as_str());
    match field(&format!("{name}.method"), &given.method)? {
        PaymentMethod::Card => Ok(Payment::Card { instrument: field(&at, instrument)? }),
        PaymentMethod::CashOnDelivery if instrument.is_empty() => Ok(Payment::CashOnDelivery),
        PaymentMethod::CashOnDelivery => {
            Err(Fault::invalid_field(at, "must be empty with cash on delivery"))
        }
    }
}

#[cfg(test)]
mod tests {
    use base_fault::{Code, Fault};
    use base_ids::Email;
    use cell_kernel::Versioned;
    use souk_proto::souk::v1;

    use super::{address, details, found, money, money_within, optional, price};

    fn wrong<T>(read: Result<T, Fault>) -> String {
        let fault = read.err().expect("it is wrong");
        fault.fields().iter().map(|violation| violation.field.clone()).collect()
    }

    #[test]
    fn what_is_not_there_is_named() {
        let fault = found(("order", "users/leila/orders/o1"), None::<Versioned<u8>>, |row| *row);
        let fault = fault.expect_err("there is none");
        assert_eq!(fault.code(), Code::NotFound);
        assert!(fault.to_string().contains("there is no order `users/leila/orders/o1`"));
    }

    #[test]
    fn what_is_wrong_is_said_by_field() {
        assert_eq!(wrong(address("to", None)), "to");
        assert_eq!(wrong(address("to", Some(&v1::Address::default()))), "to.lines");
        assert_eq!(wrong(money("fee", None)), "fee");
        assert_eq!(wrong(money("fee", Some(&v1::Money::default()))), "fee");
        let nothing = v1::Money { currency: "MAD".to_owned(), minor: 0 };
        assert_eq!(wrong(price("price", Some(&nothing))), "price.minor");
        assert_eq!(wrong(money_within("fee", Some(&nothing), 1..=5)), "fee.minor");
        assert!(money_within("fee", Some(&nothing), 0..=5).is_ok());
        assert_eq!(wrong(details("details", None)), "details");
        assert_eq!(wrong(optional::<Email>("email", "leila")), "email");
        assert!(optional::<Email>("email", "").unwrap().is_none());
    }
}
