//! The purchases that are tried: what the buyer wants, how it is paid, what the vendors do.

use strum::{Display, EnumIter, EnumString};

/// A purchase from two vendors in two other cells.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Scenario {
    /// By card; both vendors deliver.
    Card,
    /// By card, after the buyer has acted; one vendor accepts and takes its time.
    CardAction,
    /// The card is declined.
    CardDeclined,
    /// The buyer has to act for the card and never does.
    CardForgotten,
    /// The hold on the card is lost when everything is sold and the money is to be taken.
    CaptureFails,
    /// In cash; both vendors deliver.
    CashOnDelivery,
    /// One vendor has too little.
    OutOfStock,
    /// One vendor has too little, and the buyer takes what there is.
    ShipWhatYouCan,
    /// By card; one vendor rejects its part.
    VendorRejects,
    /// By card; the buyer cancels the order before anybody ships.
    OrderCancelled,
    /// The buyer gives up before placing.
    CancelBeforePlace,
    /// The buyer gives up while vendors are asked.
    CancelWhileReserving,
    /// A visitor without an account; one vendor never answers.
    Guest,
}

/// What makes a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) guest: bool,
    pub(crate) instrument: Option<&'static str>,
    pub(crate) acts: bool,
    /// How many copies of each offer.
    pub(crate) quantities: [i64; 2],
    pub(crate) ship_what_you_can: bool,
    pub(crate) gives_up: GivesUp,
    /// What each vendor does with a paid order.
    pub(crate) deeds: [Deed; 2],
    /// How it ends on good days.
    pub(crate) ends: End,
}

/// When the buyer gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivesUp {
    Never,
    BeforePlacing,
    WhileReserving,
    AfterTheOrder,
}

/// What a vendor does with a paid order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Delivers,
    Accepts,
    Rejects,
    KeepsSilent,
}

/// How a checkout ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
#[strum(serialize_all = "lowercase")]
pub enum End {
    /// With an order.
    Completed,
    /// Without one, because something was in the way.
    Failed,
    /// Without one, because the buyer gave up.
    Cancelled,
}

impl Scenario {
    pub(crate) fn plan(self) -> Plan {
        let card = Plan {
            guest: false,
            instrument: Some("pm_card_visa"),
            acts: false,
            quantities: [2, 1],
            ship_what_you_can: false,
            gives_up: GivesUp::Never,
            deeds: [Deed::Delivers, Deed::Delivers],
            ends: End::Completed,
        };
        let action = Some("pm_card_authenticationRequired");
        let failed = Plan { ends: End::Failed, ..card };
        match self {
            Self::Card => card,
            Self::CardAction => Plan {
                instrument: action,
                acts: true,
                deeds: [Deed::Accepts, Deed::Delivers],
                ..card
            },
            Self::CardDeclined => Plan { instrument: Some("pm_card_chargeDeclined"), ..failed },
            Self::CardForgotten => Plan { instrument: action, ..failed },
            Self::CaptureFails => Plan { instrument: Some(crate::bank::HOLLOW), ..failed },
            Self::CashOnDelivery => Plan { instrument: None, ..card },
            Self::OutOfStock => Plan { quantities: [1, 11], ..failed },
            Self::ShipWhatYouCan => Plan { quantities: [1, 11], ship_what_you_can: true, ..card },
            Self::VendorRejects => Plan { deeds: [Deed::Delivers, Deed::Rejects], ..card },
            Self::OrderCancelled => {
                Plan { gives_up: GivesUp::AfterTheOrder, deeds: [Deed::KeepsSilent; 2], ..card }
            }
            Self::CancelBeforePlace => {
                Plan { gives_up: GivesUp::BeforePlacing, ends: End::Cancelled, ..card }
            }
            Self::CancelWhileReserving => {
                Plan { gives_up: GivesUp::WhileReserving, ends: End::Cancelled, ..card }
            }
            Self::Guest => Plan { guest: true, deeds: [Deed::Delivers, Deed::KeepsSilent], ..card },
        }
    }
}
