//! Steps of a payment that no client asks for: the buyer's and the bank's side of it.

use crate::api::{Ask, payment_intents};
use crate::clock;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::form::Form;
use crate::ledger::{Ledger, Row};
use crate::payment::Payment;
use crate::render;
use crate::shared::{Done, Origin, Shared};

/// The buyer passes or fails 3-D Secure; without a name, whichever challenge is open.
pub(crate) fn challenge(shared: &Shared, id: &str, named: Option<&str>, passed: bool) -> Done {
    step(shared, id, |ledger, payment| {
        let open = payment.intent.challenge.clone().unwrap_or_default();
        let named = named.unwrap_or(&open);
        if !passed {
            payment.fail_authentication(named)?;
            return Ok(None);
        }
        let method = payment.intent.payment_method.as_ref();
        let method = method.and_then(|id| ledger.methods.get(id)).ok_or_else(|| {
            ApiError::unexpected_state(
                &payment.intent,
                "This PaymentIntent has no payment method to authenticate.",
            )
        })?;
        // A refusal after 3-D Secure is told by events and by the intent itself.
        payment.authenticate(named, method)?;
        Ok(None)
    })
}

/// The bank answers a payment that was processing.
pub(crate) fn settle(shared: &Shared, id: &str, came: bool) -> Done {
    step(shared, id, |_, payment| payment.settle(came).map(|()| None))
}

/// The bank lets an uncaptured hold go.
pub(crate) fn expire(shared: &Shared, id: &str) -> Done {
    step(shared, id, |_, payment| payment.expire().map(|()| None))
}

/// The bank answers a refund; nothing if there is no such refund.
pub(crate) fn settle_refund(shared: &Shared, id: &str, arrived: bool) -> Option<Done> {
    let intent = shared.read(|ledger| ledger.refunds.get(id).map(|it| it.intent.clone())).0?;
    Some(step(shared, &intent, |ledger, payment| {
        let mut refund = ledger
            .refunds
            .get(id)
            .cloned()
            .ok_or_else(|| ApiError::missing("refund", id, "refund"))?;
        payment.settle_refund(&mut refund, arrived)?;
        Ok(Some(Row::Refund(Box::new(refund))))
    }))
}

fn step(
    shared: &Shared,
    id: &str,
    step: impl FnOnce(&Ledger, &mut Payment) -> Result<Option<Row>, ApiError>,
) -> Done {
    shared.transact(Origin::default(), |ledger| {
        let form = Form::default();
        let ask = Ask { ledger, form: &form, now: clock::now(), base: &shared.base };
        let mut payment = payment_intents::resume(ask, id)?;
        let row = step(ledger, &mut payment)?;
        let body = render::intent(&payment.intent, ask.base);
        Ok(Effect::of(payment, body).and(row))
    })
}
