//! How carts look on the wire.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::{GuestSecret, ResourceId, Tenant, TenantKind};
use base_money::Money;
use cell_kernel::{Api, Done, No, PageAsk, Request, Versioned, field, ids_of};
use cell_words::{money, problem, signed};

use crate::{
    Carts, OffersOf,
    command::{Command, Item, Line, Quantity},
    facts::Availability,
    state::Stage,
    view::{Basket, LineToday, Rounds, Today, read_today},
    wire,
};

const CART: &str = "users/*/carts/*";

pub(crate) fn api(offers: Arc<dyn OffersOf>) -> Api<Carts> {
    Api::new("souk.carts.v1.Carts")
        .get("GetCart", move |request, asked| get_cart(Arc::clone(&offers), request, asked))
        .list("ListRounds", list_rounds)
        .command("AddLine", add_line, cart_after)
        .command("ChangeLine", change_line, cart_after)
        .command("RemoveLine", remove_line, cart_after)
        .command("AcceptPrices", accept_prices, cart_after)
        .command("MergeCart", merge_cart, cart_after)
}

fn add_line(_: &Request, asked: &wire::AddLineRequest) -> Result<Command, Fault> {
    let quantity = if asked.quantity == 0 { 1 } else { asked.quantity };
    Ok(Command::AddLine {
        cart: cart(&asked.name)?,
        item: item(&asked.vendor, &asked.offer)?,
        quantity: read_quantity(quantity)?,
    })
}

fn change_line(_: &Request, asked: &wire::ChangeLineRequest) -> Result<Command, Fault> {
    Ok(Command::ChangeLine {
        cart: cart(&asked.name)?,
        item: item(&asked.vendor, &asked.offer)?,
        quantity: read_quantity(asked.quantity)?,
    })
}

fn remove_line(_: &Request, asked: &wire::RemoveLineRequest) -> Result<Command, Fault> {
    Ok(Command::RemoveLine { cart: cart(&asked.name)?, item: item(&asked.vendor, &asked.offer)? })
}

fn accept_prices(_: &Request, asked: &wire::AcceptPricesRequest) -> Result<Command, Fault> {
    Ok(Command::AcceptPrices { cart: cart(&asked.name)? })
}

/// The secret proves whose cart it is, and goes no further than here.
fn merge_cart(request: &Request, asked: &wire::MergeCartRequest) -> Result<Command, Fault> {
    let secret = GuestSecret::parse(&asked.guest_secret)
        .map_err(|error| Fault::invalid_field("guest_secret", error.to_string()))?;
    let guest = secret.tenant();
    if guest == request.tenant {
        return Err(Fault::invalid_field("guest_secret", "is that of the very cart it goes to"));
    }
    Ok(Command::MergeGuest { cart: cart(&asked.name)?, guest })
}

async fn get_cart(
    offers: Arc<dyn OffersOf>,
    request: Request,
    asked: wire::GetCartRequest,
) -> Result<Versioned<wire::Cart>, No> {
    let cart = cart(&asked.name)?;
    let today = read_today(&request.reading, &*offers, &request.tenant, &cart).await?;
    let version = today.version;
    Ok(Versioned { row: show_today(&request.tenant, &cart, &today)?, version })
}

async fn list_rounds(
    request: Request,
    asked: wire::ListRoundsRequest,
) -> Result<wire::ListRoundsResponse, No> {
    let [_, cart] = ids_of("parent", CART, &asked.parent)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page =
        request.reading.list::<Carts, Rounds>(&request.tenant, &format!("{cart}/"), &ask).await?;
    let page = page.map(|basket| show(&request.tenant, &cart, &basket));
    Ok(wire::ListRoundsResponse { rounds: page.rows, next_page_token: page.next_page_token })
}

fn cart(name: &str) -> Result<ResourceId, Fault> {
    let [_, cart] = ids_of("name", CART, name)?;
    Ok(cart)
}

