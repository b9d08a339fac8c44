//! Answers reads: from the seller's own rows, and from the replica that every cell has.

use base_fault::{Code, Fault};
use base_ids::{Tenant, TenantKind};
use cell_kernel::{Api, Decider as _, Page, PageAsk, Request, Versioned};
use cell_words::{asked::money_within, money};
use strum::IntoEnumIterator as _;

use super::{read, show};
use crate::{
    Sellers,
    replica::{self, SellerRow, SellersEverywhere},
    state::{Seller, Status},
    view::{self, CommissionRates, SELLER, Team},
    wire::sellers as wire,
};

/// What the team and operators read of a seller.
pub(super) fn of_a_seller(api: Api<Sellers>) -> Api<Sellers> {
    api.get("GetSeller", |request, _: wire::GetSellerRequest| async move {
        let Versioned { row, version } = find(&request).await?;
        Ok(Versioned { row: show::seller(&request.tenant, &row), version })
    })
    .list("ListSubmissions", |request, _: wire::ListSubmissionsRequest| async move {
        let seller = find(&request).await?.row;
        let submissions = seller.papers.iter().map(|one| show::submission(&request.tenant, one));
        let (submissions, missing) = (submissions.collect(), show::requirements(&seller.missing()));
        Ok(wire::ListSubmissionsResponse { submissions, missing })
    })
    .list("ListCommissionRates", |request, asked: wire::ListCommissionRatesRequest| async move {
        let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
        let page = request.reading.list::<Sellers, CommissionRates>(&request.tenant, "", &ask);
        let Page { rows: rates, next_page_token } = page.await?.map(|rate| show::rate(&rate));
        Ok(wire::ListCommissionRatesResponse { rates, next_page_token })
    })
    .list("SimulateCommission", |request, asked: wire::SimulateCommissionRequest| async move {
        let amount = money_within("amount", asked.amount.as_ref(), 0..=i64::MAX)?;
        let rate = find(&request).await?.row.rate.rate;
        let commission = read::right("amount.minor", amount.share(rate.get()))?;
        let earning = read::right("amount.minor", amount.checked_sub(commission))?;
        let (commission, earning) = (Some(money(commission)), Some(money(earning)));
        Ok(wire::SimulateCommissionResponse { basis_points: rate.into(), commission, earning })
    })
    .list("ListMembers", |request, asked: wire::ListMembersRequest| async move {
        let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
        let page = request.reading.list::<Sellers, Team>(&request.tenant, "", &ask).await?;
        let shown = page.map(|(user, member)| show::member(&request.tenant, &user, &member));
        let Page { rows: members, next_page_token } = shown;
        Ok(wire::ListMembersResponse { members, next_page_token })
    })
}

/// What everybody, or operators, read of all sellers.
pub(super) fn of_all_sellers(api: Api<Sellers>) -> Api<Sellers> {
    api.list("GetCatalogSeller", |request, asked: wire::GetCatalogSellerRequest| async move {
        let vendor = read::right("seller", Tenant::new(TenantKind::Vendor, &asked.seller))?;
        let key = replica::key_of(vendor.id());
        let row = request.reading.get_replica::<SellersEverywhere>(Sellers::SERVICE, &key).await?;
        let public = row.filter(SellerRow::is_public);
        let unknown = || format!("there is no seller `{}`", asked.seller);
        let row = public.ok_or_else(|| Fault::caller(Code::NotFound, unknown()))?;
        Ok(show::catalog_seller(&row))
    })
    .list("ListCatalogSellers", |request, asked: wire::ListCatalogSellersRequest| async move {
        let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
        let page = everywhere(&request, replica::TRADING, &ask).await?;
        let Page { rows: sellers, next_page_token } = page.map(|row| show::catalog_seller(&row));
        Ok(wire::ListCatalogSellersResponse { sellers, next_page_token })
    })
    .list(
        "ListSellersByStatus",
        |request, asked: wire::ListSellersByStatusRequest| async move {
            let status = Status::iter().find(|status| show::status(*status) == asked.status());
            let unsaid = || Fault::invalid_field("status", "does not say which sellers to list");
            let under = replica::status_prefix(status.ok_or_else(unsaid)?);
            let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
            let page = everywhere(&request, &under, &ask).await?;
            let Page { rows: sellers, next_page_token } = page.map(|row| show::summary(&row));
            Ok(wire::ListSellersByStatusResponse { sellers, next_page_token })
        },
    )
}

async fn find(request: &Request) -> Result<Versioned<Seller>, Fault> {
    let found = request.reading.get::<Sellers, view::Sellers>(&request.tenant, SELLER).await?;
    let unknown = || format!("nobody has applied to sell as `{}`", request.tenant);
    found.ok_or_else(|| Fault::caller(Code::NotFound, unknown()))
}

async fn everywhere(
    request: &Request,
    under: &str,
    ask: &PageAsk,
) -> Result<Page<SellerRow>, Fault> {
    request.reading.list_replica::<SellersEverywhere>(Sellers::SERVICE, under, ask).await
}
