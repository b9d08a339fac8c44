//! How products look on the wire: the catalogue for everybody, records for operators, suggestions for vendors.

mod catalog;
mod lists;
mod read;
mod show;

use cell_kernel::Api;

use crate::Products;

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
}
