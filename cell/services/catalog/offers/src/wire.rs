//! The generated messages of this service's contract, and of those to which it speaks.

pub use souk_proto::souk::{
    inventory::v1::BookStock,
    offers::v1::{
        CarryOutLine, CreateOfferRequest, GetOfferRequest, LineCarriedOut, ListOffersRequest,
        ListOffersResponse, Offer, OfferPublished, OffersNotQuoted, OffersQuoted,
        PauseOfferRequest, QuoteLine, QuoteOffers, QuotedLine, ResumeOfferRequest,
        UpdateOfferRequest, WithdrawOfferRequest, offer,
    },
    products::v1::ProposeProduct,
};

#[cfg(test)]
pub(crate) use souk_proto::souk::{
    products::v1::ProductDetails,
    v1::{LocalText, Money},
};
