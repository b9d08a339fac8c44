//! Reads the fields of a message; one that cannot be read becomes a dead letter.

use std::{fmt::Display, str::FromStr};

use base_ids::Tenant;
use base_money::Money;
use cell_kernel::{Heard, Unreadable};
use souk_proto::souk::{products::v1::ProductDetails, v1};

use crate::{Details, PostalAddress, Price, read_money};

/// A text that must be a valid `T`: an id, a tenant, a name of something.
pub fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(Unreadable::because)
}

/// A number that must fit.
pub fn number<N, T: TryFrom<N, Error: Display>>(number: N) -> Result<T, Unreadable> {
    T::try_from(number).map_err(Unreadable::because)
}

/// An amount, which must be there.
pub fn money(amount: Option<&v1::Money>) -> Result<Money, Unreadable> {
    read_money(amount).map_err(Unreadable::because)
}

/// What one copy costs, which must be there.
pub fn price(amount: Option<&v1::Money>) -> Result<Price, Unreadable> {
    money(amount)?.try_into().map_err(Unreadable::because)
}

/// What is known of a product, if it is there.
pub fn details(given: Option<&ProductDetails>) -> Result<Option<Box<Details>>, Unreadable> {
    let Some(given) = given else { return Ok(None) };
    Details::read(given).map(|details| Some(Box::new(details))).map_err(|wrong| {
        let each = wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.problem));
        Unreadable(each.collect::<Vec<_>>().join("; "))
    })
}

/// A postal address, which must be there.
pub fn address(address: Option<&v1::Address>) -> Result<PostalAddress, Unreadable> {
    let address = address.ok_or_else(|| Unreadable("an address is missing".to_owned()))?;
    PostalAddress::read(address).map_err(Unreadable::because)
}

/// Everyone speaks for themselves only: reads whom the message says that it is from.
pub fn speaker(name: &str, heard: &Heard<'_>) -> Result<Tenant, Unreadable> {
    let tenant: Tenant = read(name)?;
    if heard.from.tenant == tenant {
        Ok(tenant)
    } else {
        Err(Unreadable(format!("{} speaks for {tenant}", heard.from.tenant)))
    }
}
