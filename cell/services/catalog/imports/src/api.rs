//! How imports look on the wire, to the vendor that sends them.

mod lines;
mod lists;
mod show;

#[cfg(test)]
pub(crate) use lines::read as read_file;

use base_fault::Fault;
use base_ids::ResourceId;
use cell_kernel::{Api, Request, field, ids_of};

use crate::{
    Imports,
    command::{Ask, Command},
    view, wire,
};

pub(crate) fn api() -> Api<Imports> {
    Api::new("souk.imports.v1.Imports")
        .command("ImportOffers", import_offers, show::import_after)
        .list("GetImport", lists::get_import)
        .watch::<view::Imports, _, _>(
            "WatchImport",
            |_, asked: &wire::WatchImportRequest| Ok(import_id("name", &asked.name)?.to_string()),
            show::import,
            |row| row.pending() == 0,
        )
        .list("ListImports", lists::list_imports)
        .list("ListImportLines", lists::list_import_lines)
}

fn import_offers(request: &Request, asked: &wire::Callback) -> Result<Command, Fault> {
    let import: ResourceId = field("name", &request.new_id())?;
    let lines = lines::read(&import, &asked.body)?;
    Ok(Command { import, ask: Ask::Start { lines } })
}

fn import_id(at: &str, name: &str) -> Result<ResourceId, Fault> {
    let [_, import] = ids_of(at, "vendors/*/imports/*", name)?;
    Ok(import)
}
