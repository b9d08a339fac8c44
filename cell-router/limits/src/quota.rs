//! What a sender is told about a limit: the fields `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).

use std::time::Duration;

use crate::Rate;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All that comes from one client address.
    Address,
    /// What comes from one client address for one class of routes.
    Route,
    /// All that is sent to one tenant, by its owner or by others.
    Tenant,
}

/// How far a sender has used up a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What the limit counts.
    pub scope: Scope,
    /// The limit.
    pub rate: Rate,
    /// Requests that are left.
    pub left: u32,
    /// Until all are there again.
    pub full_in: Duration,
    /// Until one may be sent, if none is left.
    pub wait: Option<Duration>,
}

impl Scope {
    /// Its name in the fields and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Route => "route",
            Self::Tenant => "tenant",
        }
    }
}

impl Quota {
    /// The value of `RateLimit-Policy`: quota and window.
    pub fn policy(&self) -> String {
        let (name, burst, window) = (self.scope.as_str(), self.rate.burst, up(self.rate.window()));
        format!("\"{name}\";q={burst};w={window}")
    }

    /// The value of `RateLimit`: what remains, and the seconds until the whole quota is there again.
    pub fn limit(&self) -> String {
        format!("\"{}\";r={};t={}", self.scope.as_str(), self.left, up(self.full_in))
    }

    /// Whether less than half is left, so that the sender had better know.
    pub fn is_low(&self) -> bool {
        self.left < self.rate.burst.div_ceil(2)
    }

    /// Which of two is nearer to its end.
    pub fn tighter(self, other: Self) -> Self {
        let (own, others) = (u64::from(self.left), u64::from(other.left));
        let own_is = own * u64::from(other.rate.burst) <= others * u64::from(self.rate.burst);
        if own_is { self } else { other }
    }
}

/// Whole seconds, rounded up.
fn up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Quota, Scope};
    use crate::Rate;

    #[test]
    fn the_fields_are_written_as_the_draft_says() {
        let rate = Rate::new(10, 25);
        let (left, full_in) = (3, Duration::from_millis(2_200));
        let quota = Quota { scope: Scope::Tenant, rate, left, full_in, wait: None };
        assert_eq!(quota.policy(), "\"tenant\";q=25;w=3");
        assert_eq!(quota.limit(), "\"tenant\";r=3;t=3");
        assert!(quota.is_low());
        let roomy = Quota { scope: Scope::Address, left: 20, ..quota };
        assert!(!roomy.is_low());
        assert_eq!(quota.tighter(roomy).scope, Scope::Tenant);
        assert_eq!(roomy.tighter(quota).scope, Scope::Tenant);
    }
}
