//! Reads requests as commands; every mistake names its field.

use base_fault::{Code, Fault, FieldViolation};
use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use cell_kernel::{Request, field, ids_of};

use super::lines;
use crate::{
    command::{
        Command, Condition, Details, Draft, FieldChange, ImportAsk, OfferAsk, Price, ProductAsk,
        ProductId, Proposal,
        details::{FIELDS, Mistake},
    },
    wire,
};

pub(super) const RECORD: &str = "platform/*/products/*";
pub(super) const OFFER: &str = "vendors/*/offers/*";
pub(super) const IMPORT: &str = "vendors/*/imports/*";

type Read = Result<Command, Fault>;

pub(super) fn add_record(_: &Request, asked: &wire::AddRecordRequest) -> Read {
    let details = details(asked.details.as_ref())?;
    let ask = ProductAsk::Propose { details, by: None, publish: asked.publish };
    of_product("name", &asked.name, ask)
}

pub(super) fn publish_product(_: &Request, asked: &wire::PublishProductRequest) -> Read {
    of_product("name", &asked.name, ProductAsk::Publish)
}

pub(super) fn reject_product(_: &Request, asked: &wire::RejectProductRequest) -> Read {
    of_product("name", &asked.name, ProductAsk::Reject { reason: field("reason", &asked.reason)? })
}

pub(super) fn withdraw_product(_: &Request, asked: &wire::WithdrawProductRequest) -> Read {
    let ask = ProductAsk::Withdraw { reason: field("reason", &asked.reason)? };
    of_product("name", &asked.name, ask)
}

pub(super) fn record(at: &str, name: &str) -> Result<ProductId, Fault> {
    let [_, product]: [ResourceId; 2] = ids_of(at, RECORD, name)?;
    field(at, product.as_str())
}

fn of_product(at: &str, name: &str, ask: ProductAsk) -> Read {
    Ok(Command::Product { product: record(at, name)?, ask })
}

pub(super) fn propose_change(request: &Request, asked: &wire::ProposeChangeRequest) -> Read {
    let details = asked.details.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let proposal = Proposal {
        change: field("name", &request.new_id())?,
        by: None,
        base_revision: revision(asked.base_revision)?,
        fields: fields(&details, paths)?,
        note: field("note", &asked.note)?,
    };
    of_product("parent", &asked.parent, ProductAsk::ProposeChange(Box::new(proposal)))
}

pub(super) fn propose_change_for(request: &Request, asked: &wire::ProposeChangeForRequest) -> Read {
    let details = asked.details.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let proposal = Proposal {
        change: field("name", &request.new_id())?,
        by: Some(field("vendor", &asked.vendor)?),
        base_revision: revision(asked.base_revision)?,
        fields: fields(&details, paths)?,
        note: field("note", &asked.note)?,
    };
    of_product("parent", &asked.parent, ProductAsk::ProposeChange(Box::new(proposal)))
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
    let all = paths.iter().any(|path| path == "*");
    let named: Vec<&str> = match (all, paths.is_empty()) {
        (true, _) => FIELDS.to_vec(),
        (false, true) => FIELDS.into_iter().filter(|field| there(field)).collect(),
        (false, false) => paths.iter().map(String::as_str).collect(),
    };
    if named.is_empty() {
        return Err(Fault::invalid_field("details", "sets nothing; expected at least one field"));
    }
    let (changes, mistakes): (Vec<_>, Vec<_>) =
        named.into_iter().map(|field| FieldChange::read(field, details)).partition(Result::is_ok);
    if mistakes.is_empty() {
        return Ok(changes.into_iter().filter_map(Result::ok).collect());
    }
    Err(all_of(mistakes.into_iter().filter_map(Result::err)))
}

pub(super) fn approve_change(_: &Request, asked: &wire::ApproveChangeRequest) -> Read {
    let (product, change) = change(&asked.name)?;
    Ok(Command::Product { product, ask: ProductAsk::ApproveChange { change } })
}

pub(super) fn decline_change(_: &Request, asked: &wire::DeclineChangeRequest) -> Read {
    let (product, change) = change(&asked.name)?;
    let reason = field("reason", &asked.reason)?;
    Ok(Command::Product { product, ask: ProductAsk::DeclineChange { change, reason } })
}

fn change(name: &str) -> Result<(ProductId, ResourceId), Fault> {
    let [_, product, change] = ids_of("name", "platform/*/products/*/changes/*", name)?;
    Ok((field("name", product.as_str())?, change))
}

pub(super) fn details(given: Option<&wire::ProductDetails>) -> Result<Box<Details>, Fault> {
    let given = given.ok_or_else(|| Fault::invalid_field("details", "is missing"))?;
    Details::read(given).map(Box::new).map_err(all_of)
}

