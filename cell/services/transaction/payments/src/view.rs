//! How others read payments: each one whole.

use base_ids::{ResourceId, Tenant};
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{Payments as Service, state};

/// A buyer's payments; keyed by the payment's id.
pub struct Payments;

/// One payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: ResourceId,
    /// Whose.
    pub user: Tenant,
    /// All of it.
    pub payment: state::Payment,
}

impl View<Service> for Payments {
    const NAME: &'static str = "payments";
    type Row = Payment;

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<Payment>) {
        if let (Some(id), Some(payment)) = (Service::payment_id(seen.key), seen.state.payment()) {
            let user = seen.tenant.clone();
            rows.put(id.as_str(), &Payment { id: id.clone(), user, payment: payment.clone() });
        }
    }
}
