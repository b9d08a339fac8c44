//! The generated messages of this service's contract.

pub use souk_proto::souk::{
    auth::v1::AccountOpened,
    users::v1::{
        AddressKind, Consent, CreateAddressRequest, DeleteAddressRequest, DeleteAddressResponse,
        Export, ExportUserRequest, ExportedUser, GetAddressRequest, GetProfileRequest,
        ListAddressesRequest, ListAddressesResponse, ListConsentsRequest, ListConsentsResponse,
        Profile, ReplaceAddressRequest, SavedAddress, SetConsentRequest, SetDefaultAddressRequest,
        UpdateProfileRequest,
    },
    v1::Address,
};
