//! The services that others speak to, by name.

/// Baskets.
pub const CARTS: &str = "carts";
/// Purchases.
pub const CHECKOUT: &str = "checkout";
/// Stock.
pub const INVENTORY: &str = "inventory";
/// Orders.
pub const ORDERS: &str = "orders";
/// Money.
pub const PAYMENTS: &str = "payments";
/// Offers.
pub const PRODUCTS: &str = "products";
