//! What carts do when a checkout or another cart speaks.

use base_ids::TenantKind;
use base_money::{Currency, Money};
use cell_kernel::{Heard, Listener, Unreadable};

use crate::{
    Carts,
    command::{Command, Item, Line, Quantity, Title},
    wire,
};

pub(crate) fn listener() -> Listener<Carts> {
    Listener::new()
        .on(claim_for_checkout)
        .on(release_when_undone)
        .on(convert_when_bought)
        .on(hand_over_at_sign_in)
        .on(take_what_a_guest_had)
}

fn claim_for_checkout(message: &wire::ClaimCart, _: &Heard<'_>) -> Result<Command, Unreadable> {
    Ok(Command::Claim {
        cart: read(&message.cart)?,
        checkout: read(&message.checkout)?,
        round: unsigned(message.round)?,
        revision: unsigned(message.revision)?,
    })
}

fn release_when_undone(message: &wire::ReleaseCart, _: &Heard<'_>) -> Result<Command, Unreadable> {
    Ok(Command::Release { cart: read(&message.cart)?, checkout: read(&message.checkout)? })
}

fn convert_when_bought(message: &wire::ConvertCart, _: &Heard<'_>) -> Result<Command, Unreadable> {
    let bought = message.bought.iter().map(|line| item(&line.vendor, &line.offer));
    Ok(Command::Convert {
        cart: read(&message.cart)?,
        checkout: read(&message.checkout)?,
        bought: bought.collect::<Result<_, _>>()?,
    })
}

fn hand_over_at_sign_in(
    message: &wire::HandOverCart,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let to = read(&message.to)?;
    if heard.from.tenant != to {
        return Err(Unreadable(format!("only {to} can ask for lines to go to {to}")));
    }
    Ok(Command::HandOver { cart: read(&message.cart)?, to })
}

fn take_what_a_guest_had(
    message: &wire::CartHandedOver,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let guest = read(&message.from)?;
    if heard.from.tenant != guest {
        return Err(Unreadable(format!("only {guest} can hand over what {guest} had")));
    }
    let lines = message.lines.iter().map(line).collect::<Result<_, _>>()?;
    Ok(Command::TakeLines {
        cart: read(&message.cart)?,
        guest,
        round: unsigned(message.round)?,
        lines,
    })
}

fn line(line: &wire::HandedLine) -> Result<Line, Unreadable> {
    let wire::LocalText { ar, fr, en } = line.title.clone().unwrap_or_default();
    let price = line.price.as_ref().ok_or_else(|| Unreadable("a line has no price".to_owned()))?;
    let currency = Currency::from_code(&price.currency).map_err(Unreadable::because)?;
    Ok(Line {
        item: item(&line.vendor, &line.offer)?,
        product: read(&line.product)?,
        title: Title { ar, fr, en },
        quantity: Quantity::try_from(line.quantity).map_err(Unreadable::because)?,
        price: Money::new(currency, price.minor),
        price_version: line.price_version,
    })
}

fn item(vendor: &str, offer: &str) -> Result<Item, Unreadable> {
    let vendor: base_ids::Tenant = read(vendor)?;
    if vendor.kind() != TenantKind::Vendor {
        return Err(Unreadable(format!("`{vendor}` is not a vendor")));
    }
    Ok(Item { vendor, offer: read(offer)? })
}

fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(Unreadable::because)
}

fn unsigned(number: i64) -> Result<u64, Unreadable> {
    u64::try_from(number).map_err(Unreadable::because)
}
