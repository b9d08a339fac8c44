//! How checkout looks on the wire.

mod show;

use base_fault::Fault;
use base_ids::ResourceId;
use cell_kernel::{Api, Done, No, PageAsk, Request, Versioned, field, ids_of};
use cell_words::asked::{self, optional};

use crate::{
    Checkout,
    command::{Ask, Command, Wishes},
    view::{Checkouts, Standing},
    wire,
};

const NAME: &str = "users/*/checkouts/*";
/// The cart and the language of who does not say which.
const CART: &str = "main";
const LOCALE: &str = "fr";

type Read = Result<Command, Fault>;

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

fn start(request: &Request, given: &wire::StartCheckoutRequest) -> Read {
    let address = given.address.as_ref().map(|to| asked::address("address", Some(to)));
    let payment = given.payment.as_ref().map(|how| asked::payment("payment", Some(how)));
    let wishes = Wishes {
        address: address.transpose()?,
        email: optional("email", &given.email)?,
        payment: payment.transpose()?,
        ship_what_you_can: given.ship_what_you_can,
        locale: field("locale", or(&given.locale, LOCALE))?,
    };
    let (cart, wishes) = (field("cart", or(&given.cart, CART))?, Box::new(wishes));
    let checkout = field("checkout", &request.new_id())?;
    Ok(Command { checkout, ask: Ask::Start { cart, wishes } })
}

fn refresh(_: &Request, given: &wire::RefreshCheckoutRequest) -> Read {
    of(&given.name, Ask::Refresh)
}

fn set_address(_: &Request, given: &wire::SetAddressRequest) -> Read {
    let address = Box::new(asked::address("address", given.address.as_ref())?);
    of(&given.name, Ask::SetAddress { address, email: optional("email", &given.email)? })
}

fn choose_payment(_: &Request, given: &wire::ChoosePaymentRequest) -> Read {
    let payment = asked::payment("payment", given.payment.as_ref())?;
    of(&given.name, Ask::ChoosePayment { payment })
}

fn place(_: &Request, given: &wire::PlaceCheckoutRequest) -> Read {
    let total_max = given.total_max.as_ref().map(|most| asked::money("total_max", Some(most)));
    of(&given.name, Ask::Place { total_max: total_max.transpose()? })
}

fn cancel(_: &Request, given: &wire::CancelCheckoutRequest) -> Read {
    of(&given.name, Ask::Cancel)
}

async fn get(
    request: Request,
    given: wire::GetCheckoutRequest,
) -> Result<Versioned<wire::Checkout>, No> {
    let id = id(&given.name)?;
    let found = request.reading.get::<Checkout, Checkouts>(&request.tenant, id.as_str()).await?;
    Ok(asked::found(("checkout", &given.name), found, show::checkout)?)
}

async fn list(
    request: Request,
    given: wire::ListCheckoutsRequest,
) -> Result<wire::ListCheckoutsResponse, No> {
    let ask = PageAsk::read(given.page_size, &given.page_token)?.newest_first();
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

fn of(name: &str, ask: Ask) -> Read {
    Ok(Command { checkout: id(name)?, ask })
}

fn id(name: &str) -> Result<ResourceId, Fault> {
    let [_, checkout] = ids_of("name", NAME, name)?;
    Ok(checkout)
}

fn or<'a>(given: &'a str, otherwise: &'a str) -> &'a str {
    if given.is_empty() { otherwise } else { given }
}
