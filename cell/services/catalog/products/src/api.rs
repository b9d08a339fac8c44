//! How products look on the wire: the catalogue for everybody, records for operators, offers and imports for vendors.

mod catalog;
pub(crate) mod lines;
mod lists;
mod read;
mod show;

use cell_kernel::Api;

use crate::{Products, view::Imports};

const SERVICE: &str = "souk.products.v1.Products";

pub(crate) fn api() -> Api<Products> {
    Api::new(SERVICE)
        .list("ListProducts", catalog::list_products)
        .list("GetProduct", catalog::get_product)
        .forward("AddProduct", catalog::add_product)
        .command("AddRecord", read::add_record, show::record_after)
        .forward("PublishCatalogProduct", catalog::publish)
        .forward("RejectCatalogProduct", catalog::reject)
        .forward("WithdrawCatalogProduct", catalog::withdraw)
        .get("GetRecord", lists::get_record)
        .command("PublishProduct", read::publish_product, show::record_after)
        .command("RejectProduct", read::reject_product, show::record_after)
        .command("WithdrawProduct", read::withdraw_product, show::record_after)
        .command("ProposeChange", read::propose_change, show::change_after)
        .command("ApproveChange", read::approve_change, show::change_after)
        .command("DeclineChange", read::decline_change, show::change_after)
        .list("ListChanges", lists::list_changes)
        .forward("SuggestChange", catalog::suggest_change)
        .command("ProposeChangeFor", read::propose_change_for, show::change_after)
        .forward("ListSuggestions", catalog::list_suggestions)
        .list("ListChangesFor", lists::list_changes_for)
        .command("CreateOffer", read::create_offer, show::offer_after)
        .get("GetOffer", lists::get_offer)
        .list("ListOffers", lists::list_offers)
        .command("UpdateOffer", read::update_offer, show::offer_after)
        .command("PauseOffer", read::pause_offer, show::offer_after)
        .command("ResumeOffer", read::resume_offer, show::offer_after)
        .command("WithdrawOffer", read::withdraw_offer, show::offer_after)
        .command("ImportOffers", read::import_offers, show::import_after)
        .list("GetImport", lists::get_import)
        .watch::<Imports, _, _>(
            "WatchImport",
            |_, asked: &crate::wire::WatchImportRequest| read::import_id("name", &asked.name),
            show::import,
            |row| row.pending() == 0,
        )
        .list("ListImports", lists::list_imports)
        .list("ListImportLines", lists::list_import_lines)
}
