//! The generated messages of this service's contract, and those of the neighbours it speaks to; with our words in theirs.

use crate::command::{Details, LineProblem, Title};

pub use souk_proto::souk::{
    inventory::v1::{AvailabilityChanged, BookStock, availability_changed},
    products::v1::{
        AddProductRequest, AddRecordRequest, ApproveChangeRequest, CarryOutLine, CatalogOffer,
        CatalogProduct, CreateOfferRequest, DeclineChangeRequest, GetImportRequest,
        GetOfferRequest, GetProductRequest, GetRecordRequest, Import, ImportLine, LineCarriedOut,
        ListChangesForRequest, ListChangesRequest, ListChangesResponse, ListImportLinesRequest,
        ListImportLinesResponse, ListImportsRequest, ListImportsResponse, ListOffersRequest,
        ListOffersResponse, ListProductsRequest, ListProductsResponse, ListSuggestionsRequest,
        Offer, OfferPublished, OffersNotQuoted, OffersQuoted, PauseOfferRequest, Product,
        ProductChange, ProductDetails, ProductPublished, ProposeChangeForRequest,
        ProposeChangeRequest, ProposeProduct, PublishCatalogProductRequest, PublishProductRequest,
        QuoteLine, QuoteOffers, QuotedLine, RejectCatalogProductRequest, RejectProductRequest,
        ResumeOfferRequest, SuggestChangeRequest, UpdateOfferRequest, WatchImportRequest,
        WithdrawCatalogProductRequest, WithdrawOfferRequest, WithdrawProductRequest, catalog_offer,
        import_line, line_carried_out, offer, product_change, product_published::State,
    },
    sellers::v1::SellerPublished,
    v1::{Callback, LocalText, Money, Problem},
};

/// An amount.
pub(crate) fn money(amount: base_money::Money) -> Money {
    Money { currency: amount.currency.code().to_owned(), minor: amount.minor }
}

/// A counter.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl From<&Title> for LocalText {
    fn from(title: &Title) -> Self {
        let (ar, fr, en) = (title.ar.to_string(), title.fr.to_string(), title.en.to_string());
        Self { ar, fr, en }
    }
}

impl From<&Details> for ProductDetails {
    fn from(details: &Details) -> Self {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            title: Some((&details.title).into()),
            authors: details.authors.iter().map(ToString::to_string).collect(),
            language: details.language.as_str().to_owned(),
            publisher: details.publisher.to_string(),
            year: details.year.into(),
            subject: details.subject.as_str().to_owned(),
            format: details.format.as_str().to_owned(),
            pages: number(details.pages),
            weight_grams: number(details.weight_grams),
        }
    }
}

impl From<&LineProblem> for Problem {
    fn from(problem: &LineProblem) -> Self {
        let LineProblem { code, field, text } = problem.clone();
        Self { code, subject: field, text }
    }
}
