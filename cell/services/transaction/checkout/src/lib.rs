//! Checkout: the durable saga from cart to paid, split orders.
