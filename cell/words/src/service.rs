//! The services that others speak to, by name.

/// Baskets.
pub const CARTS: &str = "carts";
/// Purchases.
pub const CHECKOUT: &str = "checkout";
/// Files of offers.
pub const IMPORTS: &str = "imports";
/// Stock.
pub const INVENTORY: &str = "inventory";
/// Offers, and quotes on them.
pub const OFFERS: &str = "offers";
/// Orders.
pub const ORDERS: &str = "orders";
/// Money.
pub const PAYMENTS: &str = "payments";
/// Shared records of products.
pub const PRODUCTS: &str = "products";
