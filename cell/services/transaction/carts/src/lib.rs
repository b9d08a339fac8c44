//! Carts: a basket over many vendors that tells the truth about price and stock.
