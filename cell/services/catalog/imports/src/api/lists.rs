//! Answers reads of a vendor's imports and their lines.

use cell_kernel::{No, PageAsk, Request};
use cell_words::asked::found;

use super::{import_id, show};
use crate::{
    Imports as Rules,
    view::{Imports, Lines},
    wire,
};

pub(super) async fn get_import(
    request: Request,
    asked: wire::GetImportRequest,
) -> Result<wire::Import, No> {
    let import = import_id("name", &asked.name)?;
    let row = request.reading.get::<Rules, Imports>(&request.tenant, import.as_str()).await?;
    Ok(found(("import", &asked.name), row, show::import)?.row)
}

pub(super) async fn list_imports(
    request: Request,
    asked: wire::ListImportsRequest,
) -> Result<wire::ListImportsResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Rules, Imports>(&request.tenant, "", &ask).await?;
    let page = page.map(|row| show::import(&row));
    Ok(wire::ListImportsResponse { imports: page.rows, next_page_token: page.next_page_token })
}

pub(super) async fn list_import_lines(
    request: Request,
    asked: wire::ListImportLinesRequest,
) -> Result<wire::ListImportLinesResponse, No> {
    let import = import_id("parent", &asked.parent)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let which = if asked.failed_only { "failed" } else { "all" };
    let prefix = format!("{import}/{which}/");
    let page = request.reading.list::<Rules, Lines>(&request.tenant, &prefix, &ask).await?;
    let page = page.map(|row| show::line(&row));
    Ok(wire::ListImportLinesResponse { lines: page.rows, next_page_token: page.next_page_token })
}
