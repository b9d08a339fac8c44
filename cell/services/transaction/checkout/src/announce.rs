//! What checkout asks of others, and takes back: each of its events in their words.

use base_time::Timestamp;
use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Checkout,
    event::{Event, Owed},
    facts::Waits,
    state::{Session, Share, Terms},
    wire::{self, wait_over::Wait},
};

const CARTS: &str = "carts";
const INVENTORY: &str = "inventory";
const ORDERS: &str = "orders";
const PAYMENTS: &str = "payments";
const PRODUCTS: &str = "products";

pub(crate) fn announce(seen: &Seen<'_, Checkout>, outbox: &mut Outbox) {
    let Some(session) = seen.state.session.as_deref() else {
        return;
    };
    let mut tell = Telling { seen, session, outbox };
    let waits = &session.waits;
    match seen.event {
        Event::Started { .. } => tell.remind_in(waits.buyer_ms, Wait::Buyer),
        Event::PlacementAsked { .. } => {
            tell.claim_cart();
            tell.remind_in(waits.cart_ms, Wait::Cart);
        }
        Event::VendorsAsked { held_until } => {
            session.shares.iter().for_each(|share| tell.ask_vendor(share, *held_until));
            tell.remind_in(waits.vendors_ms, Wait::Vendors);
        }
        Event::VendorsDropped { shares, .. } => tell.release_stock(shares, "dropped"),
        Event::PaymentAsked { until, held_until, .. } => {
            tell.hold_longer(*held_until);
            tell.ask_payment(*until);
            tell.remind(until.after(Waits::span(waits.settling_ms)), Wait::Payment);
        }
        Event::ActionRequired { held_until, .. } => tell.hold_longer(*held_until),
        Event::PaymentAuthorised { held_until } => {
            tell.hold_longer(*held_until);
            tell.place_group();
            tell.remind_in(waits.settling_ms, Wait::Settling);
        }
        Event::OrderPlaced { .. } => session.live_shares().for_each(|share| tell.commit(share)),
        Event::CaptureAsked => tell.capture(),
        Event::Completed => tell.complete(),
        Event::AttentionNeeded { give_up_at: Some(at), .. } => tell.remind(*at, Wait::GivingUp),
        Event::UndoStarted { owed, problems, .. } => {
            let reason = problems.first().map_or("cancelled", |problem| &problem.code);
            tell.take_back(owed, reason);
        }
        _ => {}
    }
}

struct Telling<'a, 'b> {
    seen: &'a Seen<'b, Checkout>,
    session: &'a Session,
    outbox: &'a mut Outbox,
}

impl Telling<'_, '_> {
    fn buyer(&self) -> String {
        self.seen.tenant.to_string()
    }

    fn id(&self) -> String {
        self.session.checkout.to_string()
    }

    fn tell_own<M: cell_kernel::Words>(&mut self, service: &'static str, message: &M) {
        self.outbox.tell(self.seen.tenant, service, message);
    }

    fn remind_in(&mut self, ms: u64, wait: Wait) {
        self.remind(self.seen.at.after(Waits::span(ms)), wait);
    }

    fn remind(&mut self, due: Timestamp, wait: Wait) {
        let over = wire::WaitOver { checkout: self.id(), wait: wait.into() };
        self.outbox.remind(self.seen.tenant, Checkout::SERVICE, due, &over);
    }

    fn claim_cart(&mut self) {
        let basket = &self.session.basket;
        let claim = wire::ClaimCart {
            cart: basket.cart.to_string(),
            checkout: self.id(),
            round: signed(basket.round),
            revision: signed(basket.revision),
        };
        self.tell_own(CARTS, &claim);
    }

    fn ask_vendor(&mut self, share: &Share, held_until: Timestamp) {
        let (name, reply_service) = (share.name.to_string(), Checkout::SERVICE.to_owned());
        let quote = wire::QuoteOffers {
            quote: name.clone(),
            reply_tenant: self.buyer(),
            reply_service: reply_service.clone(),
            lines: share.lines.iter().map(quote_line).collect(),
        };
        let reserve = wire::ReserveStock {
            reservation: name,
            reply_tenant: self.buyer(),
            reply_service,
            lines: share.lines.iter().map(reserve_line).collect(),
            until_ms: held_until.as_millis(),
        };
        self.outbox.tell(&share.vendor, PRODUCTS, &quote);
        self.outbox.tell(&share.vendor, INVENTORY, &reserve);
    }

    fn hold_longer(&mut self, until: Option<Timestamp>) {
        let Some(until_ms) = until.map(Timestamp::as_millis) else {
            return;
        };
        for share in self.session.live_shares() {
            let reservation = share.name.to_string();
            let extend = wire::ExtendReservation { reservation, until_ms };
            self.outbox.tell(&share.vendor, INVENTORY, &extend);
        }
    }

