//! The generated messages of this service's contract.

pub use souk_proto::souk::carts::v1::{
    AcceptPricesRequest, AddLineRequest, BoughtLine, Cart, CartClaimed, CartHandedOver, CartLine,
    CartRefused, ChangeLineRequest, ClaimCart, ConvertCart, GetCartRequest, HandOverCart,
    HandedLine, LeftOut, ListRoundsRequest, ListRoundsResponse, MergeCartRequest, ReleaseCart,
    RemoveLineRequest, VendorTotal, cart, cart_line,
};
