//! One purchase from beginning to end, as the buyer and the vendors go about it through the API.

use base_ids::Tenant;
use souk_proto::souk::{
    carts::v1::{AddLineRequest, Cart},
    checkout::v1::{
        CancelCheckoutRequest, Checkout, ChoosePaymentRequest, GetCheckoutRequest, Payment,
        PlaceCheckoutRequest, SetAddressRequest, StartCheckoutRequest, checkout::Status,
    },
    orders::v1::{
        AcceptOrderRequest, CancelOrderRequest, ChildStatus, DeliverOrderRequest,
        GetVendorOrderRequest, Order, RejectOrderRequest, ShipOrderRequest, VendorOrder,
    },
    v1::Address,
};

use crate::{
    client::{Client, Refused},
    clock,
    fleet::Fleet,
    market::Listing,
    scenario::{Deed, End, GivesUp, Plan},
};

/// Looks of a buyer at the checkout until it is given up: hours.
const LOOKS: u32 = 4_000;
const LOOK_MS: u64 = 100;
const LOOK_MS_MAX: u64 = 10_000;

/// Somebody who buys something from each of the listings.
pub(crate) struct Purchase<'a> {
    fleet: &'a Fleet,
    listings: &'a [Listing],
    plan: Plan,
    user: Tenant,
    buyer: Client,
}

/// How a purchase went.
#[derive(Clone, Debug)]
pub(crate) struct Went {
    /// How the checkout ended; none if it never did.
    pub(crate) end: Option<End>,
    /// The checkout as it ended.
    pub(crate) checkout: Checkout,
    /// The answer to the same request under the same key was another one.
    pub(crate) answers_differ: bool,
}

impl<'a> Purchase<'a> {
    pub(crate) fn new(fleet: &'a Fleet, listings: &'a [Listing], plan: Plan, user: Tenant) -> Self {
        let buyer = Client::shopper(fleet, &user);
        Self { fleet, listings, plan, user, buyer }
    }

    /// Buys, and lets the vendors do what they do.
    pub(crate) async fn go(&self) -> Result<Went, Refused> {
        let checkout = self.prepare().await?;
        self.finish(checkout).await
    }

    /// Places what is prepared, and goes on to the end.
    pub(crate) async fn finish(&self, checkout: Checkout) -> Result<Went, Refused> {
        if self.plan.gives_up == GivesUp::BeforePlacing {
            self.cancel(&checkout).await?;
            let checkout = self.wait(checkout.name).await?;
            return Ok(Went { end: end_of(&checkout), checkout, answers_differ: false });
        }
        let place = PlaceCheckoutRequest { name: checkout.name.clone(), total_max: None };
        let method = "souk.checkout.v1.Checkouts/PlaceCheckout";
        let key = Some("place");
        let (_, placed) = self.buyer.call::<_, Checkout>(&self.user, method, &place, key).await?;
        if self.plan.gives_up == GivesUp::WhileReserving {
            self.cancel(&checkout).await?;
        }
        let checkout = self.wait(checkout.name).await?;
        let (_, again) = self.buyer.call::<_, Checkout>(&self.user, method, &place, key).await?;
        let answers_differ = placed.response != again.response;
        if checkout.status() == Status::Completed {
            self.after_the_order(&checkout).await?;
        }
        Ok(Went { end: end_of(&checkout), checkout, answers_differ })
    }

    /// Fills the cart and starts a checkout that can be placed.
    pub(crate) async fn prepare(&self) -> Result<Checkout, Refused> {
        let wanted = self.listings.iter().zip(self.plan.quantities);
        for (listing, quantity) in wanted.filter(|(_, quantity)| *quantity > 0) {
            let line = AddLineRequest {
                name: format!("{}/carts/main", self.user),
                vendor: listing.vendor.to_string(),
                offer: listing.offer.clone(),
                quantity,
            };
            let key = format!("add-{}-{}", listing.vendor.id(), listing.offer);
            self.tell::<_, Cart>("carts.v1.Carts/AddLine", &line, &key).await?;
        }
        let start = StartCheckoutRequest {
            parent: self.user.to_string(),
            email: "buyer@example.ma".to_owned(),
            ship_what_you_can: self.plan.ship_what_you_can,
            ..StartCheckoutRequest::default()
        };
        let method = "checkout.v1.Checkouts/StartCheckout";
        let checkout: Checkout = self.tell(method, &start, "start").await?;
        let set = SetAddressRequest {
            name: checkout.name.clone(),
            address: Some(address()),
            email: String::new(),
        };
        let method = "checkout.v1.Checkouts/SetAddress";
        self.tell::<_, Checkout>(method, &set, "address").await?;
        let payment = self.plan.instrument.map_or_else(
            || Payment { method: "cash_on_delivery".to_owned(), instrument: String::new() },
            |instrument| Payment { method: "card".to_owned(), instrument: instrument.to_owned() },
        );
        let choose = ChoosePaymentRequest { name: checkout.name, payment: Some(payment) };
        self.tell("checkout.v1.Checkouts/ChoosePayment", &choose, "payment").await
    }

    async fn cancel(&self, checkout: &Checkout) -> Result<(), Refused> {
        let cancel = CancelCheckoutRequest { name: checkout.name.clone() };
        let method = "checkout.v1.Checkouts/CancelCheckout";
        match self.tell::<_, Checkout>(method, &cancel, "cancel").await {
            // It may have gone too far meanwhile, or have ended by itself.
            Err(no) if !["checkout_past_cancelling", "checkout_has_ended"].contains(&&*no.code) => {
                Err(no)
            }
            _ => Ok(()),
        }
    }

