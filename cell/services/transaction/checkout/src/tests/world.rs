//! A small world around one session: a cart, vendors, a payment and orders that keep their contracts, and a post that loses
//! nothing but delays, repeats and reorders everything.

mod others;

use std::time::Duration;

use std::{collections::BTreeMap, sync::Arc};

use base_ids::{MessageId, ResourceId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{
    Answer, Heard, Outbox, Posted, Seen, ServiceSpec, Words,
    story::{Story, replay_equals_live},
};

use self::others::{Cart, Orders, Payment, Vendor};
use super::{cart, id, knowing, leila, of, tenant, wishes};
use crate::{
    CartNow, CartOf, Checkout, Command, Event, Facts, State, Waits,
    command::Ask,
    command::{Line, Wishes},
    event::Ending,
    spec,
    state::{Session, Stage, Stock},
};

pub(super) use self::others::{Pays, Says};

/// How the others will behave.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) ship_what_you_can: bool,
    pub(super) cart_refuses: bool,
    pub(super) atlas: Says,
    pub(super) rif: Says,
    pub(super) pays: Pays,
    /// A service, or a kind of message, that waits until all reminders have come.
    pub(super) asleep: Option<&'static str>,
}

/// One message on its way, and from whom.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) from: Tenant,
    pub(super) to: Tenant,
    pub(super) service: String,
    pub(super) kind: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct World {
    spec: ServiceSpec<Checkout>,
    story: Option<Story<Checkout>>,
    state: State,
    now: Timestamp,
    post: Vec<Mail>,
    timers: Vec<(Timestamp, Mail)>,
    cart: Cart,
    vendors: BTreeMap<Tenant, Vendor>,
    payment: Payment,
    orders: Orders,
}

struct NoCarts;

impl CartOf for NoCarts {
    fn cart_of<'a>(&'a self, _: &'a Tenant, _: &'a ResourceId) -> Answer<'a, CartNow> {
        unreachable!("facts are given with each command")
    }
}

impl World {
    pub(super) fn new(plan: &Plan) -> Self {
        let vendors = [("vendors/atlas", plan.atlas), ("vendors/rif", plan.rif)];
        let vendors = vendors.map(|(name, says)| (tenant(name), Vendor::new(tenant(name), says)));
        let mut world = Self {
            spec: spec(Arc::new(NoCarts), Waits::default()),
            story: Some(leila()),
            state: State::default(),
            now: Timestamp::default(),
            post: Vec::new(),
            timers: Vec::new(),
            cart: Cart::new(plan.cart_refuses),
            vendors: vendors.into(),
            payment: Payment::new(plan.pays),
            orders: Orders::default(),
        };
        let wishes = Wishes { ship_what_you_can: plan.ship_what_you_can, ..wishes() };
        let start = of(Ask::Start { cart: id("main"), wishes: Box::new(wishes) });
        world.command(&start);
        world
    }

    pub(super) fn place(&mut self) {
        self.command(&of(Ask::Place { total_max: None }));
    }

    pub(super) fn cancel(&mut self) {
        self.command(&of(Ask::Cancel));
    }

    /// Delivers one message, any one; keeps it for another time if it is to be `repeated`. Who is `asleep` gets none.
    pub(super) fn deliver(&mut self, pick: usize, repeated: bool, asleep: &[&str]) {
        let living: Vec<usize> =
            (0..self.post.len()).filter(|at| !self.post[*at].is_for_any(asleep)).collect();
        if living.is_empty() {
            return;
        }
        let at = living[pick % living.len()];
        let mail = if repeated { self.post[at].clone() } else { self.post.remove(at) };
        self.hand(&mail);
    }

    /// Lets the time of a reminder come, any one.
    pub(super) fn fire(&mut self, pick: usize) {
        if self.timers.is_empty() {
            return;
        }
        let (due, mail) = self.timers.remove(pick % self.timers.len());
        self.now = self.now.max(due);
        self.hand(&mail);
    }

    /// Lets time pass, and promises of stock end.
    pub(super) fn pass(&mut self, ms: u64) {
        self.now = self.now.after(Duration::from_millis(ms));
        self.vendors.values_mut().for_each(|vendor| vendor.expire(self.now));
    }

    /// Until nothing is on its way and no reminder is left; without those who are asleep, and then with them.
    pub(super) fn rest(&mut self, asleep: &[&str]) {
        for asleep in [asleep, &[]] {
            while self.post.iter().any(|mail| !mail.is_for_any(asleep)) || !self.timers.is_empty() {
                while self.post.iter().any(|mail| !mail.is_for_any(asleep)) {
                    self.deliver(0, false, asleep);
                }
                let first = self.timers.iter().enumerate().min_by_key(|(_, (due, _))| *due);
                if let Some((at, _)) = first {
                    self.fire(at);
                }
            }
        }
    }

    pub(super) fn session(&self) -> &Session {
        self.state.session.as_deref().expect("a session")
    }

    /// The promises of `lib.rs`, once nothing more will happen.
    pub(super) fn assert_at_rest(&self) {
        let session = self.session();
        assert!(session.stage.is_end(), "checkout-4: {:?}", session.stage);
        assert!(self.orders.placements <= 1, "checkout-1: {} groups", self.orders.placements);
        let story = self.story.as_ref().expect("a story");
        replay_equals_live(story);
        assert_eq!(story.state(), &self.state);
        if session.stage == Stage::Completed {
            self.assert_bought(session);
        } else {
            self.assert_nothing_is_held(session);
        }
    }

