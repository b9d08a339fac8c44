//! Answers reads of one tenant's own rows: records and changes at a shard, offers and imports at a vendor.

use base_ids::ResourceId;
use cell_kernel::{No, PageAsk, Request, Versioned, ids_of};

use super::{read, show};
use crate::{
    Products,
    view::{Changes, ImportLines, Imports, Offers, Records},
    wire,
};

pub(super) async fn get_record(
    request: Request,
    asked: wire::GetRecordRequest,
) -> Result<Versioned<wire::Product>, No> {
    let product = read::record("name", &asked.name)?;
    let found = request.reading.get::<Products, Records>(&request.tenant, product.as_str()).await?;
    let found = found.ok_or_else(|| read::not_found(&asked.name))?;
    Ok(Versioned { row: show::record(&found.row), version: found.version })
}

pub(super) async fn list_changes(
    request: Request,
    asked: wire::ListChangesRequest,
) -> Result<wire::ListChangesResponse, No> {
    let product = read::record("parent", &asked.parent)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    changes(&request, &format!("of/{product}/"), &ask).await
}

pub(super) async fn list_changes_for(
    request: Request,
    asked: wire::ListChangesForRequest,
) -> Result<wire::ListChangesResponse, No> {
    let product = read::record("parent", &asked.parent)?;
    let vendor = read::vendor("vendor", &asked.vendor)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    changes(&request, &format!("by/{}/{product}/", vendor.id()), &ask).await
}

async fn changes(
    request: &Request,
    prefix: &str,
    ask: &PageAsk,
) -> Result<wire::ListChangesResponse, No> {
    let page = request.reading.list::<Products, Changes>(&request.tenant, prefix, ask).await?;
    let page = page.map(|row| show::change(&row));
    Ok(wire::ListChangesResponse { changes: page.rows, next_page_token: page.next_page_token })
}

pub(super) async fn get_offer(
    request: Request,
    asked: wire::GetOfferRequest,
) -> Result<Versioned<wire::Offer>, No> {
    let [_, offer]: [ResourceId; 2] = ids_of("name", read::OFFER, &asked.name)?;
    let found = request.reading.get::<Products, Offers>(&request.tenant, offer.as_str()).await?;
    let found = found.ok_or_else(|| read::not_found(&asked.name))?;
    Ok(Versioned { row: show::offer(&request.tenant, &found.row), version: found.version })
}

pub(super) async fn list_offers(
    request: Request,
    asked: wire::ListOffersRequest,
) -> Result<wire::ListOffersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Products, Offers>(&request.tenant, "", &ask).await?;
    let page = page.map(|row| show::offer(&request.tenant, &row));
    Ok(wire::ListOffersResponse { offers: page.rows, next_page_token: page.next_page_token })
}

pub(super) async fn get_import(
    request: Request,
    asked: wire::GetImportRequest,
) -> Result<wire::Import, No> {
    let import = read::import_id("name", &asked.name)?;
    let found = request.reading.get::<Products, Imports>(&request.tenant, &import).await?;
    let found = found.ok_or_else(|| read::not_found(&asked.name))?;
    Ok(show::import(&found.row))
}

pub(super) async fn list_imports(
    request: Request,
    asked: wire::ListImportsRequest,
) -> Result<wire::ListImportsResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Products, Imports>(&request.tenant, "", &ask).await?;
    let page = page.map(|row| show::import(&row));
    Ok(wire::ListImportsResponse { imports: page.rows, next_page_token: page.next_page_token })
}

pub(super) async fn list_import_lines(
    request: Request,
    asked: wire::ListImportLinesRequest,
) -> Result<wire::ListImportLinesResponse, No> {
    let import = read::import_id("parent", &asked.parent)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let which = if asked.failed_only { "failed" } else { "all" };
    let prefix = format!("{import}/{which}/");
    let page =
        request.reading.list::<Products, ImportLines>(&request.tenant, &prefix, &ask).await?;
    let page = page.map(|row| show::line(&row));
    Ok(wire::ListImportLinesResponse { lines: page.rows, next_page_token: page.next_page_token })
}
