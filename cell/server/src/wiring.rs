//! Who answers which port: services ask each other's rows within the cell, and the outside world through providers.
//!
//! The graph of who asks whom has no cycle: auth → names, sellers; offers → products, sellers; carts → products;
//! checkout → carts.

use std::sync::Arc;

use base_ids::{ResourceId, Tenant};
use base_papers::{Document, KeptDocument};
use base_proof::PlatformSecret;
use cell_blobs::{BlobName, Blobs};
use cell_kernel::{Answer, Reading, VendorRole};
use cell_words::ProductId;
use futures_util::future::try_join_all;
use svc_auth::{
    effect::{Post, TokenReaders},
    facts::{MembershipOf, OwnerOf, Passwords, TokenSigner},
};
use svc_carts::{
    OfferNow, OffersOf,
    command::Item,
    facts::{Availability, Selling},
};
use svc_checkout::{CartNow, CartOf};
use svc_offers::{ProductNow, ProductOf, SellerTerms};
use svc_payments::{CardProvider, WebhookVerifier};
use svc_products::{OfferSnapshot, offer_snapshot};
use svc_sellers::Documents;

/// The outside world as services see it. Processes fill it from their configuration, the simulation with its own.
#[derive(Clone)]
pub struct Outside {
    /// Rows of this cell.
    pub reading: Reading,
    /// Where documents are.
    pub blobs: Blobs,
    /// The platform's secret.
    pub secret: Arc<PlatformSecret>,
    /// Hashes and checks passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Signs access tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// Sends mail.
    pub post: Arc<dyn Post>,
    /// Reaches all who read access tokens.
    pub readers: Arc<dyn TokenReaders>,
    /// Takes card payments.
    pub cards: Arc<dyn CardProvider>,
    /// Proves what the card provider says.
    pub webhooks: Arc<dyn WebhookVerifier>,
}

/// Answers the ports that one service has to another.
pub(crate) struct Wiring {
    reading: Reading,
    blobs: Blobs,
}

impl Wiring {
    pub(crate) fn new(outside: &Outside) -> Self {
        Self { reading: outside.reading.clone(), blobs: outside.blobs.clone() }
    }

    pub(crate) fn auth(self: &Arc<Self>, outside: &Outside) -> svc_auth::Ports {
        svc_auth::Ports {
            secret: Arc::clone(&outside.secret),
            passwords: Arc::clone(&outside.passwords),
            signer: Arc::clone(&outside.signer),
            owners: self.clone(),
            members: self.clone(),
            post: Arc::clone(&outside.post),
            readers: Arc::clone(&outside.readers),
        }
    }
}

impl OwnerOf for Wiring {
    fn owner_of<'a>(&'a self, name: &'a Tenant) -> Answer<'a, Option<Tenant>> {
        Box::pin(async move {
            let held = svc_names::view::holder_of(&self.reading, name).await?;
            Ok(held.map(|held| held.holder))
        })
    }
}

impl MembershipOf for Wiring {
    fn role_of<'a>(
        &'a self,
        vendor: &'a Tenant,
        user: &'a Tenant,
    ) -> Answer<'a, Option<VendorRole>> {
        Box::pin(svc_sellers::role_of(&self.reading, vendor, user))
    }
}

impl Documents for Wiring {
    fn kept<'a>(&'a self, of: &'a Tenant, said: &'a Document) -> Answer<'a, Option<KeptDocument>> {
        Box::pin(async move {
            // The vendor's own, under its hash: where the edge has put it.
            let place = format!("{of}/documents/{}", said.sha256);
            let Ok(name) = place.parse::<BlobName>() else { return Ok(None) };
            if said.blob.to_string() != place {
                return Ok(None);
            }
            let seen = self.blobs.look(&name).await?;
            Ok(seen.map(|seen| KeptDocument {
                size: seen.size,
                media_type: seen.media_type.map(|is| is.as_str().to_owned()),
            }))
        })
    }
}

impl CartOf for Wiring {
    fn cart_of<'a>(&'a self, user: &'a Tenant, cart: &'a ResourceId) -> Answer<'a, CartNow> {
        Box::pin(async move {
            let today = svc_carts::view::read_today(&self.reading, self, user, cart).await?;
            Ok(CartNow {
                open: today.basket.stage == svc_carts::state::Stage::Open,
                round: today.basket.round,
                revision: today.basket.revision,
                problems: today.problems(),
                lines: today.basket.lines.iter().map(line).collect(),
            })
        })
    }
}

/// A line of a cart in checkout's words.
fn line(line: &svc_carts::command::Line) -> svc_checkout::command::Line {
    svc_checkout::command::Line {
        vendor: line.item.vendor.clone(),
        offer: line.item.offer.clone(),
        product: line.product.clone(),
        title: line.title.clone(),
        quantity: line.quantity.get(),
        price: line.price,
    }
}

impl SellerTerms for Wiring {
    fn terms_of<'a>(&'a self, vendor: &'a Tenant) -> Answer<'a, Option<svc_offers::Terms>> {
        Box::pin(async move {
            let terms = svc_sellers::terms_of(&self.reading, vendor).await?;
            Ok(terms.map(|terms| svc_offers::Terms {
                closed_because: terms.closed_because,
                commission_basis_points: terms.commission_basis_points,
                delivery_fees: terms.delivery_fees,
            }))
        })
    }
}

impl ProductOf for Wiring {
    fn product_of<'a>(&'a self, product: &'a ProductId) -> Answer<'a, Option<ProductNow>> {
        Box::pin(async move {
            let found = svc_products::product(&self.reading, product).await?;
            Ok(found.map(|product| ProductNow {
                published: product.stage == svc_products::state::Stage::Published,
                title: product.details.title,
            }))
        })
    }
}

impl OffersOf for Wiring {
    fn offers_of<'a>(&'a self, items: &'a [Item]) -> Answer<'a, Vec<OfferNow>> {
        Box::pin(async move {
            let asked =
                items.iter().map(|item| offer_snapshot(&self.reading, &item.vendor, &item.offer));
            let found = try_join_all(asked).await?;
            Ok(found.into_iter().flatten().map(offer_now).collect())
        })
    }
}

/// An offer of the catalogue in carts' words.
fn offer_now(offer: OfferSnapshot) -> OfferNow {
    let selling = match offer.closed_because {
        Some(because) => Selling::SellerClosed(because),
        None if !offer.active => Selling::OfferInactive,
        None if !offer.published => Selling::ProductNotPublished,
        None => Selling::Yes,
    };
    OfferNow {
        item: Item { vendor: offer.vendor, offer: offer.offer },
        product: (&offer.product).into(),
        title: offer.title,
        price: offer.price,
        price_version: offer.price_version,
        selling,
        availability: match offer.availability {
            svc_products::Availability::None => Availability::None,
            svc_products::Availability::Few(few) => Availability::Few(few),
            svc_products::Availability::Plenty => Availability::Plenty,
        },
    }
}