    fn assert_bought(&self, session: &Session) {
        assert!(self.orders.stands() && self.orders.confirmed, "checkout-2: no order");
        assert_eq!(self.payment.captured, session.total(), "checkout-2: captured is the total");
        for share in &session.shares {
            let stock = self.vendors[&share.vendor].stock_of(share.name.as_str());
            let expected = (share.stock != Stock::Dropped).then_some(others::Stock::Sold);
            assert_eq!(stock, expected, "checkout-3: {}", share.vendor);
        }
        let left: Vec<&Line> = cart_lines()
            .iter()
            .filter(|line| !session.bought().any(|b| b.offer == line.offer))
            .copied()
            .collect();
        assert_eq!(self.cart.left_over(), Some(left.len()), "what was not bought stays");
    }

    fn assert_nothing_is_held(&self, session: &Session) {
        assert!(!self.orders.stands(), "checkout-1: an order without an end");
        assert!(!self.payment.is_held(), "checkout-2: money without an order");
        for (name, vendor) in &self.vendors {
            assert!(vendor.holds_nothing(), "checkout-3: {name} holds stock");
        }
        assert!(self.cart.is_free(), "the cart is the buyer's again");
        let cancelled = session.stage == Stage::Ended(Ending::Cancelled);
        assert!(cancelled || !session.problems.is_empty(), "a failure says why");
    }

    fn command(&mut self, command: &Command) {
        let facts = match command.ask {
            Ask::Hear { .. } | Ask::Cancel => Facts::default(),
            _ => Facts { waits: Some(Waits::default()), ..knowing(cart()) },
        };
        let story = self.story.take().expect("a story").at(self.now.as_millis());
        let (story, decided) = story.when_knowing(command, &facts).decided();
        self.story = Some(story);
        if matches!(command.ask, Ask::Hear { .. }) {
            assert!(decided.is_ok(), "news is never refused");
        }
        for event in decided.unwrap_or_default() {
            self.happen(&event);
        }
    }

    fn happen(&mut self, event: &Event) {
        self.state.evolve(event);
        let tenant = tenant("users/leila");
        let seen = Seen {
            tenant: &tenant,
            key: "c1",
            event,
            state: &self.state,
            version: Version(1),
            at: self.now,
        };
        let mut outbox = Outbox::default();
        self.spec.told(&seen, &mut outbox);
        for posted in outbox.into_posted() {
            let Posted::To { tenant: to, service, kind, body, due } = posted else {
                panic!("a session tells nothing to everyone");
            };
            if kind.ends_with("CapturePayment") {
                self.assert_everything_is_sold();
            }
            let mail = Mail { from: tenant.clone(), to, service: service.to_owned(), kind, body };
            match due {
                Some(due) => self.timers.push((due, mail)),
                None => self.post.push(mail),
            }
        }
    }

    /// Never captured without stock.
    fn assert_everything_is_sold(&self) {
        for share in self.session().live_shares() {
            let stock = self.vendors[&share.vendor].stock_of(share.name.as_str());
            assert_eq!(stock, Some(others::Stock::Sold), "checkout-2: {}", share.vendor);
        }
    }

    fn hand(&mut self, mail: &Mail) {
        let answers = match mail.service.as_str() {
            "checkout" => return self.hear(mail),
            "carts" => self.cart.hear(mail),
            "payments" => return self.post.extend(self.payment.hear(mail)),
            "orders" => self.orders.hear(mail),
            "offers" | "inventory" => {
                self.vendors.get_mut(&mail.to).expect("a vendor").hear(mail, self.now)
            }
            other => panic!("nobody is called {other}"),
        };
        self.post.extend(answers);
    }

    fn hear(&mut self, mail: &Mail) {
        let service =
            if mail.from.as_str().starts_with("users") { "checkout" } else { "inventory" };
        let from = StreamName::new(mail.from.clone(), service, "any").expect("a stream");
        let heard = Heard {
            id: MessageId::derived(&from, Version(1), 0),
            kind: &mail.kind,
            body: &mail.body,
            from: &from,
            version: Version(1),
            at: self.now,
        };
        let command = self.spec.listener().hear(&heard).expect("it listens to what it is told");
        self.command(&command.expect("what it is told can be read"));
    }
}

fn cart_lines() -> Vec<&'static Line> {
    static LINES: std::sync::LazyLock<Vec<Line>> = std::sync::LazyLock::new(super::lines);
    LINES.iter().collect()
}

/// A message to Leila's checkout.
pub(super) fn answer<M: Words>(from: &Tenant, message: &M) -> Mail {
    Mail {
        from: from.clone(),
        to: tenant("users/leila"),
        service: "checkout".to_owned(),
        kind: M::full_name(),
        body: message.encode_to_vec(),
    }
}

impl Mail {
    fn is_for_any(&self, names: &[&str]) -> bool {
        let is = |name: &&str| {
            self.to.as_str() == *name || self.service == *name || self.kind.ends_with(*name)
        };
        names.iter().any(is)
    }

    /// The message, if it is such a one.
    pub(super) fn read<M: Words>(&self) -> Option<M> {
        (self.kind == M::full_name()).then(|| M::decode(&*self.body).expect("it can be read"))
    }
}
