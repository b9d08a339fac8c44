//! What checkout asks of others, and takes back: each of its events in their words.

use std::time::Duration;

use base_time::Timestamp;
use cell_kernel::{Decider as _, Outbox, Problem, Seen, Words};
use cell_words::service::{CARTS, INVENTORY, OFFERS, ORDERS, PAYMENTS};
use cell_words::{ReplyTo, Service, signed};

use crate::{
    Checkout,
    event::{Basket, Event, Owed},
    state::Session,
    wire::{self, wait_over::Wait},
};

pub(crate) fn announce(seen: &Seen<'_, Checkout>, outbox: &mut Outbox) {
    let Some(session) = seen.state.session.as_deref() else { return };
    let reply = ReplyTo { tenant: seen.tenant.clone(), service: Service::Checkout };
    let mut tell = Telling { reply, at: seen.at, session, outbox };
    if matches!(seen.event, Event::Completed | Event::UndoStarted { .. } | Event::Ended { .. }) {
        let waits = (1..).map_while(|wait| Wait::try_from(wait).ok());
        waits.for_each(|wait| tell.outbox.call_off(&tell.over(wait)));
    }
    match seen.event {
        Event::Started { .. } => tell.remind_in(session.waits.buyer_ms, Wait::Buyer),
        Event::PlacementAsked { .. } => tell.claim_cart(),
        Event::VendorsAsked { held_until } => tell.ask_vendors(*held_until),
        Event::VendorsDropped { shares, .. } => tell.release_stock(shares, "dropped"),
        Event::PaymentAsked { until, held_until, .. } => {
            tell.hold_longer(*held_until);
            tell.ask_payment(*until);
        }
        Event::ActionRequired { held_until, .. } => tell.hold_longer(*held_until),
        Event::PaymentAuthorised { held_until } => {
            tell.hold_longer(*held_until);
            tell.place_group();
        }
        Event::OrderPlaced { .. } => tell.commit(),
        Event::CaptureAsked => tell.capture(),
        Event::Completed => tell.complete(),
        Event::AttentionNeeded { give_up_at: Some(at), .. } => tell.remind(*at, Wait::GivingUp),
        Event::UndoStarted { owed, problems, .. } => tell.take_back(owed, problems),
        _ => {}
    }
}

struct Telling<'a> {
    /// Where answers go: the buyer's checkout.
    reply: ReplyTo,
    at: Timestamp,
    session: &'a Session,
    outbox: &'a mut Outbox,
}

impl Telling<'_> {
    /// The session's id: also the payment's and the order group's.
    fn id(&self) -> String {
        self.session.checkout.to_string()
    }

    fn tell<M: Words>(&mut self, service: &'static str, message: &M) {
        self.outbox.tell(&self.reply.tenant, service, message);
    }

    fn remind_in(&mut self, ms: u64, wait: Wait) {
        self.remind(self.at.after(Duration::from_millis(ms)), wait);
    }

    fn remind(&mut self, due: Timestamp, wait: Wait) {
        self.outbox.remind(&self.reply.tenant, Checkout::SERVICE, due, &self.over(wait));
    }

    fn over(&self, wait: Wait) -> wire::WaitOver {
        wire::WaitOver { checkout: self.id(), wait: wait.into() }
    }

    fn claim_cart(&mut self) {
        let Basket { cart, round, revision, .. } = &self.session.basket;
        let (cart, round, revision) = (cart.to_string(), signed(*round), signed(*revision));
        self.tell(CARTS, &wire::ClaimCart { cart, checkout: self.id(), round, revision });
        self.remind_in(self.session.waits.cart_ms, Wait::Cart);
    }

    fn ask_vendors(&mut self, held_until: Timestamp) {
        for share in &self.session.shares {
            self.outbox.tell(&share.vendor, OFFERS, &share.quote(&self.reply));
            self.outbox.tell(&share.vendor, INVENTORY, &share.reserve(&self.reply, held_until));
        }
        self.remind_in(self.session.waits.vendors_ms, Wait::Vendors);
    }

    fn hold_longer(&mut self, until: Option<Timestamp>) {
        let Some(until) = until else { return };
        for share in self.session.live_shares() {
            self.outbox.tell(&share.vendor, INVENTORY, &share.extend(until));
        }
    }

    fn commit(&mut self) {
        for share in self.session.live_shares() {
            self.outbox.tell(&share.vendor, INVENTORY, &share.commit(&self.reply));
        }
    }

    fn release_stock(&mut self, shares: &[u32], reason: &str) {
        for share in shares.iter().filter_map(|number| self.session.share(*number)) {
            self.outbox.tell(&share.vendor, INVENTORY, &share.release(reason));
        }
    }

    fn ask_payment(&mut self, until: Timestamp) {
        let (reply_tenant, reply_service) = self.reply.names();
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
        let late = Duration::from_millis(self.session.waits.settling_ms);
        self.remind(until.after(late), Wait::Payment);
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
        self.remind_in(self.session.waits.settling_ms, Wait::Settling);
    }

    fn capture(&mut self) {
        let (reply_tenant, reply_service) = self.reply.names();
        let capture = wire::CapturePayment { payment: self.id(), reply_tenant, reply_service };
        self.tell(PAYMENTS, &capture);
    }

    fn complete(&mut self) {
        let cart = self.session.basket.cart.to_string();
        let bought = self.session.bought().map(Into::into).collect();
        self.tell(ORDERS, &wire::ConfirmGroup { group: self.id() });
        self.tell(CARTS, &wire::ConvertCart { cart, checkout: self.id(), bought });
    }

    /// First the order, so that no vendor begins; then its stock, the money, and last the cart.
    fn take_back(&mut self, owed: &Owed, problems: &[Problem]) {
        let reason = problems.first().map_or("cancelled", |problem| &problem.code);
        let (id, why) = (self.id(), reason.to_owned());
        if owed.order {
            self.tell(ORDERS, &wire::CancelGroup { group: id.clone(), reason: why.clone() });
        }
        self.release_stock(&owed.stock, reason);
        if owed.payment {
            let (payment, (reply_tenant, reply_service)) = (id.clone(), self.reply.names());
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