    /// Follows the checkout until it has ended, and acts where it asks to.
    async fn wait(&self, name: String) -> Result<Checkout, Refused> {
        let get = GetCheckoutRequest { name };
        let mut wait = LOOK_MS;
        for _ in 1..LOOKS {
            let checkout = self.look(&get).await?;
            if checkout.ended {
                return Ok(checkout);
            }
            if self.plan.acts && !checkout.action_url.is_empty() {
                self.fleet.bank().act(&checkout.action_url);
            }
            clock::millis(wait).await;
            wait = (wait + wait / 4).min(LOOK_MS_MAX);
        }
        self.look(&get).await
    }

    async fn look(&self, get: &GetCheckoutRequest) -> Result<Checkout, Refused> {
        self.buyer.ask(&self.user, "souk.checkout.v1.Checkouts/GetCheckout", get).await
    }

    async fn after_the_order(&self, checkout: &Checkout) -> Result<(), Refused> {
        if self.plan.gives_up == GivesUp::AfterTheOrder {
            let cancel = CancelOrderRequest {
                name: checkout.order.clone(),
                reason: "changed my mind".to_owned(),
                ..CancelOrderRequest::default()
            };
            self.cancel_order(&cancel).await?;
        }
        for (listing, deed) in self.listings.iter().zip(self.plan.deeds) {
            let vendor = listing.vendor.as_str();
            let share = checkout.vendors.iter().find(|share| share.vendor == vendor);
            let dropped = souk_proto::souk::checkout::v1::vendor_share::State::Dropped;
            if let Some(share) = share.filter(|share| share.state() != dropped) {
                self.vendor_does(listing, deed, &share.order).await?;
            }
        }
        Ok(())
    }

    /// The checkout may have ended a moment before its order knows that it is paid for.
    async fn cancel_order(&self, cancel: &CancelOrderRequest) -> Result<(), Refused> {
        let method = "orders.v1.Orders/CancelOrder";
        for attempt in 0..LOOKS {
            let key = format!("cancel-order-{attempt}");
            match self.tell::<_, Order>(method, cancel, &key).await {
                Err(no) if no.code == "order_being_placed" => clock::millis(LOOK_MS).await,
                done => return done.map(drop),
            }
        }
        Ok(())
    }

    async fn vendor_does(&self, at: &Listing, deed: Deed, order: &str) -> Result<(), Refused> {
        if deed == Deed::KeepsSilent {
            return Ok(());
        }
        let vendor = Client::vendor(self.fleet, &at.owner, &at.vendor);
        let (to, name) = (&at.vendor, format!("{}/orders/{order}", at.vendor));
        self.confirmed(&vendor, to, &name).await?;
        let orders = |method: &str| format!("souk.orders.v1.Orders/{method}");
        let key = |deed: &str| format!("{deed}-{order}");
        if deed == Deed::Rejects {
            let reject = RejectOrderRequest { name, reason: "damaged".to_owned() };
            let (method, key) = (orders("RejectOrder"), key("reject"));
            return vendor.tell::<_, VendorOrder>(to, &method, &reject, &key).await.map(drop);
        }
        let accept = AcceptOrderRequest { name: name.clone() };
        vendor.tell::<_, VendorOrder>(to, &orders("AcceptOrder"), &accept, &key("accept")).await?;
        if deed == Deed::Accepts {
            return Ok(());
        }
        let ship = ShipOrderRequest {
            name: name.clone(),
            carrier: "Barid".to_owned(),
            tracking_number: String::new(),
        };
        vendor.tell::<_, VendorOrder>(to, &orders("ShipOrder"), &ship, &key("ship")).await?;
        let deliver = DeliverOrderRequest { name };
        let (method, key) = (orders("DeliverOrder"), key("deliver"));
        vendor.tell::<_, VendorOrder>(to, &method, &deliver, &key).await.map(drop)
    }

    /// Waits until the vendor's order is paid for.
    async fn confirmed(&self, vendor: &Client, to: &Tenant, name: &str) -> Result<(), Refused> {
        let get = GetVendorOrderRequest { name: name.to_owned() };
        let mut wait = LOOK_MS;
        for _ in 0..LOOKS {
            let method = "souk.orders.v1.Orders/GetVendorOrder";
            match vendor.ask::<_, VendorOrder>(to, method, &get).await {
                Ok(order) if order.status() != ChildStatus::Placed => return Ok(()),
                Err(no) if no.code != "not_found" => return Err(no),
                _ => {}
            }
            clock::millis(wait).await;
            wait = (wait + wait / 4).min(LOOK_MS_MAX);
        }
        Ok(())
    }

    async fn tell<Req: prost::Message, Resp: prost::Message + Default>(
        &self,
        method: &str,
        request: &Req,
        key: &str,
    ) -> Result<Resp, Refused> {
        self.buyer.tell(&self.user, &format!("souk.{method}"), request, key).await
    }
}

pub(crate) fn end_of(checkout: &Checkout) -> Option<End> {
    match checkout.status() {
        Status::Completed => Some(End::Completed),
        Status::Failed => Some(End::Failed),
        Status::Cancelled => Some(End::Cancelled),
        _ => None,
    }
}

fn address() -> Address {
    Address {
        recipient: "Leila Amrani".to_owned(),
        phone: "+212600000000".to_owned(),
        lines: vec!["12 rue des Consuls".to_owned()],
        district: "Médina".to_owned(),
        city: "Rabat".to_owned(),
        postcode: String::new(),
        country: "MA".to_owned(),
    }
}
