//! How offers look on the wire, to the vendor whose they are.

mod lists;
mod read;
mod show;

use cell_kernel::Api;

use crate::Offers;

pub(crate) fn api() -> Api<Offers> {
    Api::new("souk.offers.v1.Offers")
        .command("CreateOffer", read::create_offer, show::offer_after)
        .get("GetOffer", lists::get_offer)
        .list("ListOffers", lists::list_offers)
        .command("UpdateOffer", read::update_offer, show::offer_after)
        .command("PauseOffer", read::pause_offer, show::offer_after)
        .command("ResumeOffer", read::resume_offer, show::offer_after)
        .command("WithdrawOffer", read::withdraw_offer, show::offer_after)
}