    fn ask_payment(&mut self, until: Timestamp) {
        let payment = self.session.wishes.payment.as_ref();
        let shares = self.session.live_shares().map(|share| wire::PaymentShare {
            order: share.name.to_string(),
            vendor: share.vendor.to_string(),
            amount: share.total().map(wire::money),
        });
        let authorise = wire::AuthorisePayment {
            payment: self.id(),
            reply_tenant: self.buyer(),
            reply_service: Checkout::SERVICE.to_owned(),
            method: payment.map_or("", |payment| payment.method()).to_owned(),
            instrument: payment.map_or("", |payment| payment.instrument()).to_owned(),
            shares: shares.collect(),
            until_ms: until.as_millis(),
        };
        self.tell_own(PAYMENTS, &authorise);
    }

    fn place_group(&mut self) {
        let wishes = &self.session.wishes;
        let place = wire::PlaceGroup {
            group: self.id(),
            cart: format!("{}@{}", self.session.basket.cart, self.session.basket.round),
            address: wishes.address.as_ref().map(wire::address),
            payment_method: wishes.payment.as_ref().map_or("", |p| p.method()).to_owned(),
            payment: self.id(),
            children: self.session.live_shares().map(child).collect(),
            locale: wishes.locale.as_str().to_owned(),
        };
        self.tell_own(ORDERS, &place);
    }

    fn commit(&mut self, share: &Share) {
        let commit = wire::CommitReservation {
            reservation: share.name.to_string(),
            reply_tenant: self.buyer(),
            reply_service: Checkout::SERVICE.to_owned(),
        };
        self.outbox.tell(&share.vendor, INVENTORY, &commit);
    }

    fn capture(&mut self) {
        let capture = wire::CapturePayment {
            payment: self.id(),
            reply_tenant: self.buyer(),
            reply_service: Checkout::SERVICE.to_owned(),
        };
        self.tell_own(PAYMENTS, &capture);
    }

    fn complete(&mut self) {
        let bought = self.session.bought().map(|line| wire::BoughtLine {
            vendor: line.vendor.to_string(),
            offer: line.offer.to_string(),
        });
        let convert = wire::ConvertCart {
            cart: self.session.basket.cart.to_string(),
            checkout: self.id(),
            bought: bought.collect(),
        };
        self.tell_own(ORDERS, &wire::ConfirmGroup { group: self.id() });
        self.tell_own(CARTS, &convert);
    }

    fn release_stock(&mut self, shares: &[u32], reason: &str) {
        for share in shares.iter().filter_map(|number| self.session.share(*number)) {
            let (reservation, reason) = (share.name.to_string(), reason.to_owned());
            let release = wire::ReleaseReservation { reservation, reason };
            self.outbox.tell(&share.vendor, INVENTORY, &release);
        }
    }

    /// First the order, so that no vendor begins; then its stock, the money, and last the cart.
    fn take_back(&mut self, owed: &Owed, reason: &str) {
        if owed.order {
            let cancel = wire::CancelGroup { group: self.id(), reason: reason.to_owned() };
            self.tell_own(ORDERS, &cancel);
        }
        self.release_stock(&owed.stock, reason);
        if owed.payment {
            let void = wire::VoidPayment {
                payment: self.id(),
                reply_tenant: self.buyer(),
                reply_service: Checkout::SERVICE.to_owned(),
                reason: reason.to_owned(),
            };
            self.tell_own(PAYMENTS, &void);
            self.remind_in(self.session.waits.undoing_ms, Wait::Undoing);
        }
        if owed.cart {
            let cart = self.session.basket.cart.to_string();
            let release = wire::ReleaseCart { cart, checkout: self.id() };
            self.tell_own(CARTS, &release);
        }
    }
}

fn child(share: &Share) -> wire::ChildDraft {
    let commission_basis_points = match &share.terms {
        Terms::Given { commission_basis_points, .. } => *commission_basis_points,
        Terms::Asked | Terms::Refused => 0,
    };
    let lines = share.lines.iter().map(|line| wire::OrderLine {
        offer: line.offer.to_string(),
        product: line.product.to_string(),
        title: Some(wire::title(&line.title)),
        quantity: line.quantity.into(),
        price: Some(wire::money(line.price)),
    });
    wire::ChildDraft {
        order: share.name.to_string(),
        vendor: share.vendor.to_string(),
        lines: lines.collect(),
        delivery_fee: share.delivery().map(wire::money),
        commission_basis_points: commission_basis_points.try_into().unwrap_or(i32::MAX),
        reservation: share.name.to_string(),
    }
}

fn quote_line(line: &crate::command::Line) -> wire::QuoteLine {
    wire::QuoteLine {
        offer: line.offer.to_string(),
        quantity: line.quantity.into(),
        price_seen: Some(wire::money(line.price)),
    }
}

fn reserve_line(line: &crate::command::Line) -> wire::ReserveLine {
    wire::ReserveLine { offer: line.offer.to_string(), quantity: line.quantity.into() }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
