//! Writes answers: records and changes, and the catalogue as everybody sees it.

use base_ids::Tenant;
use cell_kernel::Done;
use cell_words::{ProductId, money, signed};

use crate::{
    Products,
    command::Ask,
    state::{Change, ChangeStage, Product},
    view::{
        ChangeRow, ProductRow,
        everywhere::Availability,
        snapshot::{OfferSnapshot, is_featured},
    },
    wire,
};

pub(super) fn record_after(done: &Done<'_, Products>) -> wire::Product {
    let Some(product) = &done.state.product else {
        unreachable!("a command on a record that is not there is refused")
    };
    record(product)
}

pub(super) fn record(product: &Product) -> wire::Product {
    wire::Product {
        name: product.product.record(),
        product: product.product.to_string(),
        state: wire::State::from(product.stage).into(),
        details: Some((&product.details).into()),
        revision: signed(product.revision),
        reason: product.reason.clone(),
    }
}

pub(super) fn change_after(done: &Done<'_, Products>) -> wire::ProductChange {
    let name = match &done.command.ask {
        Ask::ProposeChange(proposal) => &proposal.change,
        Ask::ApproveChange { change } | Ask::DeclineChange { change, .. } => change,
        Ask::Propose { .. } | Ask::Publish | Ask::Reject { .. } | Ask::Withdraw { .. } => {
            unreachable!("only commands on changes answer with one")
        }
    };
    let Some((product, change)) =
        done.state.product.as_ref().and_then(|known| Some((known, known.changes.get(name)?)))
    else {
        unreachable!("a change that is not there is refused")
    };
    change_of(&product.product, change)
}

pub(super) fn change(row: &ChangeRow) -> wire::ProductChange {
    change_of(&row.product, &row.change)
}

fn change_of(product: &ProductId, change: &Change) -> wire::ProductChange {
    use wire::product_change::Status;
    let status = match change.stage {
        ChangeStage::Proposed => Status::Proposed,
        ChangeStage::Approved => Status::Approved,
        ChangeStage::Declined => Status::Declined,
        ChangeStage::Conflict => Status::Conflict,
    };
    let proposal = &change.proposal;
    let mut details = wire::ProductDetails::default();
    for field in &proposal.fields {
        field.write(&mut details);
    }
    let paths: Vec<String> = proposal.fields.iter().map(|field| field.name().to_owned()).collect();
    let mut shown = wire::ProductChange {
        name: format!("{}/changes/{}", product.record(), proposal.change),
        product: product.to_string(),
        status: status.into(),
        base_revision: signed(proposal.base_revision),
        details: Some(details),
        note: proposal.note.to_string(),
        by: proposal.by.as_ref().map(Tenant::to_string).unwrap_or_default(),
        reason: change.reason.clone(),
        at_ms: change.at.as_millis(),
        ..wire::ProductChange::default()
    };
    shown.update_mask.get_or_insert_default().paths = paths;
    shown
}

/// A product as everybody sees it; why it was rejected or withdrawn is for insiders.
pub(super) fn product(row: &ProductRow, insider: bool) -> wire::CatalogProduct {
    wire::CatalogProduct {
        name: format!("catalog/products/{}", row.product),
        product: row.product.to_string(),
        state: wire::State::from(row.stage).into(),
        details: Some((&row.details).into()),
        revision: signed(row.revision),
        record: row.product.record(),
        offers: Vec::new(),
        reason: if insider { row.reason.clone() } else { String::new() },
    }
}

pub(super) fn offers(of: &[OfferSnapshot]) -> Vec<wire::CatalogOffer> {
    of.iter().map(|offer| catalog_offer(offer, is_featured(of, offer))).collect()
}

fn catalog_offer(offer: &OfferSnapshot, featured: bool) -> wire::CatalogOffer {
    use wire::catalog_offer::Availability as Shown;
    let (availability, few) = match offer.availability {
        Availability::None => (Shown::None, 0),
        Availability::Few(few) => (Shown::Few, few),
        Availability::Plenty => (Shown::Plenty, 0),
    };
    wire::CatalogOffer {
        name: format!("{}/offers/{}", offer.vendor, offer.offer),
        vendor: offer.vendor.to_string(),
        offer: offer.offer.to_string(),
        condition: offer.condition.as_str().to_owned(),
        price: Some(money(offer.price)),
        price_version: offer.price_version,
        seller_name: Some((&offer.seller_name).into()),
        seller_city: offer.seller_city.clone(),
        seller_handle: offer.seller_handle.clone(),
        availability: availability.into(),
        few,
        buyable: offer.is_buyable(),
        featured,
    }
}
