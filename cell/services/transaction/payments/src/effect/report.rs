//! What a provider can say about a payment, in our words. Saying it again, or late, or in another order, ends the same.

use base_ids::ResourceId;
use base_money::Money;
use serde::{Deserialize, Serialize};

/// What a provider says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// How an attempt stands.
    Intent(IntentReport),
    /// How a refund stands.
    Refund(RefundReport),
    /// It will not take the money that it holds.
    CaptureRefused {
        /// For which attempt.
        attempt: u32,
        /// Its code for why.
        reason: String,
    },
}

/// How an attempt stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentReport {
    /// Which attempt.
    pub attempt: u32,
    /// The provider's name for it; `None` if the provider never heard of it.
    pub intent: Option<String>,
    /// What it is about, as the provider has it; `None` if the provider never heard of it.
    pub amount: Option<Money>,
    /// How it stands.
    pub standing: Standing,
    /// With [`Standing::Taken`]: how much was taken.
    pub received: Option<Money>,
    /// With [`Standing::Failed`] or [`Standing::Gone`]: the provider's code for why.
    pub reason: String,
    /// With [`Standing::ActionRequired`]: where the buyer acts.
    pub action_url: String,
}

/// How an attempt stands. One attempt only ever moves down this list, so of two reports the later one in it is the newer,
/// whichever came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The provider was asked.
    Asked,
    /// The buyer has to act.
    ActionRequired,
    /// The bank takes its time.
    Processing,
    /// Refused, or never made.
    Failed,
    /// The money is held.
    Held,
    /// The hold was let go.
    Gone,
    /// The money is taken.
    Taken,
}

/// How a refund stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundReport {
    /// Of which child order's share.
    pub order: ResourceId,
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub standing: RefundStanding,
}

/// How a refund stands; like [`Standing`], it only ever moves down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStanding {
    /// On its way.
    Pending,
    /// With the buyer.
    Done,
    /// It could not be made, or it came back.
    Failed,
}
