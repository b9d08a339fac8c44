//! What carts tell: checkouts whether they have the cart, and each other what a guest had.

use cell_kernel::{Decider as _, Outbox, Seen};
use cell_words::{money, service, signed};

use crate::{Carts, command::Line, event::Event, wire};

pub(crate) fn announce(seen: &Seen<'_, Carts>, outbox: &mut Outbox) {
    let cart = seen.key.to_owned();
    match seen.event {
        Event::Claimed { checkout, round } => {
            let round = signed(*round);
            let claimed = wire::CartClaimed { checkout: checkout.to_string(), cart, round };
            outbox.tell(seen.tenant, service::CHECKOUT, &claimed);
        }
        Event::ClaimRefused { checkout, reason } => {
            let code = <&str>::from(reason).to_owned();
            let refused = wire::CartRefused { checkout: checkout.to_string(), cart, code };
            outbox.tell(seen.tenant, service::CHECKOUT, &refused);
        }
        Event::MergeAsked { guest } => {
            let asked = wire::HandOverCart { cart, to: seen.tenant.to_string() };
            outbox.tell(guest, Carts::SERVICE, &asked);
        }
        Event::HandedOver { to, round, lines } => {
            let (from, round) = (seen.tenant.to_string(), signed(*round));
            let lines = lines.iter().map(handed).collect();
            outbox.tell(to, Carts::SERVICE, &wire::CartHandedOver { cart, from, round, lines });
        }
        _ => {}
    }
}

fn handed(line: &Line) -> wire::HandedLine {
    wire::HandedLine {
        vendor: line.item.vendor.to_string(),
        offer: line.item.offer.to_string(),
        product: line.product.to_string(),
        title: Some((&line.title).into()),
        quantity: line.quantity.into(),
        price: Some(money(line.price)),
        price_version: line.price_version,
    }
}
