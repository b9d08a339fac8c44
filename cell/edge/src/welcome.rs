//! What the edge shares with the cell's other processes for a while: who may come in again, and answers that are at hand for everybody.

use std::time::Duration;

use base_fault::{Code, Fault, Retry, Source};
use base_ids::Version;
use cell_kernel::{Audience, Caller};
use cell_runtime::ephemeral::{Arrival, Welcome};
use ring::digest::{SHA256, digest};

use crate::{Answered, Call, contract::Method, office::Office};

/// Answers that are larger are made anew.
const AT_HAND_BYTES_MAX: usize = 256 << 10;

impl Office {
    /// Lets a caller in whose session goes on and who keeps to their pace. Nobody in particular has neither; routers bound them by their
    /// addresses. Operators have no pace: what they do to many tenants is one work.
    pub(crate) async fn welcome(&self, caller: &Caller) -> Result<(), Fault> {
        let Some(who) = &caller.subject else { return Ok(()) };
        let pace = self.config.pace().filter(|_| caller.audience != Audience::Operator);
        let arrival = Arrival { who: who.as_str(), session: caller.session.as_deref(), pace };
        match self.ephemeral.welcome(arrival).await {
            Welcome::Come => Ok(()),
            Welcome::SessionEnded => {
                Err(Fault::caller(Code::Unauthenticated, "the session is over; sign in again"))
            }
            Welcome::After(wait) => {
                let often = self.config.calls_per_minute_max;
                let text = format!("more than {often} calls in a minute by one user");
                Err(Fault::new(Code::RateLimited, Source::Caller, Retry::After(wait), text))
            }
        }
    }

    /// Under which key the answer to a call is at hand for whoever asks the same; none for what is not the same for everybody, or lives
    /// elsewhere.
    pub(crate) fn at_hand(&self, method: &Method, call: &Call) -> Option<String> {
        let is_for_all = !method.mutation && call.caller.audience == Audience::Anonymous;
        let is_here = || self.desk.owns(&call.tenant, false).is_ok();
        (self.config.at_hand_ms > 0 && is_for_all && is_here()).then(|| {
            let request = hex::encode(digest(&SHA256, &call.request));
            format!("{}:{}:{request}", method.name, call.tenant)
        })
    }

    /// The answer, if it is at hand.
    pub(crate) async fn recall(&self, key: &str) -> Option<Answered> {
        let bytes = self.ephemeral.recall(key).await?;
        let (version, response) = bytes.split_first_chunk()?;
        let version = Version(u64::from_be_bytes(*version));
        self.count.at_hand();
        Some(Answered { response: response.to_vec(), version, replayed: false })
    }

    /// Keeps an answer at hand.
    pub(crate) async fn remember(&self, key: &str, answered: &Answered) {
        if answered.response.len() > AT_HAND_BYTES_MAX {
            return;
        }
        let mut bytes = answered.version.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(&answered.response);
        let lasts = Duration::from_millis(self.config.at_hand_ms);
        self.ephemeral.remember(key, &bytes, lasts).await;
    }
}
