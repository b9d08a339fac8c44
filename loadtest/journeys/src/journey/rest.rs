//! Waiting until a market is at rest, and saying whether its books balance then.

use std::{cell::RefCell, time::Duration};

use base_testkit::eventually;

use super::stage::Set;
use crate::{
    accounts::{Books, Made},
    say,
};

/// How long everything may take to come to rest.
const PATIENCE: Duration = Duration::from_mins(3);

/// Waits until the books balance, or for long enough, and prints them; true if they do.
pub(super) async fn books_balance(set: &Set, made: &[Made]) -> anyhow::Result<bool> {
    say::step("waiting until everything is at rest");
    let last = RefCell::new(Books::default());
    let balanced = eventually(PATIENCE, async || {
        let books = Books::draw_up(&set.fleet, &set.market, made)
            .await
            .map_err(|error| vec![format!("{error:#}")])?;
        let troubles = books.troubles();
        *last.borrow_mut() = books;
        if troubles.is_empty() { Ok(()) } else { Err(troubles) }
    });
    let outcome = balanced.await;
    last.borrow().print();
    if let Err(late) = &outcome {
        for trouble in &late.last {
            say::bad(trouble);
        }
    }
    Ok(outcome.is_ok())
}
