//! Waiting for something to become so: asked again and again until a deadline, never once after a guess.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// The first wait between two tries; it doubles up to the longest.
const WAIT_MIN: Duration = Duration::from_millis(2);
const WAIT_MAX: Duration = Duration::from_millis(100);

/// It did not become so in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late<E> {
    /// How long was waited.
    pub waited: Duration,
    /// What the last try said.
    pub last: E,
}

impl<E: Debug> std::fmt::Display for Late<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not within {} ms; the last try said: {:?}", self.waited.as_millis(), self.last)
    }
}

impl<E: Debug> std::error::Error for Late<E> {}

/// Tries until it succeeds or `deadline` has passed. A try that is under way is always let finish, so at least one is made.
///
/// Errors: [`Late`] with what the last try said.
pub async fn eventually<T, E>(
    deadline: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, Late<E>> {
    let begun = Instant::now();
    let mut wait = WAIT_MIN;
    loop {
        match attempt().await {
            Ok(found) => return Ok(found),
            Err(last) if begun.elapsed() >= deadline => {
                return Err(Late { waited: begun.elapsed(), last });
            }
            Err(_) => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(WAIT_MAX);
    }
}
