//! Answers reads of a shard's own rows: records, and the changes that were proposed.

use base_ids::Tenant;
use cell_kernel::{No, PageAsk, Request, Versioned, field};
use cell_words::asked::found;

use super::{read, show};
use crate::{
    Products,
    view::{Changes, Records},
    wire,
};

pub(super) async fn get_record(
    request: Request,
    asked: wire::GetRecordRequest,
) -> Result<Versioned<wire::Product>, No> {
    let product = read::record("name", &asked.name)?;
    let row = request.reading.get::<Products, Records>(&request.tenant, product.as_str()).await?;
    Ok(found(("record", &asked.name), row, show::record)?)
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
    let vendor: Tenant = field("vendor", &asked.vendor)?;
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
