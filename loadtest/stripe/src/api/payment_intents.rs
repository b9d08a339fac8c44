//! `/v1/payment_intents`: reads the parameters, takes the step, answers with the intent.

use super::Ask;
use super::page::Page;
use crate::card::{self, Method};
use crate::currency;
use crate::effect::Effect;
use crate::error::ApiError;
use crate::ids;
use crate::intent::{CaptureMethod, Intent, NewIntent};
use crate::ledger::{Ledger, Row};
use crate::params::Params;
use crate::payment::{Confirm, Payment};
use crate::render;
use crate::webhook;

const NOUN: &str = "payment_intent";
/// Metadata key that names the webhook endpoint of one intent.
pub(crate) const WEBHOOK_KEY: &str = "webhook_url";

const REASONS: [(&str, &str); 4] = [
    ("duplicate", "duplicate"),
    ("fraudulent", "fraudulent"),
    ("requested_by_customer", "requested_by_customer"),
    ("abandoned", "abandoned"),
];

/// `POST /v1/payment_intents`
pub(crate) fn create(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let confirm = params.boolean("confirm")?;
    let how = read_confirm(&mut params)?;
    let (new, method, row) = read_new(ask, &mut params)?;
    params.list("expand")?;
    params.finish()?;
    if !confirm {
        for (given, name) in [
            (how.return_url.is_some(), "return_url"),
            (how.off_session, "off_session"),
            (how.error_on_requires_action, "error_on_requires_action"),
        ] {
            if given {
                return Err(ApiError::invalid(
                    format!(
                        "The parameter `{name}` cannot be passed when creating a PaymentIntent \
                         unless `confirm` is set to true."
                    ),
                    name,
                ));
            }
        }
    }
    let payment = Payment::create(new, ask.now);
    let effect = if confirm {
        confirmed(ask, payment, method.as_ref(), how)?
    } else {
        answered(ask, payment)
    };
    Ok(effect.and(row))
}

/// `POST /v1/payment_intents/{id}/confirm`
pub(crate) fn confirm(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let payment = resume(ask, id)?;
    let mut params = Params::new(ask.form);
    let how = read_confirm(&mut params)?;
    let (given, row) = match params.text("payment_method")? {
        Some(name) => {
            let (method, row) = resolve(ask, name)?;
            (Some(method), row)
        }
        None => (None, None),
    };
    params.list("expand")?;
    params.finish()?;
    let kept = payment.intent.payment_method.as_deref();
    let method = given.or_else(|| kept.and_then(|id| ask.ledger.methods.get(id)).cloned());
    Ok(confirmed(ask, payment, method.as_ref(), how)?.and(row))
}

/// `POST /v1/payment_intents/{id}/capture`
pub(crate) fn capture(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let mut payment = resume(ask, id)?;
    let mut params = Params::new(ask.form);
    let amount = params.integer("amount_to_capture")?;
    if params.text("final_capture")? == Some("false") {
        return Err(ApiError::invalid(
            "This account does not have the multicapture feature: final_capture must be true.",
            "final_capture",
        ));
    }
    let metadata = params.metadata()?;
    params.list("expand")?;
    params.finish()?;
    payment.intent.metadata.extend(metadata);
    payment.capture(amount)?;
    Ok(answered(ask, payment))
}

/// `POST /v1/payment_intents/{id}/cancel`
pub(crate) fn cancel(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let mut payment = resume(ask, id)?;
    let mut params = Params::new(ask.form);
    let reason = params.choice("cancellation_reason", &REASONS)?;
    params.list("expand")?;
    params.finish()?;
    payment.cancel(reason.map(str::to_owned))?;
    Ok(answered(ask, payment))
}

/// `GET /v1/payment_intents/{id}`
pub(crate) fn retrieve(ask: Ask<'_>, id: &str) -> Result<Effect, ApiError> {
    let intent = find(ask.ledger, id)?;
    let mut params = Params::new(ask.form);
    params.list("expand")?;
    params.text("client_secret")?;
    params.finish()?;
    Ok(Effect::read(render::intent(intent, ask.base)))
}

/// `GET /v1/payment_intents`
pub(crate) fn list(ask: Ask<'_>) -> Result<Effect, ApiError> {
    let mut params = Params::new(ask.form);
    let page = Page::read(&mut params)?;
    let customer = params.string("customer")?;
    params.list("expand")?;
    params.finish()?;
    let list = page.cut(
        &ask.ledger.intents,
        "/v1/payment_intents",
        NOUN,
        |it| customer.is_none() || it.customer == customer,
        |it| render::intent(it, ask.base),
    )?;
    Ok(Effect::read(list))
}

/// Takes up the payment of an intent.
pub(crate) fn resume(ask: Ask<'_>, id: &str) -> Result<Payment, ApiError> {
    let intent = find(ask.ledger, id)?.clone();
    let charge = intent.latest_charge.as_ref().and_then(|id| ask.ledger.charges.get(id)).cloned();
    Ok(Payment::resume(intent, charge, ask.now))
}

