//! The others: as little of carts, vendors, payments and orders as their contracts promise.

use std::collections::{BTreeMap, BTreeSet};

use base_ids::Tenant;
use base_money::Money;
use base_time::Timestamp;

use super::{super::tenant, Mail, answer};
use crate::wire;

/// How a vendor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tests) enum Says {
    Yes,
    /// It does not sell so.
    NoQuote,
    /// It has none.
    NoStock,
    /// Its cell is down.
    Nothing,
}

/// How a payment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tests) enum Pays {
    AtOnce,
    AfterAction,
    Declines,
    ActionThenExpires,
    CaptureFails,
    Never,
}

/// How stock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stock {
    Held(Timestamp),
    Sold,
}

pub(super) struct Vendor {
    name: Tenant,
    says: Says,
    stock: BTreeMap<String, Stock>,
    barred: BTreeSet<String>,
}

impl Vendor {
    pub(super) fn new(name: Tenant, says: Says) -> Self {
        Self { name, says, stock: BTreeMap::new(), barred: BTreeSet::new() }
    }

    pub(super) fn stock_of(&self, reservation: &str) -> Option<Stock> {
        self.stock.get(reservation).copied()
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.stock.is_empty()
    }

    pub(super) fn expire(&mut self, now: Timestamp) {
        self.stock.retain(|_, stock| !matches!(stock, Stock::Held(until) if *until <= now));
    }

    pub(super) fn hear(&mut self, mail: &Mail, now: Timestamp) -> Option<Mail> {
        if let Some(asked) = mail.read::<wire::QuoteOffers>() {
            return Some(self.quote(&asked));
        }
        if let Some(asked) = mail.read::<wire::ReserveStock>() {
            return self.reserve(&asked, now);
        }
        if let Some(asked) = mail.read::<wire::ExtendReservation>() {
            let longer = Timestamp::from_millis(asked.until_ms);
            if let Some(Stock::Held(until)) = self.stock.get_mut(&asked.reservation) {
                *until = longer.max(*until);
            }
            return None;
        }
        if let Some(asked) = mail.read::<wire::CommitReservation>() {
            let stock = self.stock.get_mut(&asked.reservation);
            let committed = stock.is_some();
            if let Some(stock) = stock {
                *stock = Stock::Sold;
            }
            let (reservation, vendor) = (asked.reservation, self.name.to_string());
            let outcome = wire::CommitOutcome { reservation, vendor, committed };
            return Some(answer(&self.name, &outcome));
        }
        let asked = mail.read::<wire::ReleaseReservation>()?;
        self.stock.remove(&asked.reservation);
        self.barred.insert(asked.reservation);
        None
    }

    fn quote(&self, asked: &wire::QuoteOffers) -> Mail {
        let vendor = self.name.to_string();
        if self.says == Says::NoQuote {
            let gone =
                wire::Problem { code: "offer_not_sold".to_owned(), ..wire::Problem::default() };
            let quote = asked.quote.clone();
            let no = wire::OffersNotQuoted { quote, vendor, problems: vec![gone] };
            return answer(&self.name, &no);
        }
        let lines = asked.lines.iter().map(|line| wire::QuotedLine {
            offer: line.offer.clone(),
            product: "9789954000007".to_owned(),
            title: None,
            quantity: line.quantity,
            price: line.price_seen.clone(),
        });
        let yes = wire::OffersQuoted {
            quote: asked.quote.clone(),
            vendor,
            lines: lines.collect(),
            commission_basis_points: 500,
            delivery_fee: None,
        };
        answer(&self.name, &yes)
    }

    fn reserve(&mut self, asked: &wire::ReserveStock, now: Timestamp) -> Option<Mail> {
        let (reservation, vendor) = (asked.reservation.clone(), self.name.to_string());
        let until = Timestamp::from_millis(asked.until_ms);
        if self.stock.contains_key(&reservation) {
            return None;
        }
        let refused = self.says == Says::NoStock || until <= now;
        if refused || self.barred.contains(&reservation) {
            let reason = "released".to_owned();
            let no = wire::StockRefused { reservation, vendor, shortages: Vec::new(), reason };
            return Some(answer(&self.name, &no));
        }
        self.stock.insert(reservation.clone(), Stock::Held(until));
        let yes = wire::StockReserved { reservation, vendor, until_ms: asked.until_ms };
        Some(answer(&self.name, &yes))
    }
}

pub(super) struct Cart {
    refuses: bool,
    claimed: bool,
    released: bool,
    bought: Option<usize>,
}

impl Cart {
    pub(super) fn new(refuses: bool) -> Self {
        Self { refuses, claimed: false, released: false, bought: None }
    }

    pub(super) fn is_free(&self) -> bool {
        !self.claimed && self.bought.is_none()
    }

    /// How many lines were not bought, once it was.
    pub(super) fn left_over(&self) -> Option<usize> {
        self.bought.map(|bought| super::cart_lines().len() - bought)
    }