fn item(vendor: &str, offer: &str) -> Result<Item, Fault> {
    let vendor: Tenant = field("vendor", vendor)?;
    if vendor.kind() != TenantKind::Vendor {
        let problem = format!("`{vendor}` is not a name of the form `vendors/*`");
        return Err(Fault::invalid_field("vendor", problem));
    }
    Ok(Item { vendor, offer: field("offer", offer)? })
}

fn read_quantity(quantity: i64) -> Result<Quantity, Fault> {
    Quantity::try_from(quantity)
        .map_err(|error| Fault::invalid_field("quantity", error.to_string()))
}

/// Every command answers with the cart after it, at the prices it holds.
fn cart_after(done: &Done<'_, Carts>) -> wire::Cart {
    show(&done.asked.tenant, done.command.cart(), &Basket::of(done.state))
}

fn show_today(user: &Tenant, cart: &ResourceId, today: &Today) -> Result<wire::Cart, Fault> {
    let uncountable = |error| {
        Fault::caller(Code::InvalidField, "the cart costs more than can be counted").because(error)
    };
    let totals = today.totals().map_err(uncountable)?;
    let currency = totals.first().map(|(_, total, _)| total.currency);
    let total = currency
        .map(|currency| Money::sum(totals.iter().map(|(_, total, _)| *total), currency))
        .transpose()
        .map_err(uncountable)?;
    let vendors = (totals.iter()).map(|(vendor, total, lines)| wire::VendorTotal {
        vendor: vendor.to_string(),
        total: Some(money(*total)),
        lines: *lines,
    });
    Ok(wire::Cart {
        lines: today.lines.iter().map(show_line_today).collect(),
        vendors: vendors.collect(),
        total: total.map(money),
        problems: today.problems().iter().map(problem).collect(),
        ..show(user, cart, &today.basket)
    })
}

fn show_line_today(today: &LineToday) -> wire::CartLine {
    use wire::cart_line::Availability as Shown;
    let (availability, few) = match today.availability {
        Availability::None => (Shown::None, 0),
        Availability::Few(few) => (Shown::Few, few),
        Availability::Plenty => (Shown::Plenty, 0),
    };
    wire::CartLine {
        price_now: today.price.map(money),
        total: today.total().ok().map(money),
        availability: availability.into(),
        few,
        buyable: today.obstacles.is_empty(),
        problems: today.obstacles.iter().map(|obstacle| obstacle.code().to_owned()).collect(),
        ..show_line(&today.line)
    }
}

fn show(user: &Tenant, cart: &ResourceId, basket: &Basket) -> wire::Cart {
    use wire::cart::Status;
    let (status, handed_over_to) = match &basket.stage {
        Stage::Unused | Stage::Open => (Status::Open, String::new()),
        Stage::Claimed(_) => (Status::Claimed, String::new()),
        Stage::Converted(_) => (Status::Converted, String::new()),
        Stage::HandedOver(to) => (Status::HandedOver, to.to_string()),
    };
    let left_out = basket.left_out.iter().map(|left| wire::LeftOut {
        vendor: left.item.vendor.to_string(),
        offer: left.item.offer.to_string(),
        quantity: left.quantity.into(),
        reason: <&str>::from(left.reason).to_owned(),
    });
    let checkout = basket
        .checkout()
        .map(|checkout| format!("{user}/checkouts/{checkout}"))
        .unwrap_or_default();
    wire::Cart {
        name: format!("{user}/carts/{cart}"),
        round: signed(basket.round),
        status: status.into(),
        revision: signed(basket.revision),
        lines: basket.lines.iter().map(show_line).collect(),
        checkout,
        merging: basket.merging.iter().map(Tenant::to_string).collect(),
        left_out: left_out.collect(),
        handed_over_to,
        ..wire::Cart::default()
    }
}

fn show_line(line: &Line) -> wire::CartLine {
    wire::CartLine {
        vendor: line.item.vendor.to_string(),
        offer: line.item.offer.to_string(),
        product: line.product.to_string(),
        title: Some((&line.title).into()),
        quantity: line.quantity.into(),
        price: Some(money(line.price)),
        total: line.price.times(line.quantity.get()).ok().map(money),
        ..wire::CartLine::default()
    }
}
