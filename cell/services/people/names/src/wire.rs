//! The generated messages of this service's contract.

pub use souk_proto::souk::names::v1::{
    ClaimDue, ClaimName, ConfirmName, Kind, NameClaimed, NameConfirmed, NameExpired, NameTaken,
    ReleaseName,
};
