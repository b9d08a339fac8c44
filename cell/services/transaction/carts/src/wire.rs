//! The generated messages of this service's contract.

pub use souk_proto::souk::{
    carts::v1::{
        AcceptPricesRequest, AddLineRequest, BoughtLine, Cart, CartClaimed, CartHandedOver,
        CartLine, CartRefused, ChangeLineRequest, ClaimCart, ConvertCart, GetCartRequest,
        HandOverCart, HandedLine, LeftOut, ListRoundsRequest, ListRoundsResponse, MergeCartRequest,
        ReleaseCart, RemoveLineRequest, VendorTotal, cart, cart_line,
    },
    v1::{LocalText, Money, Problem},
};

use crate::command::Title;

pub(crate) fn money(amount: base_money::Money) -> Money {
    Money { currency: amount.currency.code().to_owned(), minor: amount.minor }
}

pub(crate) fn title(title: &Title) -> LocalText {
    let Title { ar, fr, en } = title.clone();
    LocalText { ar, fr, en }
}
