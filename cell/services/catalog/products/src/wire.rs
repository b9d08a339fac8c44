//! The generated messages of this service's contract, and of what it hears of offers, sellers and stock.

pub use souk_proto::souk::{
    inventory::v1::{AvailabilityChanged, availability_changed},
    offers::v1::OfferPublished,
    products::v1::{
        AddProductRequest, AddRecordRequest, ApproveChangeRequest, CatalogOffer, CatalogProduct,
        DeclineChangeRequest, GetProductRequest, GetRecordRequest, ListChangesForRequest,
        ListChangesRequest, ListChangesResponse, ListProductsRequest, ListProductsResponse,
        ListSuggestionsRequest, Product, ProductChange, ProductDetails, ProductPublished,
        ProposeChangeForRequest, ProposeChangeRequest, ProposeProduct,
        PublishCatalogProductRequest, PublishProductRequest, RejectCatalogProductRequest,
        RejectProductRequest, SuggestChangeRequest, WithdrawCatalogProductRequest,
        WithdrawProductRequest, catalog_offer, product_change, product_published::State,
    },
    sellers::v1::SellerPublished,
};

#[cfg(test)]
pub(crate) use souk_proto::souk::v1::{LocalText, Money};
