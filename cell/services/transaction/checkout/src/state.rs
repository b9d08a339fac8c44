//! What is remembered of a purchase in order to decide: how far it is, and what each vendor has said.

use base_ids::ResourceId;
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::Problem;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Line, Wishes},
    event::{Basket, Ending, Event},
    facts::Waits,
};

pub use cell_words::{Share, Stock, Terms, shares_of};

/// A session, once it has started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The session.
    pub session: Option<Box<Session>>,
}

/// A purchase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id: also the payment's and the order group's.
    pub checkout: ResourceId,
    /// What is to be bought.
    pub basket: Basket,
    /// How the buyer wants it.
    pub wishes: Wishes,
    /// How long what is waited for.
    pub waits: Waits,
    /// When it began.
    pub started_at: Timestamp,
    /// The most that the buyer agrees to pay.
    pub total_max: Option<Money>,
    /// How far it is.
    pub stage: Stage,
    /// Each vendor's part, once vendors are asked.
    pub shares: Vec<Share>,
    /// Until when vendors are asked to hold their stock.
    pub held_until: Timestamp,
    /// Until when the payment must be authorised.
    pub pay_until: Timestamp,
    /// The order's number, once there is one.
    pub order_number: Option<String>,
    /// Why vendors were dropped, or why it ends without an order.
    pub problems: Vec<Problem>,
    /// Whether an answer is so late that somebody should look.
    pub attention: bool,
}

/// How far a session is. Each stage waits for one thing, and knows what comes next; any of them but the last three may turn to
/// `Undoing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// For the buyer: then `Claiming`.
    Open,
    /// For the cart: then `Asking`.
    Claiming,
    /// For every vendor's terms and stock: then `Authorising`.
    Asking,
    /// For the money to be held: then `Placing`.
    Authorising {
        /// Where the buyer has to act, if so.
        action_url: Option<String>,
    },
    /// For the order group: then `Committing`.
    Placing,
    /// For every vendor's stock to be sold: then `Capturing`.
    Committing,
    /// For the money to be taken: then `Completed`.
    Capturing,
    /// For nothing: there is an order.
    Completed,
    /// For the money to be let go: then `Ended`.
    Undoing {
        /// How it ends.
        ending: Ending,
    },
    /// For nothing: there is no order, and nothing is held.
    Ended(Ending),
}

impl Stage {
    /// Whether nothing more will change.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Completed | Self::Ended(_))
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        if let Event::Started { checkout, basket, wishes, waits, at } = event {
            self.session = Some(Box::new(Session {
                checkout: checkout.clone(),
                basket: basket.clone(),
                wishes: (**wishes).clone(),
                waits: waits.clone(),
                started_at: *at,
                total_max: None,
                stage: Stage::Open,
                shares: Vec::new(),
                held_until: *at,
                pay_until: *at,
                order_number: None,
                problems: Vec::new(),
                attention: false,
            }));
        } else if let Some(session) = &mut self.session {
            session.evolve(event);
        }
    }
}

impl Session {
    /// The shares that are part of the purchase: vendors that were dropped are not.
    pub fn live_shares(&self) -> impl Iterator<Item = &Share> {
        self.shares.iter().filter(|share| share.stock != Stock::Dropped)
    }

    /// A share by its number.
    pub fn share(&self, number: u32) -> Option<&Share> {
        self.shares.iter().find(|share| share.number == number)
    }

    /// What everything is sold in.
    pub fn currency(&self) -> Option<Currency> {
        self.basket.lines.first().map(|line| line.price.currency)
    }

    /// What the live shares cost, delivery included; `None` if that cannot be counted.
    pub fn total(&self) -> Option<Money> {
        let totals: Option<Vec<Money>> = self.live_shares().map(Share::total).collect();
        Money::sum(totals?, self.currency()?).ok()
    }

    /// The lines of the live shares.
    pub fn bought(&self) -> impl Iterator<Item = &Line> {
        self.live_shares().flat_map(|share| &share.lines)
    }