    pub(super) fn hear(&mut self, mail: &Mail) -> Option<Mail> {
        if let Some(asked) = mail.read::<wire::ClaimCart>() {
            let (checkout, cart) = (asked.checkout, asked.cart);
            let from = tenant("users/leila");
            if self.claimed || self.bought.is_some() {
                return None;
            }
            if self.refuses || self.released {
                let code = "cart_changed".to_owned();
                return Some(answer(&from, &wire::CartRefused { checkout, cart, code }));
            }
            self.claimed = true;
            let round = asked.round;
            return Some(answer(&from, &wire::CartClaimed { checkout, cart, round }));
        }
        if let Some(asked) = mail.read::<wire::ConvertCart>() {
            assert!(self.claimed || self.bought.is_some(), "converted without a claim");
            (self.claimed, self.bought) = (false, Some(asked.bought.len()));
        } else {
            assert!(mail.read::<wire::ReleaseCart>().is_some(), "nothing else is asked");
            (self.claimed, self.released) = (false, true);
        }
        None
    }
}

pub(super) struct Payment {
    pays: Pays,
    stage: Attempt,
    total: Option<Money>,
    pub(super) captured: Option<Money>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Unasked,
    Waiting,
    Held,
    Failed,
    Voided,
}

impl Payment {
    pub(super) fn new(pays: Pays) -> Self {
        Self { pays, stage: Attempt::Unasked, total: None, captured: None }
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self.stage, Attempt::Held | Attempt::Waiting) || self.captured.is_some()
    }

    pub(super) fn hear(&mut self, mail: &Mail) -> Vec<Mail> {
        if let Some(asked) = mail.read::<wire::AuthorisePayment>() {
            return self.authorise(&asked);
        }
        if mail.read::<wire::CapturePayment>().is_some() {
            return self.capture();
        }
        mail.read::<wire::VoidPayment>().expect("nothing else is asked");
        (self.stage, self.captured) = (Attempt::Voided, None);
        vec![outcome(wire::payment_outcome::Status::Voided)]
    }

    fn authorise(&mut self, asked: &wire::AuthorisePayment) -> Vec<Mail> {
        use wire::payment_outcome::Status;
        if self.stage != Attempt::Unasked {
            return Vec::new();
        }
        let shares = asked.shares.iter().map(|share| cell_words::read_money(share.amount.as_ref()));
        let shares: Vec<Money> = shares.map(|share| share.expect("an amount")).collect();
        let total = Money::sum(shares.clone(), shares[0].currency).expect("a total");
        let (stage, outcomes): (_, &[Status]) = match self.pays {
            Pays::AtOnce | Pays::CaptureFails => (Attempt::Held, &[Status::Authorised]),
            Pays::AfterAction => (Attempt::Held, &[Status::RequiresAction, Status::Authorised]),
            Pays::Declines => (Attempt::Failed, &[Status::Declined]),
            Pays::ActionThenExpires => {
                (Attempt::Failed, &[Status::RequiresAction, Status::Expired])
            }
            Pays::Never => (Attempt::Waiting, &[]),
        };
        (self.stage, self.total) = (stage, Some(total));
        outcomes.iter().map(|status| outcome(*status)).collect()
    }

    fn capture(&mut self) -> Vec<Mail> {
        use wire::payment_outcome::Status;
        if self.captured.is_some() {
            return Vec::new();
        }
        if self.stage != Attempt::Held || self.pays == Pays::CaptureFails {
            return vec![outcome(Status::CaptureFailed)];
        }
        self.captured = self.total;
        vec![outcome(Status::Captured)]
    }
}

fn outcome(status: wire::payment_outcome::Status) -> Mail {
    let outcome = wire::PaymentOutcome {
        payment: "c1".to_owned(),
        status: status.into(),
        action_url: "https://bank.example/3ds".to_owned(),
        reason: String::new(),
    };
    answer(&tenant("users/leila"), &outcome)
}

#[derive(Default)]
pub(super) struct Orders {
    pub(super) placements: usize,
    pub(super) confirmed: bool,
    cancelled: bool,
}

impl Orders {
    /// Whether there is an order that was not undone.
    pub(super) fn stands(&self) -> bool {
        self.placements > 0 && !self.cancelled
    }

    pub(super) fn hear(&mut self, mail: &Mail) -> Option<Mail> {
        if let Some(asked) = mail.read::<wire::PlaceGroup>() {
            if self.placements > 0 || self.cancelled {
                return None;
            }
            self.placements += 1;
            let placed = wire::GroupPlaced { group: asked.group, number: "S7K2".to_owned() };
            return Some(answer(&tenant("users/leila"), &placed));
        }
        if mail.read::<wire::ConfirmGroup>().is_some() {
            assert!(self.stands(), "confirmed what is not there");
            self.confirmed = true;
        } else {
            assert!(mail.read::<wire::CancelGroup>().is_some(), "nothing else is asked");
            assert!(!self.confirmed, "cancelled what was confirmed");
            self.cancelled = true;
        }
        None
    }
}
