//! Atlas, alone in a cell; the catalogue and the seller's terms are as a story says.

use std::{collections::BTreeMap, sync::Arc};

use base_ids::Tenant;
use cell_kernel::{
    Answer, Caller, No, VendorRole, Words,
    story::{House, at_once},
};
use cell_words::{ProductId, Title};

use super::{atlas, mad, tenant};
use crate::{Offers, ProductNow, ProductOf, SellerTerms, Terms, spec, wire};

#[derive(Clone)]
struct Catalogue(BTreeMap<ProductId, ProductNow>);

impl ProductOf for Catalogue {
    fn product_of<'a>(&'a self, product: &'a ProductId) -> Answer<'a, Option<ProductNow>> {
        at_once(self.0.get(product).cloned())
    }
}

#[derive(Clone)]
struct Seller(Option<Terms>);

impl SellerTerms for Seller {
    fn terms_of<'a>(&'a self, _: &'a Tenant) -> Answer<'a, Option<Terms>> {
        at_once(self.0.clone())
    }
}

/// On which terms Atlas sells: open, or closed for a reason.
pub(super) fn terms(closed_because: Option<&str>) -> Terms {
    Terms {
        closed_because: closed_because.map(str::to_owned),
        commission_basis_points: 1_000,
        delivery_fees: vec![mad(2_500)],
    }
}

/// The shop, where these products are known, some of them published, on these terms.
pub(super) fn shop(known: &[(ProductId, bool)], terms: Option<Terms>) -> House<Offers> {
    let title = || Title { fr: "Les Mérinides".to_owned(), ..Title::default() };
    let product = |published: bool| ProductNow { published, title: title() };
    let known = known.iter().map(|(ean, published)| (ean.clone(), product(*published)));
    let (catalogue, seller) = (Arc::new(Catalogue(known.collect())), Arc::new(Seller(terms)));
    House::of(move |reading| spec(reading, catalogue.clone(), seller.clone()))
}

/// Atlas's manager calls a method.
pub(super) fn call<Req: Words, Resp: Words>(
    shop: &mut House<Offers>,
    method: &str,
    request: &Req,
) -> Result<Resp, No> {
    let caller = Caller::vendor(tenant("users/leila"), atlas(), VendorRole::Manager);
    shop.call(&atlas(), &caller, method, request)
}

/// Atlas offers a product in new condition.
pub(super) fn sell(
    shop: &mut House<Offers>,
    sku: &str,
    product: &ProductId,
    (currency, minor): (&str, i64),
) {
    let create = wire::CreateOfferRequest {
        parent: atlas().to_string(),
        sku: sku.to_owned(),
        product: product.to_string(),
        price: Some(wire::Money { currency: currency.to_owned(), minor }),
        ..wire::CreateOfferRequest::default()
    };
    call::<_, wire::Offer>(shop, "CreateOffer", &create).unwrap();
}