fn all_of(mistakes: impl IntoIterator<Item = Mistake>) -> Fault {
    let mut mistakes = mistakes.into_iter().map(|wrong| {
        let path =
            if FIELDS.iter().any(|field| wrong.field.starts_with(field)) { "details." } else { "" };
        FieldViolation { field: format!("{path}{}", wrong.field), problem: wrong.text }
    });
    let first = mistakes.next().map_or_else(
        || Fault::invalid_field("details", "is wrong"),
        |wrong| Fault::invalid_field(wrong.field, wrong.problem),
    );
    mistakes.fold(first, Fault::with_field)
}

pub(super) fn create_offer(_: &Request, asked: &wire::CreateOfferRequest) -> Read {
    let draft = Draft {
        product: field("product", &asked.product)?,
        condition: condition("condition", &asked.condition)?,
        price: price("price", asked.price.as_ref())?,
        details: asked.details.as_ref().map(|given| details(Some(given))).transpose()?,
    };
    let offer = sku(&asked.sku).map_err(|problem| Fault::invalid_field("sku", problem))?;
    Ok(Command::Offer { offer, ask: OfferAsk::Create(Box::new(draft)) })
}

/// A vendor's own number as an offer's id: capitals count as small letters.
pub(super) fn sku(text: &str) -> Result<ResourceId, String> {
    let sku = text.trim().to_ascii_lowercase();
    sku.parse().map_err(|_| {
        let text: String = text.chars().take(100).collect();
        format!("`{text}` is not a SKU; expected 1 to 64 letters, digits, - and _, beginning with a letter or digit")
    })
}

fn condition(at: &str, text: &str) -> Result<Condition, Fault> {
    match text {
        "" => Ok(Condition::New),
        text => text.parse().map_err(|_| {
            Fault::invalid_field(
                at,
                format!("`{text}` is not a condition; expected new, good or fair"),
            )
        }),
    }
}

fn price(at: &str, given: Option<&wire::Money>) -> Result<Price, Fault> {
    let given = given.ok_or_else(|| Fault::invalid_field(at, "is missing"))?;
    let currency: Currency = field(&format!("{at}.currency"), &given.currency)?;
    Price::try_from(Money::new(currency, given.minor))
        .map_err(|error| Fault::invalid_field(format!("{at}.minor"), error.to_string()))
}

pub(super) fn update_offer(_: &Request, asked: &wire::UpdateOfferRequest) -> Read {
    let given = asked.offer.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let (mut new_price, mut new_condition) = (None, None);
    let mut wanted = |path: &str| {
        match path {
            "price" => new_price = Some(price("offer.price", given.price.as_ref())?),
            "condition" => new_condition = Some(condition("offer.condition", &given.condition)?),
            other => {
                let problem = format!(
                    "names `{other}`, which cannot be set so; expected price and condition"
                );
                return Err(Fault::invalid_field("update_mask", problem));
            }
        }
        Ok(())
    };
    if paths.is_empty() {
        let there = [("price", given.price.is_some()), ("condition", !given.condition.is_empty())];
        there.into_iter().filter(|(_, there)| *there).try_for_each(|(path, _)| wanted(path))?;
    } else if paths.iter().any(|path| path == "*") {
        ["price", "condition"].into_iter().try_for_each(wanted)?;
    } else {
        paths.iter().try_for_each(|path| wanted(path))?;
    }
    of_offer(&asked.name, OfferAsk::Update { price: new_price, condition: new_condition })
}

pub(super) fn pause_offer(_: &Request, asked: &wire::PauseOfferRequest) -> Read {
    of_offer(&asked.name, OfferAsk::Pause)
}

pub(super) fn resume_offer(_: &Request, asked: &wire::ResumeOfferRequest) -> Read {
    of_offer(&asked.name, OfferAsk::Resume)
}

pub(super) fn withdraw_offer(_: &Request, asked: &wire::WithdrawOfferRequest) -> Read {
    of_offer(&asked.name, OfferAsk::Withdraw)
}

fn of_offer(name: &str, ask: OfferAsk) -> Read {
    let [_, offer]: [ResourceId; 2] = ids_of("name", OFFER, name)?;
    Ok(Command::Offer { offer, ask })
}

pub(super) fn import_offers(request: &Request, asked: &wire::Callback) -> Read {
    let import: ResourceId = field("name", &request.new_id())?;
    let lines = lines::read(&import, &asked.body)?;
    Ok(Command::Import { import, ask: ImportAsk::Start { lines } })
}

pub(super) fn import_id(at: &str, name: &str) -> Result<String, Fault> {
    let [_, import]: [ResourceId; 2] = ids_of(at, IMPORT, name)?;
    Ok(import.to_string())
}

/// What is not there, or must not be known to be.
pub(super) fn not_found(name: &str) -> Fault {
    Fault::caller(Code::NotFound, format!("there is no `{name}`"))
}

pub(super) fn vendor(at: &str, name: &str) -> Result<Tenant, Fault> {
    field(at, name)
}
