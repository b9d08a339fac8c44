//! How checkout looks on the wire.

mod show;

use base_fault::{Code, Fault};
use base_ids::ResourceId;
use cell_kernel::{Api, Done, No, PageAsk, Request, Versioned, field, ids_of};

use crate::{
    Checkout,
    command::{Command, Email, Instrument, Locale, Payment, PostalAddress, Wishes},
    view::{Checkouts, Standing},
    wire,
};

const CHECKOUT: &str = "users/*/checkouts/*";

pub(crate) fn api() -> Api<Checkout> {
    Api::new("souk.checkout.v1.Checkouts")
        .command("StartCheckout", start, after)
        .get("GetCheckout", get)
        .list("ListCheckouts", list)
        .watch::<Checkouts, wire::WatchCheckoutRequest, _>(
            "WatchCheckout",
            |_, asked| id(&asked.name).map(|id| id.to_string()),
            show::checkout,
            |standing| standing.session.stage.is_end(),
        )
        .command("RefreshCheckout", refresh, after)
        .command("SetAddress", set_address, after)
        .command("ChoosePayment", choose_payment, after)
        .command("PlaceCheckout", place, after)
        .command("CancelCheckout", cancel, after)
}

fn start(request: &Request, asked: &wire::StartCheckoutRequest) -> Result<Command, Fault> {
    let locale = match asked.locale.as_str() {
        "" => Locale::default(),
        given => field("locale", given)?,
    };
    let wishes = Wishes {
        address: asked.address.as_ref().map(read_address).transpose()?,
        email: read_email(&asked.email)?,
        payment: asked.payment.as_ref().map(read_payment).transpose()?,
        ship_what_you_can: asked.ship_what_you_can,
        locale,
    };
    let cart = if asked.cart.is_empty() { "main" } else { &asked.cart };
    Ok(Command::Start {
        checkout: field("checkout", &request.new_id())?,
        cart: field("cart", cart)?,
        wishes: Box::new(wishes),
    })
}

fn refresh(_: &Request, asked: &wire::RefreshCheckoutRequest) -> Result<Command, Fault> {
    Ok(Command::Refresh { checkout: id(&asked.name)? })
}

fn set_address(_: &Request, asked: &wire::SetAddressRequest) -> Result<Command, Fault> {
    let given = asked.address.as_ref();
    let given = given.ok_or_else(|| Fault::invalid_field("address", "is missing"))?;
    Ok(Command::SetAddress {
        checkout: id(&asked.name)?,
        address: Box::new(read_address(given)?),
        email: read_email(&asked.email)?,
    })
}

fn choose_payment(_: &Request, asked: &wire::ChoosePaymentRequest) -> Result<Command, Fault> {
    let given = asked.payment.as_ref();
    let given = given.ok_or_else(|| Fault::invalid_field("payment", "is missing"))?;
    Ok(Command::ChoosePayment { checkout: id(&asked.name)?, payment: read_payment(given)? })
}

fn place(_: &Request, asked: &wire::PlaceCheckoutRequest) -> Result<Command, Fault> {
    let total_max = asked.total_max.as_ref().map(|amount| wire::read_money(Some(amount)));
    let total_max = total_max.transpose();
    let total_max = total_max.map_err(|problem| Fault::invalid_field("total_max", problem))?;
    Ok(Command::Place { checkout: id(&asked.name)?, total_max })
}

fn cancel(_: &Request, asked: &wire::CancelCheckoutRequest) -> Result<Command, Fault> {
    Ok(Command::Cancel { checkout: id(&asked.name)? })
}

async fn get(
    request: Request,
    asked: wire::GetCheckoutRequest,
) -> Result<Versioned<wire::Checkout>, No> {
    let id = id(&asked.name)?;
    let found = request.reading.get::<Checkout, Checkouts>(&request.tenant, id.as_str()).await?;
    let found = found.ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("there is no checkout `{}`", asked.name))
    })?;
    Ok(Versioned { row: show::checkout(&found.row), version: found.version })
}

async fn list(
    request: Request,
    asked: wire::ListCheckoutsRequest,
) -> Result<wire::ListCheckoutsResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Checkout, Checkouts>(&request.tenant, "", &ask).await?;
    let page = page.map(|standing| show::checkout(&standing));
    Ok(wire::ListCheckoutsResponse { checkouts: page.rows, next_page_token: page.next_page_token })
}

/// Every command answers with the session after it.
fn after(done: &Done<'_, Checkout>) -> wire::Checkout {
    let session = done.state.session.as_deref().cloned();
    let session = session.expect("a command that was carried out has a session");
    let (buyer, changed_at) = (done.asked.tenant.clone(), done.asked.at);
    show::checkout(&Standing { buyer, session, changed_at })
}

fn id(name: &str) -> Result<ResourceId, Fault> {
    let [_, checkout] = ids_of("name", CHECKOUT, name)?;
    Ok(checkout)
}

fn read_address(given: &wire::Address) -> Result<PostalAddress, Fault> {
    let wire::Address { recipient, phone, lines, district, city, postcode, country } =
        given.clone();
    PostalAddress { recipient, phone, lines, district, city, postcode, country }
        .checked()
        .map_err(|wrong| Fault::invalid_field(format!("address.{}", wrong.field), wrong.problem))
}

fn read_email(given: &str) -> Result<Option<Email>, Fault> {
    if given.is_empty() { Ok(None) } else { field("email", given).map(Some) }
}

fn read_payment(given: &wire::Payment) -> Result<Payment, Fault> {
    match (given.method.as_str(), given.instrument.as_str()) {
        ("card", instrument) => {
            let instrument: Instrument = field("payment.instrument", instrument)?;
            Ok(Payment::Card { instrument })
        }
        ("cash_on_delivery", "") => Ok(Payment::CashOnDelivery),
        ("cash_on_delivery", _) => {
            Err(Fault::invalid_field("payment.instrument", "must be empty with cash on delivery"))
        }
        (other, _) => {
            let problem = format!("is `{other}`; expected `card` or `cash_on_delivery`");
            Err(Fault::invalid_field("payment.method", problem))
        }
    }
}
