//! What a share's vendor is asked, and asked to take back.

use base_time::Timestamp;
use souk_proto::souk::{
    inventory::v1::{CommitReservation, ExtendReservation, ReleaseReservation, ReserveStock},
    offers::v1::QuoteOffers,
};

use crate::{ReplyTo, Share};

impl Share {
    /// Asks for the vendor's terms.
    pub fn quote(&self, reply: &ReplyTo) -> QuoteOffers {
        let (reply_tenant, reply_service) = reply.names();
        let lines = self.lines.iter().map(Into::into).collect();
        QuoteOffers { quote: self.name.to_string(), reply_tenant, reply_service, lines }
    }

    /// Asks to hold its stock.
    pub fn reserve(&self, reply: &ReplyTo, until: Timestamp) -> ReserveStock {
        let (reply_tenant, reply_service) = reply.names();
        ReserveStock {
            reservation: self.name.to_string(),
            reply_tenant,
            reply_service,
            lines: self.lines.iter().map(Into::into).collect(),
            until_ms: until.as_millis(),
        }
    }

    /// Asks to hold its stock longer.
    pub fn extend(&self, until: Timestamp) -> ExtendReservation {
        ExtendReservation { reservation: self.name.to_string(), until_ms: until.as_millis() }
    }

    /// Asks to sell what is held.
    pub fn commit(&self, reply: &ReplyTo) -> CommitReservation {
        let (reply_tenant, reply_service) = reply.names();
        CommitReservation { reservation: self.name.to_string(), reply_tenant, reply_service }
    }

    /// Lets go what is held.
    pub fn release(&self, reason: &str) -> ReleaseReservation {
        ReleaseReservation { reservation: self.name.to_string(), reason: reason.to_owned() }
    }
}
