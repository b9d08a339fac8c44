//! The catalogue that every cell has: lists and pages of products; and requests that go on to a record's home.

use base_fault::{Code, Fault};
use base_ids::Language;
use cell_kernel::{Audience, Decider as _, No, Onward, PageAsk, Request, Words, field};
use cell_words::{
    ProductId,
    asked::{details, optional},
    details::Word,
};

use super::{SERVICE, show};
use crate::{
    Products,
    state::Stage,
    view::{
        everywhere::{ProductIndex, index_prefix},
        snapshot,
    },
    wire,
};

pub(super) async fn list_products(
    request: Request,
    asked: wire::ListProductsRequest,
) -> Result<wire::ListProductsResponse, No> {
    let stage = match asked.state() {
        wire::State::Unspecified | wire::State::Published => Stage::Published,
        wire::State::Proposed => Stage::Proposed,
        wire::State::Rejected => Stage::Rejected,
        wire::State::Withdrawn => Stage::Withdrawn,
    };
    let operator = request.caller.audience == Audience::Operator;
    if stage != Stage::Published && !operator {
        let text = "only operators may list products that are not published";
        return Err(Fault::caller(Code::Forbidden, text).into());
    }
    let language: Option<Language> = optional("language", &asked.language)?;
    let subject: Option<Word> = optional("subject", &asked.subject)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let language = language.map(Language::as_str);
    let prefix = index_prefix(stage, language, subject.as_ref().map(Word::as_str));
    let reading = &request.reading;
    let page = reading.list_replica::<ProductIndex>(Products::SERVICE, &prefix, &ask).await?;
    let mut products = Vec::with_capacity(page.rows.len());
    for listed in &page.rows {
        let found = snapshot::product(reading, &listed.product).await?;
        products.extend(found.map(|row| show::product(&row, operator)));
    }
    Ok(wire::ListProductsResponse { products, next_page_token: page.next_page_token })
}

pub(super) async fn get_product(
    request: Request,
    asked: wire::GetProductRequest,
) -> Result<wire::CatalogProduct, No> {
    let product: ProductId = field("product", &asked.product)?;
    let audience = &request.caller.audience;
    let insider = matches!(audience, Audience::Operator | Audience::Vendor { .. });
    let found = snapshot::product(&request.reading, &product).await?;
    // What was once on sale stays readable, since orders speak of it.
    let shows = |stage| insider || matches!(stage, Stage::Published | Stage::Withdrawn);
    let row = found.filter(|row| shows(row.stage)).ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("there is no product {product} in the catalogue"))
    })?;
    let offers = snapshot::offers_on_product(&request.reading, &row).await?;
    Ok(wire::CatalogProduct { offers: show::offers(&offers), ..show::product(&row, insider) })
}

/// The request goes on to the product's record, wherever it lives.
fn onward<M: Words>(
    product: &str,
    method: &str,
    request: impl FnOnce(String) -> M,
) -> Result<Onward, No> {
    let product: ProductId = field("product", product)?;
    Ok(Onward::to(product.shard(), &format!("{SERVICE}/{method}"), &request(product.record())))
}

pub(super) async fn add_product(_: Request, asked: wire::AddProductRequest) -> Result<Onward, No> {
    // Read here too, so that a mistake is told before anybody is asked.
    details("details", asked.details.as_ref())?;
    let wire::AddProductRequest { product, details, publish } = asked;
    onward(&product, "AddRecord", |name| wire::AddRecordRequest { name, details, publish })
}

pub(super) async fn publish(
    _: Request,
    asked: wire::PublishCatalogProductRequest,
) -> Result<Onward, No> {
    onward(&asked.product, "PublishProduct", |name| wire::PublishProductRequest { name })
}

pub(super) async fn reject(
    _: Request,
    asked: wire::RejectCatalogProductRequest,
) -> Result<Onward, No> {
    let reason = asked.reason;
    onward(&asked.product, "RejectProduct", |name| wire::RejectProductRequest { name, reason })
}

pub(super) async fn withdraw(
    _: Request,
    asked: wire::WithdrawCatalogProductRequest,
) -> Result<Onward, No> {
    let reason = asked.reason;
    onward(&asked.product, "WithdrawProduct", |name| wire::WithdrawProductRequest { name, reason })
}

pub(super) async fn suggest_change(
    request: Request,
    asked: wire::SuggestChangeRequest,
) -> Result<Onward, No> {
    let vendor = request.tenant.to_string();
    let wire::SuggestChangeRequest { base_revision, details, update_mask, note, .. } = asked;
    onward(&asked.product, "ProposeChangeFor", |parent| wire::ProposeChangeForRequest {
        parent,
        vendor,
        base_revision,
        details,
        update_mask,
        note,
    })
}

pub(super) async fn list_suggestions(
    request: Request,
    asked: wire::ListSuggestionsRequest,
) -> Result<Onward, No> {
    let vendor = request.tenant.to_string();
    let wire::ListSuggestionsRequest { page_size, page_token, .. } = asked;
    onward(&asked.product, "ListChangesFor", |parent| wire::ListChangesForRequest {
        parent,
        vendor,
        page_size,
        page_token,
    })
}
