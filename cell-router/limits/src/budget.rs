//! A budget for retries: at most one in ten requests, so that trouble is not made ten times worse.

use std::sync::atomic::{AtomicI64, Ordering};

/// What one retry costs; a request earns a tenth of it.
const RETRY: i64 = 10;
/// Retries that may be saved up, and that a quiet cell has from the start.
const SAVED_MAX: i64 = 10 * RETRY;

/// Retries that may be made to one cell: a tenth of its requests, and ten in reserve.
#[derive(Debug)]
pub struct RetryBudget {
    tenths: AtomicI64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tenths: AtomicI64::new(SAVED_MAX) }
    }
}

impl RetryBudget {
    /// A first try was made.
    pub fn earn(&self) {
        // Two at once may go over the top by one, and the next one cuts it.
        if self.tenths.fetch_add(1, Ordering::Relaxed) >= SAVED_MAX {
            self.tenths.store(SAVED_MAX, Ordering::Relaxed);
        }
    }

    /// Pays for a retry; false if there is nothing left to pay with.
    pub fn pay(&self) -> bool {
        let paid = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
            (tenths >= RETRY).then_some(tenths - RETRY)
        });
        paid.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::RetryBudget;

    proptest! {
        #[test]
        fn retries_are_a_tenth_of_the_requests_and_a_reserve(asks in prop::collection::vec(any::<bool>(), 0..3_000)) {
            let budget = RetryBudget::default();
            let (mut requests, mut retries) = (0_u32, 0_u32);
            for wants_retry in asks {
                if wants_retry {
                    retries += u32::from(budget.pay());
                } else {
                    budget.earn();
                    requests += 1;
                }
                prop_assert!(retries <= 10 + requests / 10);
            }
        }
    }

    #[test]
    fn what_is_saved_up_is_bounded() {
        let budget = RetryBudget::default();
        for _ in 0..10_000 {
            budget.earn();
        }
        assert_eq!((0..100).filter(|_| budget.pay()).count(), 10);
    }
}
