//! A session in the words of the public contract.

use base_money::Money;
use cell_words::{money, problem, signed};

use crate::{
    command::Line,
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
    let goods = Line::sum(live().flat_map(|share| &share.lines));
    // What is not quoted yet costs nothing yet.
    let delivery =
        goods.and_then(|goods| Money::sum(live().filter_map(Share::delivery), goods.currency).ok());
    let total = goods.zip(delivery).and_then(|(goods, more)| goods.checked_add(more).ok());
    let mut problems = session.problems.clone();
    if session.stage == Stage::Open {
        problems.extend(session.basket.problems.iter().cloned());
        problems.extend(missing(session, buyer));
    }
    let undone = matches!(session.stage, Stage::Undoing { .. } | Stage::Ended(_));
    let order = session.order_number.as_ref().filter(|_| !undone);
    wire::Checkout {
        name: format!("{buyer}/checkouts/{}", session.checkout),
        cart: format!("{buyer}/carts/{}", session.basket.cart),
        cart_round: signed(session.basket.round),
        status: status(&session.stage).into(),
        ended: session.stage.is_end(),
        vendors: shares.iter().map(|share| vendor(session, share)).collect(),
        goods: goods.map(money),
        delivery: delivery.map(money),
        total: total.map(money),
        address: session.wishes.address.as_ref().map(Into::into),
        email: session.wishes.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        payment: session.wishes.payment.as_ref().map(Into::into),
        ship_what_you_can: session.wishes.ship_what_you_can,
        locale: session.wishes.locale.to_string(),
        problems: problems.iter().map(problem).collect(),
        action_url: session.action_url().unwrap_or_default().to_owned(),
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
        lines: share.lines.iter().map(Into::into).collect(),
        goods: share.goods().map(money),
        delivery: share.delivery().map(money),
        state: state.into(),
        order: if asked { share.name.to_string() } else { String::new() },
    }
}
