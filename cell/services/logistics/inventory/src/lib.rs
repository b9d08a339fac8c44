//! Inventory: can it be promised, and to whom was it.
