//! What carts do when a checkout or another cart speaks.

use base_ids::TenantKind;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::told::{self, read, speaker};

use crate::{
    Carts,
    command::{Command, Item, Line, Title},
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
        round: told::number(message.round)?,
        revision: told::number(message.revision)?,
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
    let to = speaker(&message.to, heard)?;
    Ok(Command::HandOver { cart: read(&message.cart)?, to })
}

fn take_what_a_guest_had(
    message: &wire::CartHandedOver,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let guest = speaker(&message.from, heard)?;
    let lines = message.lines.iter().map(line).collect::<Result<_, _>>()?;
    Ok(Command::TakeLines {
        cart: read(&message.cart)?,
        guest,
        round: told::number(message.round)?,
        lines,
    })
}

fn line(line: &wire::HandedLine) -> Result<Line, Unreadable> {
    Ok(Line {
        item: item(&line.vendor, &line.offer)?,
        product: read(&line.product)?,
        title: Title::read(line.title.as_ref()),
        quantity: told::number(line.quantity)?,
        price: told::money(line.price.as_ref())?,
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
