//! What checkout asks of others, and takes back: each of its events in their words.

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{Decider as _, Outbox, Seen, Words};
use cell_words::signed;

use crate::{
    Checkout,
    event::{Basket, Event, Owed},
    facts::Waits,
    state::{Session, Share},
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
    let mut tell = Telling { buyer: seen.tenant, at: seen.at, session, outbox };
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

struct Telling<'a> {
    buyer: &'a Tenant,
    at: Timestamp,
    session: &'a Session,
    outbox: &'a mut Outbox,
}

impl Telling<'_> {
    /// The session's id: also the payment's and the order group's.
    fn id(&self) -> String {
        self.session.checkout.to_string()
    }

    /// Where answers go: tenant and service.
    fn reply(&self) -> (String, String) {
        (self.buyer.to_string(), Checkout::SERVICE.to_owned())
    }

    fn tell<M: Words>(&mut self, service: &'static str, message: &M) {
        self.outbox.tell(self.buyer, service, message);
    }

    fn remind_in(&mut self, ms: u64, wait: Wait) {
        self.remind(self.at.after(Waits::span(ms)), wait);
    }

    fn remind(&mut self, due: Timestamp, wait: Wait) {
        let over = wire::WaitOver { checkout: self.id(), wait: wait.into() };
        self.outbox.remind(self.buyer, Checkout::SERVICE, due, &over);
    }

    fn claim_cart(&mut self) {
        let Basket { cart, round, revision, .. } = &self.session.basket;
        let (cart, round, revision) = (cart.to_string(), signed(*round), signed(*revision));
        self.tell(CARTS, &wire::ClaimCart { cart, checkout: self.id(), round, revision });
    }

    fn ask_vendor(&mut self, share: &Share, held_until: Timestamp) {
        let (reply_tenant, reply_service) = self.reply();
        let quote = wire::QuoteOffers {
            quote: share.name.to_string(),
            reply_tenant: reply_tenant.clone(),
            reply_service: reply_service.clone(),
            lines: share.lines.iter().map(Into::into).collect(),
        };
        let reserve = wire::ReserveStock {
            reservation: share.name.to_string(),
            reply_tenant,
            reply_service,
            lines: share.lines.iter().map(Into::into).collect(),
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
        let (reply_tenant, reply_service) = self.reply();
        let payment = self.session.wishes.payment.as_ref();
        let authorise = wire::AuthorisePayment {
            payment: self.id(),
            reply_tenant,
            reply_service,
            method: payment.map_or("", |payment| payment.method()).to_owned(),
            instrument: payment.map_or("", |payment| payment.instrument()).to_owned(),
            shares: self.session.live_shares().map(Into::into).collect(),
            until_ms: until.as_millis(),
        };
        self.tell(PAYMENTS, &authorise);
    }

    fn place_group(&mut self) {
        let Session { basket, wishes, .. } = self.session;
        let place = wire::PlaceGroup {
            group: self.id(),
            cart: format!("{}@{}", basket.cart, basket.round),
            address: wishes.address.as_ref().map(Into::into),
            payment_method: wishes.payment.as_ref().map_or("", |p| p.method()).to_owned(),
            payment: self.id(),
            children: self.session.live_shares().map(Into::into).collect(),
            locale: wishes.locale.to_string(),
        };
        self.tell(ORDERS, &place);
    }

    fn commit(&mut self, share: &Share) {
        let (reply_tenant, reply_service) = self.reply();
        let reservation = share.name.to_string();
        let commit = wire::CommitReservation { reservation, reply_tenant, reply_service };
        self.outbox.tell(&share.vendor, INVENTORY, &commit);
    }

    fn capture(&mut self) {
        let (reply_tenant, reply_service) = self.reply();
        let capture = wire::CapturePayment { payment: self.id(), reply_tenant, reply_service };
        self.tell(PAYMENTS, &capture);
    }

    fn complete(&mut self) {
        let (cart, bought) = (self.session.basket.cart.to_string(), self.session.bought());
        let bought = bought.map(Into::into).collect();
        self.tell(ORDERS, &wire::ConfirmGroup { group: self.id() });
        self.tell(CARTS, &wire::ConvertCart { cart, checkout: self.id(), bought });
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
        let (id, why) = (self.id(), reason.to_owned());
        if owed.order {
            self.tell(ORDERS, &wire::CancelGroup { group: id.clone(), reason: why.clone() });
        }
        self.release_stock(&owed.stock, reason);
        if owed.payment {
            let (payment, (reply_tenant, reply_service)) = (id.clone(), self.reply());
            let void = wire::VoidPayment { payment, reply_tenant, reply_service, reason: why };
            self.tell(PAYMENTS, &void);
            self.remind_in(self.session.waits.undoing_ms, Wait::Undoing);
        }
        if owed.cart {
            let cart = self.session.basket.cart.to_string();
            self.tell(CARTS, &wire::ReleaseCart { cart, checkout: id });
        }
    }
}
