//! Writes answers: an offer as its vendor sees it.

use base_ids::Tenant;
use cell_kernel::Done;
use cell_words::money;

use crate::{
    Offers,
    state::{self, OfferStage},
    wire,
};

pub(super) fn offer_after(done: &Done<'_, Offers>) -> wire::Offer {
    let Some(known) = done.state.offer() else {
        unreachable!("a command on an offer that is not there is refused")
    };
    offer(&done.asked.tenant, known)
}

pub(super) fn offer(vendor: &Tenant, offer: &state::Offer) -> wire::Offer {
    use wire::offer::State;
    let state = match offer.stage {
        OfferStage::Active => State::Active,
        OfferStage::Paused => State::Paused,
        OfferStage::Withdrawn => State::Withdrawn,
    };
    wire::Offer {
        name: format!("{vendor}/offers/{}", offer.offer),
        offer: offer.offer.to_string(),
        product: offer.product.to_string(),
        condition: offer.condition.as_str().to_owned(),
        price: Some(money(offer.price.get())),
        price_version: offer.price_version,
        state: state.into(),
    }
}
