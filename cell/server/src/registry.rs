//! The services of a cell: a line each.

use std::sync::Arc;

use cell_runtime::Services;

use crate::{config::Config, wiring::Outside, wiring::Wiring};

/// All services, ready to run.
pub fn services(config: &Config, outside: &Outside) -> Services {
    let wiring = Arc::new(Wiring::new(outside));
    Services::new(config.runtime.clone())
        .with(svc_names::spec(config.names))
        .with(svc_users::spec())
        .with(svc_auth::spec(wiring.auth(outside)))
        .with(svc_sellers::spec(
            config.sellers.clone(),
            outside.secret.names_pepper(),
            wiring.clone(),
        ))
        .with(svc_products::spec())
        .with(svc_offers::spec(outside.reading.clone(), wiring.clone(), wiring.clone()))
        .with(svc_imports::spec())
        .with(svc_inventory::spec())
        .with(svc_carts::spec(wiring.clone()))
        .with(svc_checkout::spec(wiring.clone(), config.checkout.clone()))
        .with(svc_orders::spec(&config.orders))
        .with(svc_payments::spec(
            config.payments.clone(),
            Arc::clone(&outside.cards),
            Arc::clone(&outside.webhooks),
        ))
}
