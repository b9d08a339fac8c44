//! Reads requests as commands; every mistake names its field.

use base_fault::Fault;
use base_ids::{ResourceId, Tenant};
use cell_kernel::{Request, field, ids_of};
use cell_words::{
    ProductId,
    asked::{all_of, details},
    details::FieldChange,
};
use strum::VariantNames as _;

use crate::{
    command::{Ask, Command, Proposal},
    wire,
};

const RECORD: &str = "platform/*/products/*";

type Read = Result<Command, Fault>;

pub(super) fn add_record(_: &Request, asked: &wire::AddRecordRequest) -> Read {
    let details = details("details", asked.details.as_ref())?;
    let ask = Ask::Propose { details, by: None, publish: asked.publish };
    of_product("name", &asked.name, ask)
}

pub(super) fn publish_product(_: &Request, asked: &wire::PublishProductRequest) -> Read {
    of_product("name", &asked.name, Ask::Publish)
}

pub(super) fn reject_product(_: &Request, asked: &wire::RejectProductRequest) -> Read {
    of_product("name", &asked.name, Ask::Reject { reason: field("reason", &asked.reason)? })
}

pub(super) fn withdraw_product(_: &Request, asked: &wire::WithdrawProductRequest) -> Read {
    let ask = Ask::Withdraw { reason: field("reason", &asked.reason)? };
    of_product("name", &asked.name, ask)
}

pub(super) fn record(at: &str, name: &str) -> Result<ProductId, Fault> {
    let [_, product]: [ResourceId; 2] = ids_of(at, RECORD, name)?;
    field(at, product.as_str())
}

fn of_product(at: &str, name: &str, ask: Ask) -> Read {
    Ok(Command { product: record(at, name)?, ask })
}

pub(super) fn propose_change(request: &Request, asked: &wire::ProposeChangeRequest) -> Read {
    propose(request, None, asked)
}

pub(super) fn propose_change_for(request: &Request, asked: &wire::ProposeChangeForRequest) -> Read {
    let vendor = field("vendor", &asked.vendor)?;
    let wire::ProposeChangeForRequest { parent, base_revision, details, update_mask, note, .. } =
        asked.clone();
    let change = wire::ProposeChangeRequest { parent, base_revision, details, update_mask, note };
    propose(request, Some(vendor), &change)
}

fn propose(request: &Request, by: Option<Tenant>, asked: &wire::ProposeChangeRequest) -> Read {
    let details = asked.details.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let proposal = Proposal {
        change: field("name", &request.new_id())?,
        by,
        base_revision: revision(asked.base_revision)?,
        fields: fields(&details, paths)?,
        note: field("note", &asked.note)?,
    };
    of_product("parent", &asked.parent, Ask::ProposeChange(Box::new(proposal)))
}

fn revision(given: i64) -> Result<u64, Fault> {
    let revision = u64::try_from(given).ok().filter(|revision| *revision > 0);
    revision.ok_or_else(|| {
        Fault::invalid_field("base_revision", "expected the revision that was read, 1 or more")
    })
}

/// The fields that a change sets: those of the mask, or those that are not empty.
fn fields(details: &wire::ProductDetails, paths: &[String]) -> Result<Vec<FieldChange>, Fault> {
    let there = |field: &str| match field {
        "title" => details.title.is_some(),
        "authors" => !details.authors.is_empty(),
        "language" => !details.language.is_empty(),
        "publisher" => !details.publisher.is_empty(),
        "year" => details.year != 0,
        "subject" => !details.subject.is_empty(),
        "format" => !details.format.is_empty(),
        "pages" => details.pages != 0,
        _ => details.weight_grams != 0,
    };
    let all = FieldChange::VARIANTS.iter().copied();
    let named: Vec<&str> = match (paths.iter().any(|path| path == "*"), paths.is_empty()) {
        (true, _) => all.collect(),
        (false, true) => all.filter(|field| there(field)).collect(),
        (false, false) => paths.iter().map(String::as_str).collect(),
    };
    if named.is_empty() {
        return Err(Fault::invalid_field("details", "sets nothing; expected at least one field"));
    }
    FieldChange::read(&named, details).map_err(|wrong| all_of("details", wrong))
}

pub(super) fn approve_change(_: &Request, asked: &wire::ApproveChangeRequest) -> Read {
    let (product, change) = change(&asked.name)?;
    Ok(Command { product, ask: Ask::ApproveChange { change } })
}

pub(super) fn decline_change(_: &Request, asked: &wire::DeclineChangeRequest) -> Read {
    let (product, change) = change(&asked.name)?;
    let reason = field("reason", &asked.reason)?;
    Ok(Command { product, ask: Ask::DeclineChange { change, reason } })
}

fn change(name: &str) -> Result<(ProductId, ResourceId), Fault> {
    let [_, product, change] = ids_of("name", "platform/*/products/*/changes/*", name)?;
    Ok((field("name", product.as_str())?, change))
}
