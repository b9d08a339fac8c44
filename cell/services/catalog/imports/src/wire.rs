//! The generated messages of this service's contract, and of the vendor's offers, to which it speaks.

pub use souk_proto::souk::{
    imports::v1::{
        GetImportRequest, Import, ImportLine, ListImportLinesRequest, ListImportLinesResponse,
        ListImportsRequest, ListImportsResponse, WatchImportRequest, import_line,
    },
    offers::v1::{CarryOutLine, LineCarriedOut},
    products::v1::ProductDetails,
    v1::{Callback, LocalText, Problem},
};