    /// Where the buyer has to act, if so.
    pub fn action_url(&self) -> Option<&str> {
        if let Stage::Authorising { action_url } = &self.stage {
            action_url.as_deref()
        } else {
            None
        }
    }

    /// Whom the session waits for, as the public contract says it.
    pub fn waiting_for(&self) -> Vec<String> {
        let vendors = |waits: fn(&Share) -> bool| {
            let waiting = self.live_shares().filter(|share| waits(share));
            waiting.map(|share| share.vendor.to_string()).collect()
        };
        match &self.stage {
            Stage::Open | Stage::Completed | Stage::Ended(_) => Vec::new(),
            Stage::Claiming => vec!["cart".to_owned()],
            Stage::Asking => vendors(Share::is_pending),
            Stage::Committing => vendors(|share| share.stock != Stock::Sold),
            Stage::Placing => vec!["order".to_owned()],
            Stage::Authorising { .. } | Stage::Capturing | Stage::Undoing { .. } => {
                vec!["payment".to_owned()]
            }
        }
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            // A session starts once, in `State::evolve`; that its money is let go is followed by its end.
            Event::Started { .. } | Event::PaymentReleased => {}
            Event::Refreshed { basket } => self.basket = basket.clone(),
            Event::AddressSet { address, email } => {
                self.wishes.address = Some((**address).clone());
                if email.is_some() {
                    self.wishes.email.clone_from(email);
                }
            }
            Event::PaymentChosen { payment } => self.wishes.payment = Some(payment.clone()),
            Event::PlacementAsked { total_max } => {
                self.total_max = *total_max;
                self.stage = Stage::Claiming;
            }
            Event::VendorsAsked { held_until } => {
                self.held_until = *held_until;
                self.shares = shares_of(&self.checkout, &self.basket.lines);
                self.stage = Stage::Asking;
            }
            Event::PaymentAsked { until, held_until, .. } => {
                self.pay_until = *until;
                self.hold(*held_until, Stage::Authorising { action_url: None });
            }
            Event::ActionRequired { url, held_until } => {
                self.hold(*held_until, Stage::Authorising { action_url: Some(url.clone()) });
            }
            Event::PaymentAuthorised { held_until } => self.hold(*held_until, Stage::Placing),
            Event::OrderPlaced { number } => {
                self.order_number = Some(number.clone());
                self.stage = Stage::Committing;
            }
            Event::CaptureAsked => self.stage = Stage::Capturing,
            Event::Completed => self.rest_at(Stage::Completed),
            Event::AttentionNeeded { .. } => self.attention = true,
            Event::UndoStarted { ending, problems, owed } => {
                self.rest_at(Stage::Undoing { ending: *ending });
                self.problems.extend(problems.iter().cloned());
                self.each(&owed.stock, |share| share.stock = Stock::Released);
            }
            Event::Ended { ending } => self.rest_at(Stage::Ended(*ending)),
            Event::VendorsDropped { shares, problems } => {
                self.problems.extend(problems.iter().cloned());
                self.each(shares, |share| share.stock = Stock::Dropped);
            }
            Event::VendorQuoted { share, quote } => {
                self.each(&[*share], |share| share.take(quote));
            }
            Event::VendorRefused { share, problems } => {
                self.each(&[*share], |share| share.refuse_terms(problems));
            }
            Event::StockHeld { share } => self.each(&[*share], |share| share.stock = Stock::Held),
            Event::StockRefused { share, problems } => {
                self.each(&[*share], |share| share.refuse_stock(problems));
            }
            Event::StockSold { share } => self.each(&[*share], |share| share.stock = Stock::Sold),
        }
    }

    fn each(&mut self, numbers: &[u32], change: impl Fn(&mut Share)) {
        self.shares.iter_mut().filter(|share| numbers.contains(&share.number)).for_each(change);
    }

    /// Goes on to a stage for which stock may have to be held longer.
    fn hold(&mut self, until: Option<Timestamp>, stage: Stage) {
        self.held_until = until.unwrap_or(self.held_until);
        self.stage = stage;
    }

    fn rest_at(&mut self, stage: Stage) {
        self.stage = stage;
        self.attention = false;
    }
}
