//! Giving captured money back, and what the bank says to it later.

use std::collections::BTreeMap;

use super::Payment;
use crate::card::{self, RefundFate};
use crate::charge::{Refund, RefundStatus};
use crate::currency;
use crate::error::ApiError;
use crate::event::Told;
use crate::ids;

/// A refund as asked for, already read.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRefund {
    pub(crate) amount: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Payment {
    /// Gives captured money back; never more than was captured and not yet given back.
    pub(crate) fn refund(&mut self, ask: NewRefund) -> Result<Refund, ApiError> {
        let now = self.now;
        let intent = self.intent.id.clone();
        let Some(charge) = self.charge.as_mut().filter(|charge| charge.captured) else {
            return Err(ApiError::request(format!(
                "This PaymentIntent ({intent}) does not have a successful charge to refund."
            ))
            .keep());
        };
        let left = charge.refundable();
        if left == 0 {
            return Err(ApiError::request(format!(
                "Charge {} has already been refunded.",
                charge.id
            ))
            .code("charge_already_refunded")
            .keep());
        }
        let amount = ask.amount.unwrap_or(left);
        if amount < 1 {
            return Err(ApiError::invalid(
                "This value must be greater than or equal to 1.",
                "amount",
            )
            .code("parameter_invalid_integer"));
        }
        if amount > left {
            return Err(ApiError::invalid(
                format!(
                    "Refund amount ({}) is greater than unrefunded amount on charge ({})",
                    currency::shown(amount, &charge.currency),
                    currency::shown(left, &charge.currency)
                ),
                "amount",
            )
            .keep());
        }
        charge.amount_refunded += amount;
        let status = match card::refund_fate(&charge.token) {
            RefundFate::Succeeds => RefundStatus::Succeeded,
            RefundFate::Waits => RefundStatus::Pending,
        };
        let refund = Refund {
            id: ids::fresh("re_3"),
            created: now,
            intent,
            charge: charge.id.clone(),
            amount,
            currency: charge.currency.clone(),
            status,
            reason: ask.reason,
            metadata: ask.metadata,
        };
        self.told.push(Told::refund("refund.created", &refund));
        self.tell_charge("charge.refunded");
        Ok(refund)
    }

    /// The bank has answered a refund: a pending one arrives or fails, a made one may bounce.
    pub(crate) fn settle_refund(
        &mut self,
        refund: &mut Refund,
        arrived: bool,
    ) -> Result<(), ApiError> {
        let (status, kind) = match (refund.status, arrived) {
            (RefundStatus::Pending, true) => (RefundStatus::Succeeded, "refund.updated"),
            (RefundStatus::Pending | RefundStatus::Succeeded, false) => {
                (RefundStatus::Failed, "refund.failed")
            }
            (now, _) => {
                return Err(ApiError::request(format!(
                    "Refund {} has a status of {} and cannot be settled so.",
                    refund.id,
                    now.as_str()
                )));
            }
        };
        refund.status = status;
        if status == RefundStatus::Failed
            && let Some(charge) = &mut self.charge
        {
            charge.amount_refunded -= refund.amount;
        }
        self.told.push(Told::refund(kind, refund));
        if status == RefundStatus::Failed {
            self.told.push(Told::refund("refund.updated", refund));
        }
        self.told.push(Told::refund("charge.refund.updated", refund));
        Ok(())
    }
}
