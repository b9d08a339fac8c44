//! How payments looks on the wire: to its buyer, and to the provider that calls back.

mod methods;

use std::{future::ready, sync::Arc};

use base_fault::Fault;
use base_ids::ResourceId;
use cell_kernel::{Api, Done, No, Request, Versioned, ids_of};
use cell_words::{asked::found, money};

use crate::{
    Payments,
    command::{Ask, Command, Via},
    effect::WebhookVerifier,
    state::{Share, Status},
    view, wire,
};

pub use methods::Config;

const FORM: &str = "users/*/payments/*";
/// The header that proves a provider's event.
const SIGNATURE: &str = "stripe-signature";

pub(crate) fn api(config: Config, webhooks: Arc<dyn WebhookVerifier>) -> Api<Payments> {
    Api::new("souk.payments.v1.Payments")
        .get("GetPayment", get_payment)
        .watch::<view::Payments, _, _>(
            "WatchPayment",
            |_, asked: &wire::WatchPaymentRequest| Ok(id_of(&asked.name)?.to_string()),
            show,
            |row| row.payment.is_final(),
        )
        .command(
            "SyncPayment",
            |_, asked: &wire::SyncPaymentRequest| {
                Ok(Command { payment: id_of(&asked.name)?, ask: Ask::Sync })
            },
            payment_after,
        )
        .command(
            "ProviderEvent",
            move |request, callback| provider_event(&*webhooks, request, callback),
            |_| wire::ProviderEventResponse {},
        )
        .list("ListPaymentMethods", move |_, asked| ready(list_methods(&config, &asked)))
}

fn id_of(name: &str) -> Result<ResourceId, Fault> {
    let [_, id] = ids_of("name", FORM, name)?;
    Ok(id)
}

/// Nothing of the body is believed before its signature is.
fn provider_event(
    webhooks: &dyn WebhookVerifier,
    request: &Request,
    callback: &wire::Callback,
) -> Result<Command, Fault> {
    let payment = id_of(&callback.name)?;
    let signature = callback.headers.get(SIGNATURE).map(String::as_str);
    let event = webhooks.verify(&callback.body, signature, request.at)?;
    let subject = (request.tenant.clone(), payment.clone());
    if event.subject.is_some_and(|about| about != subject) {
        return Err(Fault::invalid_field("name", "is not the payment that the event is about"));
    }
    let ask = Ask::Hear { said: event.said, via: Via::Event(event.id) };
    Ok(Command { payment, ask })
}

fn payment_after(done: &Done<'_, Payments>) -> wire::Payment {
    let Some(payment) = done.state.payment() else {
        unreachable!("only a payment that is there can be looked up at the provider")
    };
    let (id, user) = (done.command.payment.clone(), done.asked.tenant.clone());
    show(&view::Payment { id, user, payment: payment.clone() })
}

async fn get_payment(
    request: Request,
    asked: wire::GetPaymentRequest,
) -> Result<Versioned<wire::Payment>, No> {
    let key = id_of(&asked.name)?.to_string();
    let row = request.reading.get::<Payments, view::Payments>(&request.tenant, &key).await?;
    Ok(found(("payment", &asked.name), row, show)?)
}

fn list_methods(
    config: &Config,
    asked: &wire::ListPaymentMethodsRequest,
) -> Result<wire::ListPaymentMethodsResponse, No> {
    let country = asked.country.as_bytes();
    if country.len() != 2 || !country.iter().all(u8::is_ascii_uppercase) {
        let problem = "expected two capital letters, such as MA";
        return Err(Fault::invalid_field("country", problem).into());
    }
    Ok(wire::ListPaymentMethodsResponse { methods: config.methods_in(&asked.country) })
}

fn show(row: &view::Payment) -> wire::Payment {
    let payment = &row.payment;
    let status = payment.status();
    let waiting = matches!(status, Status::Authorising | Status::RequiresAction);
    let attempt = payment.attempt().map(|(_, attempt)| attempt).filter(|_| waiting);
    wire::Payment {
        name: format!("{}/payments/{}", row.user, row.id),
        status: show_status(status).into(),
        method: <&str>::from(payment.method).to_owned(),
        amount: Some(money(payment.sum(|share| share.amount))),
        kept: Some(money(payment.sum(Share::kept))),
        refunded: Some(money(payment.sum(Share::refunded))),
        action_url: attempt.map(|attempt| attempt.action_url.clone()).unwrap_or_default(),
        reason: payment.reason().to_owned(),
        shares: payment.shares.iter().map(show_share).collect(),
        until_ms: attempt.map_or(0, |attempt| attempt.until.as_millis()),
    }
}

fn show_share(share: &Share) -> wire::payment::Share {
    wire::payment::Share {
        order: share.order.to_string(),
        vendor: share.vendor.to_string(),
        amount: Some(money(share.amount)),
        claimed: Some(money(share.claimed)),
        captured: Some(money(share.captured)),
        refunded: Some(money(share.refunded())),
        waived: share.waived,
    }
}

/// The contract's words for statuses are ours.
pub(crate) fn show_status(status: Status) -> wire::payment::Status {
    wire::payment::Status::from_str_name(status.into()).unwrap_or_default()
}
