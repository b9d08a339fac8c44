//! What was asked of others is taken back, in the reverse order, whether or not they have answered.

use cell_kernel::Problem;

use super::{Course, payment};
use crate::{
    event::{Ending, Event, Owed},
    state::{Session, Stage, Stock},
};

/// Any stage before an end → Undoing, and → Ended at once if no money was asked for. The others need not answer: an undoing that
/// overtakes what it undoes wins.
pub(super) fn start(course: &mut Course, ending: Ending, problems: Vec<Problem>) {
    let owed = owed(&course.session);
    let payment = owed.payment;
    course.add(Event::UndoStarted { ending, problems, owed });
    if !payment {
        course.add(Event::Ended { ending });
    }
}

/// It ends for one reason.
pub(super) fn fail(course: &mut Course, problem: Problem) {
    start(course, Ending::Failed, vec![problem]);
}

/// What was asked of others, and not yet taken back.
fn owed(session: &Session) -> Owed {
    let over = |stock| matches!(stock, Stock::Dropped | Stock::Released);
    let shares = session.shares.iter().filter(|share| !over(share.stock));
    Owed {
        order: matches!(session.stage, Stage::Placing | Stage::Committing | Stage::Capturing),
        stock: shares.map(|share| share.number).collect(),
        payment: payment::owes_payment(&session.stage),
        cart: session.stage != Stage::Open,
    }
}