fn find<'a>(ledger: &'a Ledger, id: &str) -> Result<&'a Intent, ApiError> {
    ledger.intents.get(id).ok_or_else(|| ApiError::missing(NOUN, id, "intent"))
}

fn answered(ask: Ask<'_>, payment: Payment) -> Effect {
    let body = render::intent(&payment.intent, ask.base);
    Effect::of(payment, body)
}

/// Confirms; a refusal of the issuer is answered with 402 and changes the intent all the same.
fn confirmed(
    ask: Ask<'_>,
    mut payment: Payment,
    method: Option<&Method>,
    how: Confirm,
) -> Result<Effect, ApiError> {
    Ok(match payment.confirm(method, how)? {
        None => answered(ask, payment),
        Some(decline) => {
            let error = ApiError::declined(&payment.intent, &decline);
            Effect::of(payment, error.body(ask.base)).status(error.status)
        }
    })
}

fn read_confirm(params: &mut Params<'_>) -> Result<Confirm, ApiError> {
    let return_url = params.string("return_url")?;
    if let Some(url) = &return_url
        && !url.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some())
    {
        return Err(ApiError::invalid("Not a valid URL", "return_url").code("url_invalid"));
    }
    Ok(Confirm {
        return_url,
        off_session: params.boolean("off_session")?,
        error_on_requires_action: params.boolean("error_on_requires_action")?,
    })
}

type New = (NewIntent, Option<Method>, Option<Row>);

fn read_new(ask: Ask<'_>, params: &mut Params<'_>) -> Result<New, ApiError> {
    let amount = params.required_integer("amount")?;
    let currency = currency::read(params.required_text("currency")?)?;
    currency::check_amount(amount, &currency)?;
    let capture_method = params
        .choice("capture_method", &CaptureMethod::CHOICES)?
        .unwrap_or(CaptureMethod::Automatic);
    params.choice("confirmation_method", &[("automatic", ())])?;
    let (payment_method_types, automatic_payment_methods) = read_types(params)?;
    let metadata = params.metadata()?;
    if let Some(url) = metadata.get(WEBHOOK_KEY) {
        webhook::read_url(url)
            .map_err(|message| ApiError::invalid(message, "metadata[webhook_url]"))?;
    }
    let (method, row) = match params.text("payment_method")? {
        Some(name) => {
            let (method, row) = resolve(ask, name)?;
            (Some(method), row)
        }
        None => (None, None),
    };
    let new = NewIntent {
        amount,
        currency,
        capture_method,
        payment_method: method.as_ref().map(|method| method.id.clone()),
        payment_method_types,
        automatic_payment_methods,
        metadata,
        transfer_group: params.string("transfer_group")?,
        description: params.string("description")?,
        receipt_email: params.string("receipt_email")?,
        statement_descriptor: params.string("statement_descriptor")?,
        statement_descriptor_suffix: params.string("statement_descriptor_suffix")?,
        customer: params.string("customer")?,
    };
    Ok((new, method, row))
}

/// Which kinds of payment method are allowed, and whether Stripe was asked to choose them.
fn read_types(params: &mut Params<'_>) -> Result<(Vec<String>, bool), ApiError> {
    let types = params.list("payment_method_types")?;
    let automatic = params.map("automatic_payment_methods")?;
    let is_automatic = automatic
        .as_ref()
        .and_then(|it| it.get("enabled"))
        .is_some_and(|enabled| enabled == "true");
    match types {
        Some(_) if automatic.is_some() => Err(ApiError::invalid(
            "You may only specify one of these parameters: automatic_payment_methods, \
             payment_method_types.",
            "payment_method_types",
        )),
        Some(types) => {
            let strange = types
                .iter()
                .find(|kind| !["card", "link", "us_bank_account"].contains(&kind.as_str()));
            match strange {
                Some(kind) => Err(ApiError::invalid(
                    format!(
                        "The payment method type \"{kind}\" is invalid. Please ensure the \
                         provided type is activated in your dashboard."
                    ),
                    "payment_method_types",
                )),
                None => Ok((types, false)),
            }
        }
        None => Ok((vec!["card".to_owned()], is_automatic)),
    }
}

/// A payment method by its id, or a new one made from a test token.
fn resolve(ask: Ask<'_>, name: &str) -> Result<(Method, Option<Row>), ApiError> {
    if let Some(method) = ask.ledger.methods.get(name) {
        return Ok((method.clone(), None));
    }
    if card::face(name).is_none() {
        let mut error = ApiError::missing("PaymentMethod", name, "payment_method");
        // 404 is for the object in the path; what parameters name is a bad request.
        error.status = http::StatusCode::BAD_REQUEST;
        return Err(error);
    }
    let method = Method { id: ids::fresh("pm_1"), token: name.to_owned(), created: ask.now };
    Ok((method.clone(), Some(Row::Method(method))))
}
