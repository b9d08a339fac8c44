//! May a purchase be changed, placed, given up? And what follows from what others say.

mod buyer;
mod payment;
mod settle;
mod undo;
mod vendors;
mod waits;

use std::time::Duration;

use base_fault::Status;
use base_ids::ResourceId;
use base_time::Timestamp;
use cell_kernel::{Asked, Problem};

use crate::{
    command::{Ask, Command, News, PaymentNews, ShareOf},
    event::Event,
    facts::Facts,
    state::{Session, Share, Stage, State},
};

use cell_words::Trouble;

pub(crate) use buyer::missing;

/// Checkout saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such session.
    #[error("there is no checkout `{0}`")]
    CheckoutUnknown(ResourceId),
    /// Nothing is in the cart.
    #[error("cart `{0}` is empty")]
    CartEmpty(ResourceId),
    /// The cart is being bought, or was.
    #[error("cart `{0}` is being bought by another checkout, or was bought")]
    CartNotOpen(ResourceId),
    /// The cart is not what the buyer saw.
    #[error("cart `{0}` has changed since the checkout read it; refresh the checkout")]
    CartChanged(ResourceId),
    /// Something stands in the way.
    #[error("{count} problem(s) stand in the way: {list}", count = .0.len(), list = codes(.0))]
    NotReady(Vec<Problem>),
    /// The session was placed.
    #[error("the checkout is being placed, and can no longer be changed")]
    AlreadyPlaced,
    /// The payment is authorised.
    #[error("the checkout is too far to be cancelled; cancel the order once there is one")]
    PastCancelling,
    /// The session has ended.
    #[error("the checkout has ended; start another one")]
    HasEnded,
}

fn codes(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>().join(", ")
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::CheckoutUnknown(_) => "checkout_unknown",
            Self::CartEmpty(_) => "cart_empty",
            Self::CartNotOpen(_) => "cart_not_open",
            Self::CartChanged(_) => "cart_changed",
            Self::NotReady(_) => "checkout_not_ready",
            Self::AlreadyPlaced => "checkout_already_placed",
            Self::PastCancelling => "checkout_past_cancelling",
            Self::HasEnded => "checkout_has_ended",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::CheckoutUnknown(_) => Status::NotFound,
            _ => Status::FailedPrecondition,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        match self {
            Self::NotReady(problems) => problems.clone(),
            _ => Vec::new(),
        }
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    let Command { checkout, ask } = command;
    let Some(session) = state.session.as_deref() else {
        return match ask {
            Ask::Start { cart, wishes } => buyer::start(checkout, cart, wishes, facts, asked.at),
            Ask::Hear { .. } => Ok(Vec::new()),
            _ => Err(Refusal::CheckoutUnknown(checkout.clone())),
        };
    };
    match ask {
        // Ids are minted: it is the same session, asked for again.
        Ask::Start { .. } => Ok(Vec::new()),
        Ask::Refresh => buyer::refresh(session, facts),
        Ask::SetAddress { address, email } => buyer::set_address(session, address, email.as_ref()),
        Ask::ChoosePayment { payment } => buyer::choose_payment(session, payment),
        Ask::Place { total_max } => buyer::place(session, *total_max, facts, asked),
        Ask::Cancel => buyer::cancel(session, asked.at),
        Ask::Hear { news } => Ok(Course::run(session, asked.at, |course| hear(course, news))),
    }
}

/// Follows the news; never says no, since what others say has happened. News that does not fit the stage changes nothing.
fn hear(course: &mut Course, news: &News) {
    match news {
        News::CartClaimed => vendors::ask(course),
        News::CartRefused { code } => vendors::cart_refused(course, code),
        News::Quoted { share, quote } => vendors::quoted(course, share, quote),
        News::NotQuoted { share, problems } => vendors::not_quoted(course, share, problems),
        News::StockHeld { share, .. } => vendors::stock_held(course, share),
        News::StockRefused { share, shortages } => {
            vendors::stock_refused(course, share, shortages);
        }
        News::Payment(PaymentNews::Authorised) => payment::authorised(course),
        News::Payment(PaymentNews::ActionRequired { url }) => {
            payment::action_required(course, url);
        }
        News::Payment(PaymentNews::Captured) => payment::captured(course),
        News::Payment(PaymentNews::Voided) => payment::voided(course),
        News::Payment(failed) => payment::failed(course, failed),
        News::OrderPlaced { number } => settle::order_placed(course, number),
        News::StockCommitted { share, sold } => settle::committed(course, share, *sold),
        News::WaitOver(wait) => waits::over(course, *wait),
    }
}

/// What happens, event after event, with the session as it is after each.
struct Course {
    session: Session,
    events: Vec<Event>,
    now: Timestamp,
}

impl Course {
    fn run(session: &Session, now: Timestamp, go: impl FnOnce(&mut Self)) -> Vec<Event> {
        let mut course = Self { session: session.clone(), events: Vec::new(), now };
        go(&mut course);
        course.events
    }

    fn add(&mut self, event: Event) {
        self.session.evolve(&event);
        self.events.push(event);
    }

    /// The share that others speak of, if the session is at that stage, and if name and vendor agree.
    fn share(&self, of: &ShareOf, at: &Stage) -> Option<&Share> {
        let named = self.session.share(of.number).filter(|share| share.vendor == of.vendor);
        named.filter(|_| self.session.stage == *at)
    }

    /// A later end of the stock's promise, if it would end before `needed`.
    fn longer_hold(&self, needed: Timestamp) -> Option<Timestamp> {
        let promise = Duration::from_millis(self.session.waits.stock_ms);
        (self.session.held_until < needed).then(|| needed.max(self.now.after(promise)))
    }
}
