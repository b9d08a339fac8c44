//! Writes answers: records and changes, offers, imports, and the catalogue as everybody sees it.

use base_ids::Tenant;
use cell_kernel::Done;

use crate::{
    Products,
    command::{Command, Details, FaultyLine, ImportAsk, LineProblem, ProductAsk, ProductId},
    state::{self, Change, ChangeStage, OfferStage},
    view::{
        ChangeRow, ImportRow, LineRow, LineStage, ProductRow,
        snapshot::{Availability, OfferSnapshot, is_featured},
    },
    wire,
};

/// Bad lines that the answer to an import repeats; the others are in its list of lines.
const FAULTY_SHOWN: usize = 100;

pub(super) fn record_after(done: &Done<'_, Products>) -> wire::Product {
    let Some(product) = done.state.product() else {
        unreachable!("a command on a record that is not there is refused")
    };
    record(product)
}

pub(super) fn record(product: &state::Product) -> wire::Product {
    wire::Product {
        name: product.product.record(),
        product: product.product.to_string(),
        state: wire::State::from(product.stage).into(),
        details: Some((&product.details).into()),
        revision: wire::signed(product.revision),
        reason: product.reason.clone(),
    }
}

pub(super) fn change_after(done: &Done<'_, Products>) -> wire::ProductChange {
    let name = match done.command {
        Command::Product { ask: ProductAsk::ProposeChange(proposal), .. } => &proposal.change,
        Command::Product {
            ask: ProductAsk::ApproveChange { change } | ProductAsk::DeclineChange { change, .. },
            ..
        } => change,
        _ => unreachable!("only these commands answer with a change"),
    };
    let Some((product, change)) =
        done.state.product().and_then(|product| Some((product, product.changes.get(name)?)))
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
    let paths: Vec<String> = proposal.fields.iter().map(|field| field.field().to_owned()).collect();
    let mut shown = wire::ProductChange {
        name: format!("{}/changes/{}", product.record(), proposal.change),
        product: product.to_string(),
        status: status.into(),
        base_revision: wire::signed(proposal.base_revision),
        details: Some(Details::only(&proposal.fields)),
        note: proposal.note.to_string(),
        by: proposal.by.as_ref().map(Tenant::to_string).unwrap_or_default(),
        reason: change.reason.clone(),
        at_ms: change.at.as_millis(),
        ..wire::ProductChange::default()
    };
    shown.update_mask.get_or_insert_default().paths = paths;
    shown
}

pub(super) fn offer_after(done: &Done<'_, Products>) -> wire::Offer {
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
        condition: <&str>::from(offer.condition).to_owned(),
        price: Some(wire::money(offer.price.get())),
        price_version: offer.price_version,
        state: state.into(),
    }
}

pub(super) fn import_after(done: &Done<'_, Products>) -> wire::Import {
    let (Some(known), Command::Import { ask: ImportAsk::Start { lines }, .. }) =
        (done.state.import(), done.command)
    else {
        unreachable!("only beginning an import answers with one")
    };
    let faulty = lines.iter().filter_map(|line| line.as_ref().err());
    wire::Import {
        faulty: faulty.take(FAULTY_SHOWN).map(faulty_line).collect(),
        ..import(&ImportRow::of(&done.asked.tenant, known))
    }
}

fn faulty_line(line: &FaultyLine) -> wire::ImportLine {
    wire::ImportLine {
        line: number(line.line),
        offer: line.offer.clone(),
        outcome: wire::import_line::Outcome::Failed.into(),
        problems: problems(&line.problems),
    }
}

fn problems(of: &[LineProblem]) -> Vec<wire::Problem> {
    of.iter().map(wire::Problem::from).collect()
}

pub(super) fn import(row: &ImportRow) -> wire::Import {
    wire::Import {
        name: format!("{}/imports/{}", row.vendor, row.import),
        lines: number(row.lines),
        created: number(row.created),
        updated: number(row.updated),
        unchanged: number(row.unchanged),
        failed: number(row.failed),
        pending: number(row.pending()),
        finished: row.pending() == 0,
        at_ms: row.at.as_millis(),
        ..wire::Import::default()
    }
}

pub(super) fn line(row: &LineRow) -> wire::ImportLine {
    use wire::import_line::Outcome;
    let (outcome, problems) = match &row.stage {
        LineStage::Pending => (Outcome::Pending, Vec::new()),
        LineStage::Created => (Outcome::Created, Vec::new()),
        LineStage::Updated => (Outcome::Updated, Vec::new()),
        LineStage::Unchanged => (Outcome::Unchanged, Vec::new()),
        LineStage::Failed(of) => (Outcome::Failed, problems(of)),
    };
    let offer = row.offer.clone();
    wire::ImportLine { line: number(row.line), offer, outcome: outcome.into(), problems }
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A product as everybody sees it; why it was rejected or withdrawn is for insiders.
pub(super) fn product(row: &ProductRow, insider: bool) -> wire::CatalogProduct {
    wire::CatalogProduct {
        name: format!("catalog/products/{}", row.product),
        product: row.product.to_string(),
        state: wire::State::from(row.stage).into(),
        details: Some((&row.details).into()),
        revision: wire::signed(row.revision),
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
        condition: <&str>::from(offer.condition).to_owned(),
        price: Some(wire::money(offer.price)),
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
