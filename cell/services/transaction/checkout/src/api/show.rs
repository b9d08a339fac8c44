//! A session in the words of the public contract.

use base_money::Money;

use crate::{
    command::{Line, Payment},
    decide::missing,
    event::Ending,
    state::{Session, Share, Stage, Stock, shares_of},
    view::Standing,
    wire,
};

/// Shows a session.
pub(super) fn checkout(standing: &Standing) -> wire::Checkout {
    let Standing { buyer, session, changed_at } = standing;
    let shares = shares(session);
    let live = || shares.iter().filter(|share| share.stock != Stock::Dropped);
    let goods = sum(session, live().map(Share::goods));
    let delivery =
        sum(session, live().map(|share| Some(share.delivery().unwrap_or(none(session)?))));
    let total = sum(session, live().map(Share::total));
    let mut problems = session.problems.clone();
    if session.stage == Stage::Open {
        problems.extend(session.basket.problems.iter().cloned());
        problems.extend(missing(session, buyer));
    }
    let order = session.order_number.as_ref().filter(|_| !is_undone(&session.stage));
    wire::Checkout {
        name: format!("{buyer}/checkouts/{}", session.checkout),
        cart: format!("{buyer}/carts/{}", session.basket.cart),
        cart_round: session.basket.round.try_into().unwrap_or(i64::MAX),
        status: status(&session.stage).into(),
        ended: session.stage.is_end(),
        vendors: shares.iter().map(|share| vendor(session, share)).collect(),
        goods,
        delivery,
        total,
        address: session.wishes.address.as_ref().map(wire::address),
        email: session.wishes.email.as_ref().map_or_else(String::new, |e| e.as_str().to_owned()),
        payment: session.wishes.payment.as_ref().map(payment),
        ship_what_you_can: session.wishes.ship_what_you_can,
        locale: session.wishes.locale.as_str().to_owned(),
        problems: problems.iter().map(wire::problem).collect(),
        action_url: action_url(&session.stage),
        waiting_for: session.waiting_for(),
        needs_attention: session.attention,
        order: order.map_or_else(String::new, |_| format!("{buyer}/orders/{}", session.checkout)),
        order_number: order.cloned().unwrap_or_default(),
        started_at_ms: session.started_at.as_millis(),
        changed_at_ms: changed_at.as_millis(),
    }
}

/// Before vendors are asked, the shares that they will be asked for.
fn shares(session: &Session) -> Vec<Share> {
    if session.shares.is_empty() {
        shares_of(&session.checkout, &session.basket.lines)
    } else {
        session.shares.clone()
    }
}

fn sum(session: &Session, parts: impl Iterator<Item = Option<Money>>) -> Option<wire::Money> {
    let parts: Option<Vec<Money>> = parts.collect();
    Money::sum(parts?, session.currency()?).ok().map(wire::money)
}

fn none(session: &Session) -> Option<Money> {
    session.currency().map(Money::zero)
}

fn is_undone(stage: &Stage) -> bool {
    matches!(stage, Stage::Undoing { .. } | Stage::Ended(_))
}

fn status(stage: &Stage) -> wire::checkout::Status {
    use wire::checkout::Status;
    match stage {
        Stage::Open => Status::Open,
        Stage::Claiming => Status::Claiming,
        Stage::Asking => Status::AskingVendors,
        Stage::Authorising { .. } => Status::Authorising,
        Stage::Placing => Status::Placing,
        Stage::Committing => Status::Committing,
        Stage::Capturing => Status::Capturing,
        Stage::Completed => Status::Completed,
        Stage::Undoing { .. } => Status::Undoing,
        Stage::Ended(Ending::Failed) => Status::Failed,
        Stage::Ended(Ending::Cancelled) => Status::Cancelled,
    }
}

fn action_url(stage: &Stage) -> String {
    match stage {
        Stage::Authorising { action_url } => action_url.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn payment(payment: &Payment) -> wire::Payment {
    let (method, instrument) = (payment.method().to_owned(), payment.instrument().to_owned());
    wire::Payment { method, instrument }
}

fn vendor(session: &Session, share: &Share) -> wire::VendorShare {
    use wire::vendor_share::State;
    let asked = !session.shares.is_empty();
    let state = match share.stock {
        _ if !asked => State::Listed,
        Stock::Sold => State::Sold,
        Stock::Dropped => State::Dropped,
        Stock::Released => State::Released,
        _ if share.is_agreed() => State::Held,
        _ if share.is_pending() => State::Waiting,
        _ => State::Refused,
    };
    wire::VendorShare {
        vendor: share.vendor.to_string(),
        lines: share.lines.iter().map(line).collect(),
        goods: share.goods().map(wire::money),
        delivery: share.delivery().map(wire::money),
        state: state.into(),
        order: if asked { share.name.to_string() } else { String::new() },
    }
}

fn line(line: &Line) -> wire::Line {
    wire::Line {
        offer: line.offer.to_string(),
        product: line.product.to_string(),
        title: Some(wire::title(&line.title)),
        quantity: line.quantity.into(),
        price: Some(wire::money(line.price)),
        total: line.price.times(line.quantity).ok().map(wire::money),
    }
}
