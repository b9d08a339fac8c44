//! Answers reads: from the seller's own rows, and from the replica that every cell has.

use base_fault::{Code, Fault};
use base_ids::{Tenant, TenantKind};
use cell_kernel::{Decider as _, No, PageAsk, Reading, Request, Versioned};

use super::{read, show};
use crate::{
    Sellers,
    replica::{self, SellersEverywhere},
    state::{Seller, Status},
    view::{self, CommissionRates, SELLER, Team},
    wire,
};

async fn find(reading: &Reading, vendor: &Tenant) -> Result<Versioned<Seller>, Fault> {
    let found = reading.get::<Sellers, view::Sellers>(vendor, SELLER).await?;
    found.ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("nobody has applied to sell as `{vendor}`"))
    })
}

pub(super) async fn get_seller(
    request: Request,
    _: wire::GetSellerRequest,
) -> Result<Versioned<wire::Seller>, No> {
    let found = find(&request.reading, &request.tenant).await?;
    Ok(Versioned { row: show::seller(&request.tenant, &found.row), version: found.version })
}

pub(super) async fn list_submissions(
    request: Request,
    _: wire::ListSubmissionsRequest,
) -> Result<wire::ListSubmissionsResponse, No> {
    let seller = find(&request.reading, &request.tenant).await?.row;
    let submissions = seller.papers.values();
    Ok(wire::ListSubmissionsResponse {
        submissions: submissions.map(|one| show::submission(&request.tenant, one)).collect(),
        missing: show::requirements(&seller.missing()),
    })
}

pub(super) async fn list_rates(
    request: Request,
    asked: wire::ListCommissionRatesRequest,
) -> Result<wire::ListCommissionRatesResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Sellers, CommissionRates>(&request.tenant, "", &ask).await?;
    let page = page.map(|rate| show::rate(&rate));
    let (rates, next_page_token) = (page.rows, page.next_page_token);
    Ok(wire::ListCommissionRatesResponse { rates, next_page_token })
}

pub(super) async fn simulate_commission(
    request: Request,
    asked: wire::SimulateCommissionRequest,
) -> Result<wire::SimulateCommissionResponse, No> {
    let amount = read::money("amount", asked.amount.as_ref())?;
    if amount.is_negative() {
        return Err(Fault::invalid_field("amount.minor", "expected 0 or more").into());
    }
    let rate = find(&request.reading, &request.tenant).await?.row.rate.get();
    let too_large =
        |error: base_money::MoneyError| Fault::invalid_field("amount.minor", error.to_string());
    let commission = amount.share(rate).map_err(too_large)?;
    let earning = amount.checked_sub(commission).map_err(too_large)?;
    Ok(wire::SimulateCommissionResponse {
        basis_points: show::basis_points(rate),
        commission: Some(show::money(commission)),
        earning: Some(show::money(earning)),
    })
}

pub(super) async fn list_members(
    request: Request,
    asked: wire::ListMembersRequest,
) -> Result<wire::ListMembersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Sellers, Team>(&request.tenant, "", &ask).await?;
    let page = page.map(|row| show::member(&request.tenant, &row));
    Ok(wire::ListMembersResponse { members: page.rows, next_page_token: page.next_page_token })
}

pub(super) async fn get_catalog_seller(
    request: Request,
    asked: wire::GetCatalogSellerRequest,
) -> Result<wire::CatalogSeller, No> {
    let vendor = Tenant::new(TenantKind::Vendor, &asked.seller)
        .map_err(|error| Fault::invalid_field("seller", error.to_string()))?;
    let key = replica::key_of(vendor.id());
    let found = request.reading.get_replica::<SellersEverywhere>(Sellers::SERVICE, &key).await?;
    let row = found.filter(replica::SellerRow::is_public).ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("there is no seller `{}`", asked.seller))
    })?;
    Ok(show::catalog_seller(&row))
}

pub(super) async fn list_catalog_sellers(
    request: Request,
    asked: wire::ListCatalogSellersRequest,
) -> Result<wire::ListCatalogSellersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request
        .reading
        .list_replica::<SellersEverywhere>(Sellers::SERVICE, replica::TRADING, &ask)
        .await?;
    let page = page.map(|row| show::catalog_seller(&row));
    let (sellers, next_page_token) = (page.rows, page.next_page_token);
    Ok(wire::ListCatalogSellersResponse { sellers, next_page_token })
}

pub(super) async fn list_by_status(
    request: Request,
    asked: wire::ListSellersByStatusRequest,
) -> Result<wire::ListSellersByStatusResponse, No> {
    let status = match asked.status() {
        wire::SellerStatus::Unspecified => {
            return Err(Fault::invalid_field("status", "does not say which sellers to list").into());
        }
        wire::SellerStatus::Applied => Status::Applied,
        wire::SellerStatus::Submitted => Status::Submitted,
        wire::SellerStatus::Rejected => Status::Rejected,
        wire::SellerStatus::Open => Status::Open,
        wire::SellerStatus::Suspended => Status::Suspended,
        wire::SellerStatus::Terminated => Status::Terminated,
    };
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request
        .reading
        .list_replica::<SellersEverywhere>(Sellers::SERVICE, &replica::status_prefix(status), &ask)
        .await?;
    let page = page.map(|row| show::summary(&row));
    let (sellers, next_page_token) = (page.rows, page.next_page_token);
    Ok(wire::ListSellersByStatusResponse { sellers, next_page_token })
}
