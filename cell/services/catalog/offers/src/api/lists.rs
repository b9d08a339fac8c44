//! Answers reads of a vendor's offers.

use base_ids::ResourceId;
use cell_kernel::{No, PageAsk, Request, Versioned, ids_of};
use cell_words::asked::found;

use super::{read, show};
use crate::{Offers as Rules, view::Offers, wire};

pub(super) async fn get_offer(
    request: Request,
    asked: wire::GetOfferRequest,
) -> Result<Versioned<wire::Offer>, No> {
    let [_, offer]: [ResourceId; 2] = ids_of("name", read::OFFER, &asked.name)?;
    let row = request.reading.get::<Rules, Offers>(&request.tenant, offer.as_str()).await?;
    Ok(found(("offer", &asked.name), row, |row| show::offer(&request.tenant, row))?)
}

pub(super) async fn list_offers(
    request: Request,
    asked: wire::ListOffersRequest,
) -> Result<wire::ListOffersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Rules, Offers>(&request.tenant, "", &ask).await?;
    let page = page.map(|row| show::offer(&request.tenant, &row));
    Ok(wire::ListOffersResponse { offers: page.rows, next_page_token: page.next_page_token })
}
