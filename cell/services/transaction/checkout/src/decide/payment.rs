//! What follows from what the payment has come to.

use std::time::Duration;

use super::{Course, Trouble, undo};
use crate::{command::PaymentNews, event::Event, state::Stage};

/// Authorising → Placing. Stock that would not be held until everything is settled is asked for longer.
pub(super) fn authorised(course: &mut Course) {
    if matches!(course.session.stage, Stage::Authorising { .. }) {
        let settled = course.now.after(Duration::from_millis(course.session.waits.giving_up_ms));
        let held_until = course.longer_hold(settled);
        course.add(Event::PaymentAuthorised { held_until });
    }
}

/// Authorising → Authorising: the buyer takes their time, and the stock must wait for it.
pub(super) fn action_required(course: &mut Course, url: &str) {
    let Stage::Authorising { action_url } = &course.session.stage else { return };
    if action_url.as_deref() != Some(url) {
        let waits = &course.session.waits;
        let settled = course.session.pay_until.after(Duration::from_millis(waits.giving_up_ms));
        let held_until = course.longer_hold(settled);
        course.add(Event::ActionRequired { url: url.to_owned(), held_until });
    }
}

/// Capturing → Completed.
pub(super) fn captured(course: &mut Course) {
    if course.session.stage == Stage::Capturing {
        course.add(Event::Completed);
    }
}

/// Authorising, Placing, Committing, Capturing → Undoing: the money is not there, or no longer.
pub(super) fn failed(course: &mut Course, news: &PaymentNews) {
    let (trouble, text) = match news {
        PaymentNews::Declined { reason } => {
            (Trouble::PaymentDeclined, text("the payment was declined", reason))
        }
        PaymentNews::CaptureFailed { reason } => {
            (Trouble::CaptureFailed, text("the money could not be taken", reason))
        }
        _ => (Trouble::PaymentExpired, "the payment was not made in time; try again".to_owned()),
    };
    if owes_payment(&course.session.stage) {
        undo::fail(course, trouble.about("payment", text));
    }
}

/// Undoing → Ended, as asked. Voided by anybody else, it is a payment that failed.
pub(super) fn voided(course: &mut Course) {
    if let Stage::Undoing { ending } = course.session.stage {
        course.add(Event::PaymentReleased);
        course.add(Event::Ended { ending });
    } else {
        failed(course, &PaymentNews::Voided);
    }
}

/// Whether a payment was asked for and nothing is final.
pub(super) fn owes_payment(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Authorising { .. } | Stage::Placing | Stage::Committing | Stage::Capturing
    )
}

fn text(said: &str, reason: &str) -> String {
    match reason {
        "" => format!("{said}; choose another way to pay"),
        reason => format!("{said} ({reason}); choose another way to pay"),
    }
}
