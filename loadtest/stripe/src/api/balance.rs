//! `/v1/balance`: a cheap call to see that key and server are right, and what money is here.

use serde_json::json;

use super::Ask;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::params::Params;

/// `GET /v1/balance`
pub(crate) fn retrieve(ask: Ask<'_>) -> Result<Effect, ApiError> {
    Params::new(ask.form).finish()?;
    let sums = ask.ledger.accounts().money;
    let amounts = |of: &dyn Fn(&crate::ledger::Money) -> i64| {
        sums.iter()
            .map(|(currency, money)| {
                let amount = of(money);
                json!({
                    "amount": amount,
                    "currency": currency,
                    "source_types": { "card": amount },
                })
            })
            .collect::<Vec<_>>()
    };
    Ok(Effect::read(json!({
        "object": "balance",
        // Payouts are not played: what came in stays pending.
        "available": amounts(&|_| 0),
        "livemode": false,
        "pending": amounts(&|money| money.captured - money.refunded),
    })))
}
