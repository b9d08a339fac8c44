//! What a payment has come to, as whoever asked for it is told.

use cell_kernel::Unreadable;
use serde::Serialize;
use souk_proto::souk::payments::v1::{PaymentOutcome, payment_outcome::Status};

/// What has become of the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PaymentNews {
    /// The money is held, or promised at the door.
    Authorised,
    /// The buyer has to act.
    ActionRequired {
        /// Where.
        url: String,
    },
    /// It was declined.
    Declined {
        /// The provider's code.
        reason: String,
    },
    /// It took too long.
    Expired,
    /// Nothing is held or taken any more.
    Voided,
    /// The money is taken, or expected at the door.
    Captured,
    /// The money could not be taken.
    CaptureFailed {
        /// The provider's code.
        reason: String,
    },
}

impl PaymentNews {
    /// As payments has told it.
    pub fn read(told: &PaymentOutcome) -> Result<Self, Unreadable> {
        let (url, reason) = (told.action_url.clone(), told.reason.clone());
        match told.status() {
            Status::Authorised => Ok(Self::Authorised),
            Status::RequiresAction => Ok(Self::ActionRequired { url }),
            Status::Declined => Ok(Self::Declined { reason }),
            Status::Expired => Ok(Self::Expired),
            Status::Voided => Ok(Self::Voided),
            Status::Captured => Ok(Self::Captured),
            Status::CaptureFailed => Ok(Self::CaptureFailed { reason }),
            Status::Unspecified => {
                Err(Unreadable(format!("payment status {} is not known", told.status)))
            }
        }
    }
}
